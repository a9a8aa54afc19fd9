"""MSR Action3D: text, 20 joints with confidence, metres, about 15 fps."""

from pathlib import Path

import numpy as np

from train.data.readers import ClipSource, register
from train.data.readers.files import in_frames, make_clip, matching, read_numbers
from train.skeletons.clip import Clip
from train.skeletons.kinect_v1 import fill_from_20

_ACTIONS = (
    "high arm wave",
    "horizontal arm wave",
    "hammer",
    "hand catch",
    "forward punch",
    "high throw",
    "draw x",
    "draw tick",
    "draw circle",
    "hand clap",
    "two hand wave",
    "side boxing",
    "bend",
    "forward kick",
    "side kick",
    "jogging",
    "tennis swing",
    "tennis serve",
    "golf swing",
    "pick up and throw",
)
# Where the SDK's joints stand in theirs: ShoulderL, ShoulderR, ShoulderCenter, Spine, HipL, HipR,
# HipCenter, ElbowL, ElbowR, WristL, WristR, HandL, HandR, KneeL, KneeR, AnkleL, AnkleR, feet, Head.
_TO_SDK = (6, 3, 2, 19, 0, 7, 9, 11, 1, 8, 10, 12, 4, 13, 15, 17, 5, 14, 16, 18)
_FPS = 15.0


class MsrAction3d:
    """Li et al. 2010: 20 actions, 10 subjects, up to 3 repetitions."""

    name = "msr-action3d"

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        return [
            ClipSource(path, path.stem, _ACTIONS[int(match[1]) - 1], subject=match[2])
            for path, match in matching(root, r"a(\d+)_s(\d+)_e\d+_skeleton3D\.txt", self.name)
            if 1 <= int(match[1]) <= len(_ACTIONS)
        ]

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        joints = in_frames(read_numbers(source.path, 3), len(_TO_SDK), source.path)
        joints = joints.astype(np.float32)[:, _TO_SDK]
        joints[(joints == 0).all(axis=-1)] = np.nan
        return make_clip(source, self.name, fill_from_20(joints), np.arange(len(joints)) / _FPS)


register(MsrAction3d())

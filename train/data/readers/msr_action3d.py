"""MSR Action3D: text, 20 joints with confidence, metres, about 15 fps."""

from pathlib import Path

import numpy as np

from train.data.readers import ClipSource, register
from train.data.readers.files import (
    in_frames,
    in_metres,
    make_clip,
    matching,
    numbered,
    read_numbers,
)
from train.skeletons.clip import Clip
from train.skeletons.kinect_v1 import fill_from_20

_NAMES = (
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
_ACTIONS = dict(enumerate(_NAMES, start=1))
# Where the SDK's joints stand in theirs: ShoulderL, ShoulderR, ShoulderCenter, Spine, HipL, HipR,
# HipCenter, ElbowL, ElbowR, WristL, WristR, HandL, HandR, KneeL, KneeR, AnkleL, AnkleR, feet, Head.
_TO_SDK = (6, 3, 2, 19, 0, 7, 9, 11, 1, 8, 10, 12, 4, 13, 15, 17, 5, 14, 16, 18)
_FILE = r"a(\d{1,3})_s(\d{1,3})_e\d+_skeleton3D\.txt"
_FPS = 15.0


class MsrAction3d:
    """Li et al. 2010: 20 actions, 10 subjects, up to 3 repetitions."""

    name = "msr-action3d"

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        return [
            numbered(path, self.name, _ACTIONS, int(match[1]), match[2])
            for path, match in matching(root, _FILE, self.name, "a01_s01_e01_skeleton3D.txt")
        ]

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        source.refuse_if_bad()
        rows = in_frames(read_numbers(source.path, 4), len(_TO_SDK), source.path)
        # The confidence is no mark of absence: it is 0 for nine of ten spines and feet, whose
        # bones are as long as those of confident ones. What is absent is all zero.
        joints = in_metres(rows[:, _TO_SDK, :3], source.path)
        return make_clip(source, self.name, fill_from_20(joints), np.arange(len(joints)) / _FPS)


register(MsrAction3d())

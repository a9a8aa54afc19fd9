"""KARD: text, 15 joints in millimetres, x mirrored."""

from pathlib import Path

import numpy as np

from train.data.readers import ClipSource, register
from train.data.readers.files import in_frames, make_clip, matching, read_numbers
from train.skeletons.clip import Clip
from train.skeletons.kinect_v1 import fill_from_15

_ACTIONS = (
    "horizontal arm wave",
    "high arm wave",
    "two hand wave",
    "catch cap",
    "high throw",
    "draw x",
    "draw tick",
    "toss paper",
    "forward kick",
    "side kick",
    "take umbrella",
    "bend",
    "hand clap",
    "walk",
    "phone call",
    "drink",
    "sit down",
    "stand up",
)
# NTU-25 places of Head, Neck, right arm, left arm, Torso, right leg, left leg.
_NTU = (3, 20, 8, 9, 11, 4, 5, 7, 1, 16, 17, 18, 12, 13, 14)
_FPS = 30.0


class Kard:
    """Gaglio et al. 2015: 18 actions, 10 subjects, 3 repetitions."""

    name = "kard"

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        return [
            ClipSource(path, path.stem, _ACTIONS[int(match[1]) - 1], subject=match[2])
            for path, match in matching(root, r"a(\d+)_s(\d+)_e\d+_realworld\.txt", self.name)
            if 1 <= int(match[1]) <= len(_ACTIONS)
        ]

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        values = in_frames(read_numbers(source.path, 3), len(_NTU), source.path)
        joints = (values * (-1e-3, 1e-3, 1e-3)).astype(np.float32)
        full = fill_from_15({ntu: joints[:, i] for i, ntu in enumerate(_NTU)})
        return make_clip(source, self.name, full, np.arange(len(joints)) / _FPS)


register(Kard())

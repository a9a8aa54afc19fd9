"""KARD: text, 15 joints in millimetres, x mirrored."""

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
from train.skeletons.kinect_v1 import fill_from_15

_NAMES = (
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
_ACTIONS = dict(enumerate(_NAMES, start=1))
# NTU-25 places of Head, Neck, right arm, left arm, Torso, right leg, left leg.
_NTU = (3, 20, 8, 9, 11, 4, 5, 7, 1, 16, 17, 18, 12, 13, 14)
_FILE = r"a(\d{1,3})_s(\d{1,3})_e\d+_realworld\.txt"
_FPS = 30.0


class Kard:
    """Gaglio et al. 2015: 18 actions, 10 subjects, 3 repetitions."""

    name = "kard"

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        return [
            numbered(path, self.name, _ACTIONS, int(match[1]), match[2])
            for path, match in matching(root, _FILE, self.name, "a01_s01_e01_realworld.txt")
        ]

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        source.refuse_if_bad()
        values = in_frames(read_numbers(source.path, 3), len(_NTU), source.path)
        joints = in_metres(values * (-1e-3, 1e-3, 1e-3), source.path)
        full = fill_from_15({ntu: joints[:, i] for i, ntu in enumerate(_NTU)})
        return make_clip(source, self.name, full, np.arange(len(joints)) / _FPS)


register(Kard())

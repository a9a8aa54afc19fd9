"""NTU RGB+D (60 actions) and NTU RGB+D 120: Kinect v2, one ``.skeleton`` file a clip."""

import logging
from functools import cache
from pathlib import Path

import numpy as np

from bank.errors import InputError
from train.data.readers import ClipSource, register
from train.data.readers.files import make_clip, matching
from train.data.readers.published import actions, lines
from train.data.readers.skeleton_file import read_skeleton
from train.skeletons.clip import Clip

_FILE = r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})\.skeleton"
_EXAMPLE = "S001C001P001R001A001.skeleton"
_FPS = 30.0


@cache
def missing_samples() -> frozenset[str]:
    """Samples of NTU RGB+D 120 (thus also of 60) that its authors list as lacking skeletons."""
    names = []
    for line in lines("ntu_missing.txt"):
        prefix, *runs = line.split()
        for run in runs:
            first, _, last = run.partition("-")
            numbers = range(int(first), int(last or first) + 1)
            names += [f"{prefix}A{number:03}" for number in numbers]
    return frozenset(names)


class Ntu:
    """Shahroudy et al. 2016, Liu et al. 2020.

    ``subject`` is the performer and ``view`` the camera, with three digits as in the file name;
    the clip's name tells the setup. Samples of the published list of missing skeletons are left
    out, and a line of the log says how many.
    """

    def __init__(self, name: str, classes: int, setups: int) -> None:
        self.name = name
        self.classes, self.setups = classes, setups

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        names = actions("ntu_actions.txt")
        found, missing, others = [], 0, 0
        for path, match in matching(root, _FILE, self.name, _EXAMPLE):
            setup, camera, performer, _, action = match.groups()
            if not (1 <= int(action) <= self.classes and 1 <= int(setup) <= self.setups):
                others += 1
            elif path.stem in missing_samples():
                missing += 1
            else:
                label = names[int(action)]
                found.append(ClipSource(path, path.stem, label, performer, camera))
        for count, why in (
            (missing, "which its authors list as lacking skeletons"),
            (others, f"beyond A{self.classes:03} or S{self.setups:03}, which are not of this set"),
        ):
            if count:
                logging.getLogger(__name__).warning(
                    "%s: left out %d files %s", self.name, count, why
                )
        if not found:
            raise InputError(f"{root}: not {self.name}: no file in it is a sample of it")
        return found

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        source.refuse_if_bad()
        joints = read_skeleton(source.path)
        return make_clip(source, self.name, joints, np.arange(len(joints)) / _FPS)


register(Ntu("ntu60", classes=60, setups=17))
register(Ntu("ntu120", classes=120, setups=32))

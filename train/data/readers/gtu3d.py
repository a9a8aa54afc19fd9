"""GTU3D: text, 25 joints in NTU order, metres, one folder a class."""

from pathlib import Path

import numpy as np

from bank.errors import InputError
from train.data.readers import ClipSource, register
from train.data.readers.files import in_frames, in_metres, make_clip, matching, read_numbers
from train.skeletons.clip import Clip
from train.skeletons.joints import JOINTS

_FILE = r"(movement\d+)\.txt"
_EXAMPLE = "movement1.txt, in folders 1 to 14"
_MOVEMENTS = frozenset(str(number) for number in range(1, 15))
_FPS = 30.0


class Gtu3d:
    """Gebze Technical University: 14 exercises, named by number; subjects are not recorded."""

    name = "gtu3d"

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        found = []
        for path, match in matching(root, _FILE, self.name, _EXAMPLE):
            movement = path.parent.name
            known = movement in _MOVEMENTS
            problem = "" if known else f"{path}: {movement!r} is no movement (folders 1 to 14)"
            label = movement if known else ""
            found.append(ClipSource(path, f"{movement}-{match[1]}", label, problem=problem))
        if all(source.problem for source in found):
            raise InputError(f"{root}: not {self.name}: no file in it is like {_EXAMPLE}")
        return found

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        source.refuse_if_bad()
        rows = in_frames(read_numbers(source.path, 3), JOINTS, source.path)
        joints = in_metres(rows, source.path)
        return make_clip(source, self.name, joints, np.arange(len(joints)) / _FPS)


register(Gtu3d())

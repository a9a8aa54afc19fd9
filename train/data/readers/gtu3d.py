"""GTU3D: text, 25 joints in NTU order, metres, one folder a class."""

from pathlib import Path

import numpy as np

from bank.errors import InputError
from train.data.readers import ClipSource, register
from train.data.readers.files import in_frames, make_clip, matching, read_numbers
from train.skeletons.clip import Clip
from train.skeletons.joints import JOINTS

_FPS = 30.0


class Gtu3d:
    """Gebze Technical University: 14 exercises, named by number; subjects are not recorded."""

    name = "gtu3d"

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        found = [
            ClipSource(path, f"{path.parent.name}-{match[1]}", path.parent.name)
            for path, match in matching(root, r"(movement\d+)\.txt", self.name)
            if path.parent.name.isdecimal() and 1 <= int(path.parent.name) <= 14
        ]
        if not found:
            raise InputError(f"{root}: no folders 1 to 14 with movement files; not {self.name}")
        return found

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        joints = in_frames(read_numbers(source.path, 3), JOINTS, source.path)
        joints = joints.astype(np.float32)
        return make_clip(source, self.name, joints, np.arange(len(joints)) / _FPS)


register(Gtu3d())

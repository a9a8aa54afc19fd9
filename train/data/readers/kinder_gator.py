"""Kinder-Gator: csv with time stamps, Kinect v1 joints in SDK order, metres."""

from pathlib import Path

import numpy as np

from bank.errors import InputError
from train.data.readers import ClipSource, register
from train.data.readers.files import make_clip, matching, read_text
from train.skeletons.clip import Clip
from train.skeletons.kinect_v1 import fill_from_20

_COLUMNS = 61  # time, then 20 joints


class KinderGator:
    """Aloba et al. 2018: 58 actions by 10 adults and 10 children."""

    name = "kinder-gator"

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        return [
            ClipSource(path, path.stem, match[2].strip("-"), subject=match[1])
            for path, match in matching(root, r"POSE-p(\d+)_\d+-(.+)-\d+\.csv", self.name)
        ]

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        lines = read_text(source.path).splitlines()
        rows = []
        for number, line in enumerate(lines[1:], start=2):
            if not line.strip():
                continue
            cells = line.split(",")
            if len(cells) < _COLUMNS:
                raise InputError(f"{source.path}:{number}: {len(cells)} values, not {_COLUMNS}")
            try:
                rows.append([float(cell) for cell in cells[:_COLUMNS]])
            except ValueError:
                raise InputError(f"{source.path}:{number}: not a number") from None
        if not rows:
            raise InputError(f"{source.path}: no frames")
        values = np.array(rows)
        seconds = values[:, 0] / 1e3
        # A sensor that stalls repeats its stamp; the later frame of the same moment is left out.
        later = np.concatenate([[True], seconds[1:] > np.maximum.accumulate(seconds)[:-1]])
        joints = values[later, 1:].reshape(-1, 20, 3).astype(np.float32)
        times = seconds[later] - seconds[0]
        return make_clip(source, self.name, fill_from_20(joints), times)


register(KinderGator())

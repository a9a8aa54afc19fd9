"""Kinder-Gator: csv with time stamps, Kinect v1 joints in SDK order, metres."""

from pathlib import Path

import numpy as np

from bank.errors import InputError
from train.data.readers import ClipSource, register
from train.data.readers.files import floats, in_metres, make_clip, matching, read_text
from train.skeletons.clip import Clip
from train.skeletons.kinect_v1 import fill_from_20

_FILE = r"POSE-p(\d+)_\d+-(.+)-\d+\.csv"
_EXAMPLE = "POSE-p342_05-Bow-1455372223852.csv"
_COLUMNS = 61  # time in milliseconds, then 20 joints; what follows names the user and the action
# Of the recordings at hand none repeats more than one stamp in 19.
_MAX_REPEATED = 0.2


class KinderGator:
    """Aloba et al. 2018: 58 actions by 10 adults and 10 children."""

    name = "kinder-gator"

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        return [
            ClipSource(path, path.stem, match[2].strip("-"), subject=match[1])
            for path, match in matching(root, _FILE, self.name, _EXAMPLE)
        ]

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        source.refuse_if_bad()
        path = source.path
        text = read_text(path)
        header, *lines = text.splitlines() or [""]
        columns = header.count(",") + 1
        if columns < _COLUMNS:
            raise InputError(f"{path}: {columns} columns, not {_COLUMNS} or more")
        rows = []
        for number, line in enumerate(lines, start=2):
            if not line.strip():
                continue
            cells = line.split(",")
            # Rows end with a comma, the header does not.
            if not columns <= len(cells) <= columns + 1:
                raise InputError(f"{path}:{number}: {len(cells)} values under {columns} titles")
            rows.append(floats(cells[:_COLUMNS], path, number))
        if not rows:
            raise InputError(f"{path}: no frames")
        if not text.endswith(("\n", "\r")):
            raise InputError(f"{path}: cut short (its last line does not end)")
        values = np.array(rows)
        joints = in_metres(values[:, 1:].reshape(-1, 20, 3), path)
        seconds = values[:, 0] / 1e3
        if not np.isfinite(seconds).all():
            raise InputError(f"{path}: a time stamp is NaN or infinite")
        # A sensor that stalls repeats its stamp; the later frame of the same moment is left out.
        fresh = np.concatenate([[True], seconds[1:] > np.maximum.accumulate(seconds)[:-1]])
        if (~fresh).mean() > _MAX_REPEATED:
            raise InputError(f"{path}: its time stamps do not increase")
        times = seconds[fresh] - seconds[0]
        return make_clip(source, self.name, fill_from_20(joints[fresh]), times)


register(KinderGator())

"""The ``.skeleton`` format of NTU RGB+D: what Kinect v2 saw, frame by frame and body by body.

Lines: number of frames; then for each frame the number of bodies; for each body a line of ten
values (tracking id and states), the number of joints (25) and a line of twelve values for each
joint, of which the first three are its position in camera space, in metres, y up.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from train.data.readers.files import floats, in_metres, read_text
from train.skeletons.joints import JOINTS

# Kinect v2 sees six people at most; the longest clip of NTU RGB+D 120 has 300 frames, and nothing
# like an hour is anybody's clip.
_MAX_BODIES = 6
_MAX_FRAMES = 20_000
_BODY_VALUES = 10
_JOINT_VALUES = 12


def read_skeleton(path: Path) -> NDArray[np.float32]:
    """All bodies of a ``.skeleton`` file.

    Returns:
        (T, M, 25, 3) metres. Column m is the m-th body of its frame in file order, as the published
        preprocessing takes it (tracking ids are not followed here); NaN where there is none.

    Raises:
        InputError: the file is damaged; one line says where.
    """
    lines = _Lines(path)
    frames = lines.count("frames", _MAX_FRAMES)
    if frames == 0:
        raise InputError(f"{path}: no frames")
    seen: list[tuple[int, int]] = []
    values: list[list[list[float]]] = []
    for frame in range(frames):
        for body in range(lines.count(f"bodies in frame {frame + 1}", _MAX_BODIES)):
            lines.cells(_BODY_VALUES)
            joints = lines.count("joints", JOINTS)
            if joints != JOINTS:
                raise InputError(f"{path}:{lines.read}: {joints} joints, not {JOINTS}")
            values.append(
                [floats(lines.cells(_JOINT_VALUES)[:3], path, lines.read) for _ in range(JOINTS)]
            )
            seen.append((frame, body))
    lines.expect_end()
    if not seen:
        raise InputError(f"{path}: no frame holds a body")
    skeletons = np.full((frames, max(body for _, body in seen) + 1, JOINTS, 3), np.nan, np.float32)
    where = np.array(seen)
    skeletons[where[:, 0], where[:, 1]] = in_metres(np.array(values), path)
    return skeletons


class _Lines:
    """The lines of a file, one after the other; ``read`` is how many have been."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Mixed line ends leave empty lines behind, which say nothing.
        self._lines = [line for line in read_text(path).splitlines() if line.strip()]
        self.read = 0

    def cells(self, number: int) -> list[str]:
        """The next line's values, which must be so many."""
        if self.read >= len(self._lines):
            raise InputError(f"{self.path}: cut short after {self.read} lines")
        cells = self._lines[self.read].split()
        self.read += 1
        if len(cells) != number:
            raise InputError(
                f"{self.path}:{self.read}: {len(cells)} values, not {number}; cut short?"
            )
        return cells

    def count(self, of: str, most: int) -> int:
        """The next line's only value, a number from 0 to ``most``."""
        (cell,) = self.cells(1)
        if not (cell.isascii() and cell.isdecimal() and len(cell) < 10 and int(cell) <= most):
            raise InputError(
                f"{self.path}:{self.read}: number of {of} is {cell[:20]!r}, not 0 to {most}"
            )
        return int(cell)

    def expect_end(self) -> None:
        if self.read < len(self._lines):
            left = len(self._lines) - self.read
            raise InputError(
                f"{self.path}:{self.read}: {left} lines more than the file says it has"
            )

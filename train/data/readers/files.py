"""What readers share: finding files, reading numbers, building clips."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from train.data.readers import ClipSource
from train.skeletons.clip import Clip

# No clip of any set is near this; a larger file is not a clip, whatever its name says.
_MAX_BYTES = 256 * 2**20


def matching(root: Path, pattern: str, dataset: str) -> Iterator[tuple[Path, re.Match[str]]]:
    """Files below ``root`` whose whole name matches, sorted by path.

    Raises:
        InputError: the folder is missing, or none matches.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; give the unpacked {dataset} set")
    compiled = re.compile(pattern)
    found = False
    for path in sorted(root.rglob("*")):
        match = compiled.fullmatch(path.name)
        if match and path.is_file():
            found = True
            yield path, match
    if not found:
        raise InputError(f"{root}: no files of {dataset} here (their names match {pattern})")


def read_text(path: Path) -> str:
    """A text file, whatever its line ends.

    Raises:
        InputError: missing, too large, or not text.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(f"{path}: larger than any clip ({path.stat().st_size} bytes)")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if b"\0" in data:
        raise InputError(f"{path}: not a text file")
    return data.decode("utf-8", errors="replace").lstrip("\ufeff")


def read_numbers(path: Path, columns: int, separator: str | None = None) -> NDArray[np.float64]:
    """A table of numbers, (rows, columns); further columns are left out.

    Raises:
        InputError: a row is short or not made of numbers, or there is no row.
    """
    rows = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        cells = line.split(separator) if separator else line.split()
        if not cells:
            continue
        if len(cells) < columns:
            raise InputError(f"{path}:{number}: {len(cells)} values, not {columns}")
        try:
            rows.append([float(cell) for cell in cells[:columns]])
        except ValueError:
            raise InputError(f"{path}:{number}: not a number") from None
    if not rows:
        raise InputError(f"{path}: empty")
    return np.array(rows)


def in_frames(numbers: NDArray[np.float64], joints: int, path: Path) -> NDArray[np.float64]:
    """(T * joints, C) rows to (T, joints, C).

    Raises:
        InputError: the last frame is cut short.
    """
    if len(numbers) % joints:
        raise InputError(
            f"{path}: {len(numbers)} rows are not whole frames of {joints} joints; cut short?"
        )
    return numbers.reshape(-1, joints, numbers.shape[1])


def make_clip(
    source: ClipSource,
    dataset: str,
    joints: NDArray[np.float32],
    times: NDArray[np.float64],
) -> Clip:
    """A one-person clip from (T, 25, 3) joints; all-zero and non-finite joints become NaN."""
    joints = joints.astype(np.float32)
    absent = (joints == 0).all(axis=-1) | ~np.isfinite(joints).all(axis=-1)
    joints[absent] = np.nan
    return Clip(
        joints=joints[:, None],
        times=times,
        name=source.name,
        label=source.label,
        dataset=dataset,
        subject=source.subject,
        view=source.view,
    )

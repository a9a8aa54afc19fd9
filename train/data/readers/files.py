"""What readers share: finding files, reading numbers, building clips."""

import logging
import os
import re
from collections.abc import Iterator, Mapping
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from train.data.readers import ClipSource
from train.skeletons.clip import Clip

# No clip of any set is near these; what is beyond them is no clip, whatever its name says, and is
# refused before it costs memory.
MAX_BYTES = 32 * 2**20
MAX_FRAMES = 100_000
_MAX_METRES = 100.0


def matching(
    root: Path, pattern: str, dataset: str, example: str
) -> Iterator[tuple[Path, re.Match[str]]]:
    """Files below ``root`` whose whole name matches, sorted by path.

    Files with the example's ending whose names do not match are counted in a logged warning.

    Raises:
        InputError: the folder is missing, cannot be listed, or no file in it matches.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; give the unpacked {dataset} set")
    compiled = re.compile(pattern, re.ASCII)
    ending = Path(example).suffix.lower()
    found, misfits = [], []
    try:
        for folder, _, names in os.walk(root, onerror=_raise):
            matches = [(name, compiled.fullmatch(name)) for name in names]
            found += [(folder, name, match) for name, match in matches if match]
            misfits += [n for n, match in matches if not match and n.lower().endswith(ending)]
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be listed ({error.strerror})") from None
    if not found:
        raise InputError(f"{root}: not {dataset}: no file in it has a name like {example}")
    if misfits:
        logging.getLogger(__name__).warning(
            "%s: left out %d files with other names than %s, the first %s",
            *(dataset, len(misfits), example, min(misfits)),
        )
    for folder, name, match in sorted(found, key=itemgetter(0, 1)):
        yield Path(folder, name), match


def _raise(error: OSError) -> None:
    raise error


def numbered(
    path: Path, dataset: str, actions: Mapping[int, str], number: int, subject: str, view: str = ""
) -> ClipSource:
    """A one-file clip whose name gives the action by number; a bad one if there is none such."""
    label = actions.get(number, "")
    problem = "" if label else f"{path}: {dataset} has no action {number}"
    return ClipSource(path, path.stem, label, subject, view, problem=problem)


def check_plain(path: Path) -> None:
    """Refuse pipes and devices, which may never end.

    Raises:
        InputError: it is one.
    """
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: not a plain file")


def read_text(path: Path, limit: int = MAX_BYTES) -> str:
    """A text file, whatever its line ends.

    Raises:
        InputError: missing, larger than ``limit`` bytes, or not UTF-8 text.
    """
    check_plain(path)
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if len(data) > limit:
        raise InputError(f"{path}: larger than any clip (over {limit // 2**20} MiB)")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; it is damaged or a binary file") from None
    if "\0" in text:
        raise InputError(f"{path}: not a text file (it holds zero bytes)")
    return text


def read_numbers(path: Path, columns: int) -> NDArray[np.float64]:
    """A table of numbers, (rows, columns), with blanks between them and none missing.

    Raises:
        InputError: a row is of another length or not made of finite numbers, the last line does
            not end, or there is no row.
    """
    text = read_text(path)
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        cells = line.split()
        if not cells:
            continue
        if len(cells) != columns:
            raise InputError(f"{path}:{number}: {len(cells)} values, not {columns}")
        rows.append(floats(cells, path, number))
    if not rows:
        raise InputError(f"{path}: empty")
    if not text.endswith(("\n", "\r")):
        raise InputError(f"{path}: cut short (its last line does not end)")
    return np.array(rows)


def floats(cells: list[str], path: Path, line: int) -> list[float]:
    """Cells of a line as numbers.

    Raises:
        InputError: one of them is not a number; the message names file and line.
    """
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        raise InputError(f"{path}:{line}: not a number") from None


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


def in_metres(values: NDArray[np.float64], path: Path) -> NDArray[np.float32]:
    """Positions as they stand in a file, (..., 3) metres; all-zero joints become NaN.

    Raises:
        InputError: there are NaNs, infinities, or values that cannot be metres in a room.
    """
    if not np.isfinite(values).all():
        raise InputError(f"{path}: holds NaN or infinite values")
    if values.size and np.abs(values).max() > _MAX_METRES:
        raise InputError(f"{path}: a joint is more than {_MAX_METRES:.0f} m away; damaged?")
    joints = values.astype(np.float32)
    joints[(joints == 0).all(axis=-1)] = np.nan
    return joints


def make_clip(
    source: ClipSource,
    dataset: str,
    joints: NDArray[np.float32],
    times: NDArray[np.float64],
) -> Clip:
    """A clip from (T, 25, 3) joints of one person or (T, M, 25, 3) of several."""
    if len(joints) > MAX_FRAMES:
        raise InputError(f"{source.path}: {len(joints)} frames are no clip")
    return Clip(
        joints=joints[:, None] if joints.ndim == 3 else joints,
        times=times,
        name=source.name,
        label=source.label,
        dataset=dataset,
        subject=source.subject,
        view=source.view,
    )

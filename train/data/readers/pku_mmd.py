"""PKU-MMD part I: long Kinect v2 recordings, cut into clips by their label files.

A skeleton file ``0002-L.txt`` has a line a frame: two bodies x 25 joints x (x, y, z), metres, NTU
order, zeros where there is no second person. The label file of the same name, in another folder,
has a line an action: ``action,start,end,confidence``, frames of the recording.
"""

import re
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from train.data.readers import ClipSource, register
from train.data.readers.files import MAX_FRAMES, floats, in_metres, make_clip, matching, read_text
from train.data.readers.published import actions
from train.skeletons.clip import Clip
from train.skeletons.joints import JOINTS

_FILE = r"(\d{4})-([LMR])\.txt"
_EXAMPLE = "0002-L.txt, skeletons and labels in folders of their own"
_VALUES = 2 * JOINTS * 3
_FPS = 30.0
# An annotator's last action may end a moment after the skeletons do.
_OVERHANG = 15
_LABEL = re.compile(r"\s*(\d{1,9})\s*,\s*(\d{1,9})\s*,\s*(\d{1,9})\s*(,\s*[\d.]+\s*)?", re.ASCII)


class PkuMmd:
    """Liu et al. 2017. Clips are named ``<recording>-<view>-<nth label>``, e.g. ``0002-L-01``.

    The set names recordings, not people, and its cross-subject protocol is a list of recordings:
    so ``subject`` is the recording, and ``view`` is L, M or R. Frames count from 0 and the end
    frame is left out. The confidence column says nothing on the skeleton and is not used.
    """

    name = "pku-mmd"

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        folders: dict[Path, list[tuple[Path, re.Match[str]]]] = {}
        for path, match in matching(root, _FILE, self.name, _EXAMPLE):
            folders.setdefault(path.parent, []).append((path, match))
        labels: dict[str, tuple[Path, re.Match[str]]] = {}
        skeletons: dict[str, Path] = {}
        for folder, members in folders.items():
            if _holds_labels(folder, [path for path, _ in members]):
                labels.update((path.stem, (path, match)) for path, match in members)
            else:
                skeletons.update((path.stem, path) for path, _ in members)
        if not labels or not skeletons:
            kind = "label" if skeletons else "skeleton"
            raise InputError(f"{root}: not {self.name}: no {kind} files (like {_EXAMPLE})")
        found: list[ClipSource] = []
        for stem in sorted(labels.keys() | skeletons.keys()):
            if stem not in labels or stem not in skeletons:
                path = skeletons[stem] if stem in skeletons else labels[stem][0]
                lacks = "skeletons" if stem in labels else "labels"
                problem = f"{path}: recording {stem} has no {lacks}"
                found.append(ClipSource(path, stem, "", problem=problem))
            else:
                path, match = labels[stem]
                found += _cuts(path, skeletons[stem], match[1], match[2])
        return found

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        source.refuse_if_bad()
        start, end = source.start or 0, source.end
        rows = _rows(source.path, *_version(source.path))
        if end is None:
            end = len(rows)
        if start >= len(rows) or end > len(rows) + _OVERHANG:
            raise InputError(
                f"{source.path}: {source.name} is frames {start} to {end}, but there are only "
                f"{len(rows)}; cut short?"
            )
        if end - start > MAX_FRAMES:
            raise InputError(f"{source.path}: {end - start} frames are no clip")
        values = _numbers(rows[start:end], source.path, start)
        joints = in_metres(values.reshape(-1, 2, JOINTS, 3), source.path)
        away = (np.nan_to_num(joints) == 0).all(axis=(0, 2, 3))
        joints = joints[:, np.argsort(away, kind="stable")]  # somebody who is there comes first
        return make_clip(source, self.name, joints, np.arange(len(joints)) / _FPS)


def _holds_labels(folder: Path, paths: list[Path]) -> bool:
    """Whether a folder's files are label files: by its name, else by what is in a file."""
    if "label" in folder.name.lower():
        return True
    if "skeleton" in folder.name.lower():
        return False
    for path in paths:
        if not path.is_file():  # a pipe would never end
            continue
        try:
            with path.open("rb") as file:
                line = file.readline(4096).strip()
        except OSError:
            continue
        if line:
            return len(re.split(rb"[\s,]+", line)) <= 4
    return False


def _cuts(labels: Path, skeletons: Path, recording: str, view: str) -> list[ClipSource]:
    """The clips that a label file cuts out of a recording."""
    stem = skeletons.stem
    try:
        lines = [line for line in read_text(labels).splitlines() if line.strip()]
        if not lines:
            raise InputError(f"{labels}: no labels in it")
    except InputError as error:
        return [ClipSource(skeletons, stem, "", recording, view, problem=str(error))]
    found = []
    for number, line in enumerate(lines, start=1):
        name = f"{stem}-{number:02}"
        label, start, end, problem = _label(line)
        if problem:
            problem = f"{labels}: label {number} ({name}): {problem}"
        found.append(
            ClipSource(skeletons, name, label, recording, view, start, end, problem=problem)
        )
    return found


def _label(line: str) -> tuple[str, int | None, int | None, str]:
    """Action name, start, end of a label line; and what is wrong with it, if anything is."""
    match = _LABEL.fullmatch(line)
    if not match:
        return "", None, None, f"{line.strip()[:40]!r} is not 'action,start,end,confidence'"
    action, start, end = (int(match[group]) for group in (1, 2, 3))
    label = actions("pku_actions.txt").get(action, "")
    if not label:
        return "", None, None, f"there is no action {action}"
    if end <= start:
        return "", None, None, f"it ends at frame {end} but starts at {start}"
    return label, start, end, ""


def _version(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=1)
def _rows(path: Path, _size: int, _mtime_ns: int) -> list[str]:
    """Lines of the recording read last: its twenty or so clips are read one after the other."""
    return [line for line in read_text(path).splitlines() if line.strip()]


def _numbers(rows: list[str], path: Path, start: int) -> NDArray[np.float64]:
    values = []
    for number, row in enumerate(rows, start=start + 1):
        cells = row.split()
        if len(cells) != _VALUES:
            raise InputError(f"{path}:{number}: {len(cells)} values, not {_VALUES}; cut short?")
        values.append(floats(cells, path, number))
    return np.array(values)


register(PkuMmd())

"""Finding the one clip that a user names: ``STORE:CLIP``, a raw file, or ``FOLDER:CLIP``."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import numpy as np

from bank.errors import InputError
from train.data.readers import ClipSource, Reader
from train.data.store import Store
from train.skeletons.clip import Clip

_FEW: Final = 20_000  # names among which near ones are looked for
_HINTS: Final = 3


def split_place(place: str) -> tuple[Path, str]:
    """The path in ``PATH`` or ``PATH:CLIP``, and the clip (empty if none is named).

    A colon may be part of either; the shortest path that exists counts.

    Raises:
        InputError: there is no such path.
    """
    for end in (i for i, letter in enumerate(f"{place}:") if letter == ":"):
        if end and Path(place[:end]).exists():
            return Path(place[:end]), place[end + 1 :]
    path = place.rpartition(":")[0] or place
    raise InputError(f"{path}: no such file or folder")


def from_store(path: Path, clip: str) -> Clip:
    """A clip of a store, by its index, its name or ``DATASET/NAME``.

    Raises:
        InputError: there is no such store or clip, or several clips have the name.
    """
    store = Store.open(path)
    if not clip:
        raise InputError(
            f"{path}: name one of its {len(store)} clips by index or name, e.g. {path}:0"
        )
    return store.clip(_index_in(store, clip))


def _index_in(store: Store, clip: str) -> int:
    names = store.table.clip
    if clip.isdecimal():
        if int(clip) < len(store):
            return int(clip)
        raise InputError(f"{store.path}: no clip {clip}; it holds {len(store)}, counted from 0")
    found = np.flatnonzero(names == clip)
    dataset, _, rest = clip.partition("/")
    if not len(found) and rest:
        found = np.flatnonzero((names == rest) & (store.table.dataset == dataset))
    if not len(found):
        raise InputError(f"{store.path}: no clip {clip!r}{_hint(clip, names.tolist())}")
    if len(found) > 1:
        sets = store.table.dataset[found].tolist()
        raise InputError(
            f"{store.path}: {len(found)} clips are named {clip!r}; say which: "
            + ", ".join(f"{name}/{clip}" for name in sets)
        )
    return int(found[0])


def from_raw(path: Path, clip: str, reader: Reader) -> Clip:
    """A clip of an unpacked dataset.

    Args:
        path: a file of it, or its folder.
        clip: index or name among the clips of ``path``; may be empty if there is only one.
        reader: the dataset's.

    Raises:
        InputError: there is no such clip, several fit, or its file is damaged.
    """
    if path.is_dir():
        sources: Sequence[ClipSource] = reader.find(path)
    else:
        sources = _in_file(path, reader)
    return reader.read(_pick(path, clip, sources))


def _in_file(path: Path, reader: Reader) -> list[ClipSource]:
    """What a reader finds in one file: by its folder, or, as labels may lie in a sister folder,
    by the folder above.
    """
    whole = path.resolve()
    first: InputError | None = None
    for folder in whole.parents[:2]:
        if folder == folder.parent:  # never search a whole disk
            break
        try:
            found = [source for source in reader.find(folder) if source.path == whole]
        except InputError as error:
            first = first or error
            continue
        if found:
            return found
    why = f" ({first})" if first else ""
    raise InputError(f"{path}: not a file of {reader.name}{why}")


def _pick(path: Path, clip: str, sources: Sequence[ClipSource]) -> ClipSource:
    if not clip:
        if len(sources) == 1:
            return sources[0]
        raise InputError(
            f"{path}: holds {len(sources)} clips; name one, e.g. {path}:0 or "
            f"{path}:{sources[0].name}"
        )
    if clip.isdecimal():
        if int(clip) < len(sources):
            return sources[int(clip)]
        raise InputError(f"{path}: no clip {clip}; it holds {len(sources)}, counted from 0")
    named = [source for source in sources if source.name == clip]
    if not named:
        raise InputError(f"{path}: no clip {clip!r}{_hint(clip, [s.name for s in sources])}")
    return named[0]


def _hint(clip: str, names: Sequence[str]) -> str:
    """A few names that may have been meant."""
    near = [name for name in names if clip.lower() in name.lower()]
    if not near and len(names) <= _FEW:
        near = get_close_matches(clip, names, _HINTS, 0.5)
    return f"; did you mean {', '.join(near[:_HINTS])}?" if near else "; give its index or name"

"""Dataset readers, found by name: one module in this folder for each set."""

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bank.errors import InputError
from train.skeletons.clip import Clip


@dataclass(frozen=True)
class ClipSource:
    """Where a clip is, known without reading it.

    Attributes:
        path: the file.
        name: what identifies the clip within its dataset.
        label: the action in the dataset's own words, as far as the file name tells.
        subject, view: likewise; empty where the set does not say.
        start, end: frames of a long recording that the clip takes; None for all of it.
    """

    path: Path
    name: str
    label: str
    subject: str = ""
    view: str = ""
    start: int | None = None
    end: int | None = None


class Reader(Protocol):
    """Knows one dataset's folders and files."""

    name: str

    def find(self, root: Path) -> list[ClipSource]:
        """All clips below a folder, in a stable order.

        Raises:
            InputError: the folder is missing or holds none of this set's files.
        """

    def read(self, source: ClipSource) -> Clip:
        """Read one clip.

        Raises:
            InputError: the file is damaged; one line says how.
        """


_readers: dict[str, Reader] = {}


def register(reader: Reader) -> Reader:
    """Make a reader known by its name."""
    _readers[reader.name] = reader
    return reader


def reader_names() -> list[str]:
    """Names of all readers in this folder."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return sorted(_readers)


def reader(name: str) -> Reader:
    """A reader by name.

    Raises:
        InputError: there is none of that name.
    """
    names = reader_names()
    if name not in names:
        raise InputError(f"no reader is called {name!r}; there are: {', '.join(names)}")
    return _readers[name]

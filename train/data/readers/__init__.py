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
        start, end: frames of a long recording that the clip takes, the last one excluded; None for
            all of it.
        problem: why there is no such clip, where finding it has already shown that; empty as a
            rule. Reading it says so, and so it is counted and reported like every bad clip.
        settings: a file of the user's that says how to read it; None as a rule.
    """

    path: Path
    name: str
    label: str
    subject: str = ""
    view: str = ""
    start: int | None = None
    end: int | None = None
    problem: str = ""
    settings: Path | None = None

    def refuse_if_bad(self) -> None:
        """Every reader calls this first.

        Raises:
            InputError: there is a :attr:`problem`.
        """
        if self.problem:
            raise InputError(self.problem)


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

"""Facts that come with a dataset, as data files beside this module."""

import json
from functools import cache
from importlib.resources import files

from bank.errors import InputError

_FOLDER = files("train.data.readers")


def lines(name: str) -> list[str]:
    """The lines of a data file in this folder, without comments."""
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@cache
def actions(name: str) -> dict[int, str]:
    """A file of action names, one a line, by their numbers from 1."""
    return dict(enumerate(lines(name), start=1))


@cache
def training_subjects(dataset: str) -> frozenset[str]:
    """Who trains in a dataset's published cross-subject protocol; all others test.

    Returns:
        Subjects as this dataset's reader writes them into ``Clip.subject``.

    Raises:
        InputError: the dataset has no published protocol here.
    """
    protocols = json.loads((_FOLDER / "cross_subject.json").read_text(encoding="utf-8"))
    known = sorted(set(protocols) - {"about"})
    if dataset not in known:
        raise InputError(f"{dataset}: no published cross-subject protocol; for {', '.join(known)}")
    return frozenset(protocols[dataset])

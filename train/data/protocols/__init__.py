"""Protocols: which classes are unseen, which clips train and which test.

A protocol is data, a JSON file beside this module, of one of four kinds:

* published: a dataset and the unseen classes of each fold, as published code numbers them, from 0;
* across: a fold of one dataset to train on, a fold of another to test on;
* drawn: labels of a vocabulary and test subjects (``open.json`` and, without subjects,
  ``open-dev.json``, made by ``draw.py``);
* held out: a whole set of a vocabulary (``holdout.json``, by ``draw.py`` too).

``docs/protocols.md`` tells what each of them is for.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from bank.errors import InputError
from train.data.protocols.fold import Fold, Split
from train.data.readers.published import actions, training_subjects
from train.data.vocabularies import datasets_of, label_map

__all__ = ["Fold", "Split", "fold_names", "load_fold", "protocol_names"]

_FOLDER = Path(str(files(__name__)))
_ACTIONS = {
    "ntu60": ("ntu_actions.txt", 60),
    "ntu120": ("ntu_actions.txt", 120),
    "pku-mmd": ("pku_actions.txt", 51),
}


def protocol_names() -> list[str]:
    """All protocols, e.g. ``setting1-ntu60``."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def fold_names(protocol: str) -> list[str]:
    """The folds of a protocol, e.g. ``setting1-ntu60/1``.

    Raises:
        InputError: no such protocol.
    """
    return [f"{protocol}/{fold}" for fold in _document(protocol)["folds"]]


def load_fold(name: str) -> Fold:
    """Read a fold by ``protocol/fold``, e.g. ``open/1`` or ``setting2-ntu60/48-12``.

    Raises:
        InputError: no such protocol or fold.
    """
    protocol, _, number = name.partition("/")
    document = _document(protocol)
    folds = document["folds"]
    if number not in folds:
        raise InputError(f"protocol {protocol} has no fold {number!r}; it has {', '.join(folds)}")
    fold = folds[number]
    if "dataset" in document:
        return _published(name, document["dataset"], fold)
    if "train" in fold:
        return _across(name, load_fold(fold["train"]), load_fold(fold["test"]))
    if "held_out_subjects" in document:
        return _held_out(name, number, load_fold(document["held_out_subjects"]), fold)
    sets = tuple(datasets_of(document.get("vocabulary", protocol)))
    testers = {dataset: tuple(people) for dataset, people in fold.get("test_subjects", {}).items()}
    return Fold(
        name=name,
        train_sets=sets,
        test_sets=sets,
        unseen=tuple(fold["unseen"]),
        dropped=tuple(fold["dropped"]),
        test_subjects=testers,
    )


def _document(protocol: str) -> Any:
    if protocol not in protocol_names():
        known = ", ".join(protocol_names())
        raise InputError(f"no protocol is called {protocol!r}; there are: {known}")
    return json.loads((_FOLDER / f"{protocol}.json").read_text(encoding="utf-8"))


def _labels(dataset: str) -> list[str]:
    """A published set's actions, in the order of their numbers."""
    file, count = _ACTIONS[dataset]
    return [actions(file)[number] for number in range(1, count + 1)]


def _published(name: str, dataset: str, fold: dict[str, Any]) -> Fold:
    labels = _labels(dataset)
    unseen = tuple(labels[number] for number in fold["unseen"])
    exemplars = fold.get("exemplars")
    if exemplars == "first":
        exemplars = {}
    elif exemplars is not None:
        exemplars = dict(zip(unseen, exemplars, strict=True))
    by_subject = fold.get("cross_subject", True)
    people = {dataset: training_subjects(dataset)} if by_subject else {}
    return Fold(
        name=name,
        train_sets=(dataset,),
        test_sets=(dataset,),
        unseen=unseen,
        train_subjects=people,
        exemplars=exemplars,
    )


def _across(name: str, source: Fold, target: Fold) -> Fold:
    """Train as ``source`` does, test on the clips that ``target`` tests on."""
    trained = {label for dataset in source.train_sets for label in _labels(dataset)}
    trained -= set(source.unseen)
    unseen = tuple(label for label in target.unseen if label not in trained)
    return Fold(
        name=name,
        train_sets=source.train_sets,
        test_sets=target.test_sets,
        unseen=unseen,
        dropped=tuple(label for label in source.unseen if label not in unseen),
        tested_seen=tuple(label for label in target.unseen if label in trained),
        train_subjects={**source.train_subjects, **target.train_subjects},
    )


def _held_out(name: str, dataset: str, drawn: Fold, fold: dict[str, Any]) -> Fold:
    """Train on all other sets of a vocabulary; everything of ``dataset`` tests."""
    vocabulary = drawn.name.partition("/")[0]
    tested = set(label_map(vocabulary, dataset).values())
    return Fold(
        name=name,
        train_sets=tuple(other for other in drawn.train_sets if other != dataset),
        test_sets=(dataset,),
        unseen=tuple(fold["unseen"]),
        dropped=tuple(fold["dropped"]),
        tested_seen=tuple(sorted(tested - set(fold["unseen"]))),
        test_subjects={d: s for d, s in drawn.test_subjects.items() if d != dataset},
    )

"""Zero-shot protocols: which classes are unseen, which subjects are for testing.

A fold is data (the JSON files beside this module, which reads them) and clips are divided by it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError

_FOLDER = Path(str(files(__name__)))


@dataclass(frozen=True)
class Split:
    """Clips of a fold, as indices; a class is an index into its list of labels.

    Attributes:
        seen, unseen: labels, in alphabetical order.
        train: clips of seen classes by training subjects.
        held_out: clips of seen classes by test subjects: these may choose an epoch.
        test: clips of unseen classes by test subjects: these may choose nothing.
    """

    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    train: NDArray[np.int64]
    held_out: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """One way to divide a vocabulary.

    Attributes:
        name: e.g. ``open/1``.
        unseen: labels kept for testing.
        dropped: near-synonyms of unseen labels, used for nothing.
        test_subjects: for every dataset the subjects that only test; a dataset that records none
            has none here, and its clips are divided by class alone.
    """

    name: str
    unseen: tuple[str, ...]
    dropped: tuple[str, ...]
    test_subjects: Mapping[str, tuple[str, ...]]

    def split(
        self, labels: Sequence[str], datasets: Sequence[str], subjects: Sequence[str]
    ) -> Split:
        """Divide clips given by label, dataset and subject.

        Raises:
            InputError: no clip is left to train on, or none to test on.
        """
        unseen, dropped = set(self.unseen), set(self.dropped)
        train, held_out, test = [], [], []
        for index, (label, dataset, subject) in enumerate(
            zip(labels, datasets, subjects, strict=True)
        ):
            if not label or label in dropped:
                continue
            testers = self.test_subjects.get(dataset)
            if label in unseen:
                if testers is None or subject in testers:
                    test.append(index)
            elif testers is not None and subject in testers:
                held_out.append(index)
            else:
                train.append(index)
        if not train or not test:
            raise InputError(
                f"fold {self.name}: {len(train)} clips to train on and {len(test)} to test on; "
                "build the store from all sets of the protocol"
            )
        return Split(
            seen=tuple(sorted({labels[i] for i in train})),
            unseen=tuple(sorted({labels[i] for i in test})),
            train=np.array(train, dtype=np.int64),
            held_out=np.array(held_out, dtype=np.int64),
            test=np.array(test, dtype=np.int64),
        )


def load_fold(name: str) -> Fold:
    """Read a fold by ``protocol/number``, e.g. ``open/1``.

    Raises:
        InputError: no such protocol or fold.
    """
    protocol, _, number = name.partition("/")
    path = _FOLDER / f"{protocol}.json"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in _FOLDER.glob("*.json")))
        raise InputError(f"no protocol is called {protocol!r}; there are: {known}")
    folds = json.loads(path.read_text(encoding="utf-8"))["folds"]
    if number not in folds:
        raise InputError(f"protocol {protocol} has no fold {number!r}; it has {', '.join(folds)}")
    fold = folds[number]
    return Fold(
        name=name,
        unseen=tuple(fold["unseen"]),
        dropped=tuple(fold["dropped"]),
        test_subjects={d: tuple(s) for d, s in fold["test_subjects"].items()},
    )

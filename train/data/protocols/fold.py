"""What a fold is, and how clips are divided by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError


def _none() -> NDArray[np.int64]:
    return np.empty(0, np.int64)


@dataclass(frozen=True)
class Split:
    """Clips of a fold, as indices; a class is an index into its list of labels.

    Attributes:
        seen, unseen: labels, in alphabetical order: of ``train`` and of ``test``.
        train: clips of seen classes by training subjects.
        held_out: clips of seen classes by test subjects: these may choose an epoch.
        test: test clips of labels that no training clip has: these may choose nothing.
        test_seen: test clips of labels that training clips have too, where a protocol tests those
            (another dataset's clips); reported apart from ``test``.
        tested_seen: labels of ``test_seen``. All test clips, of either sort, are answered with one
            of ``unseen`` and ``tested_seen``.
        exemplars: in one-shot folds a labelled clip of every unseen class, in the order of
            ``unseen``; none of them is in ``test``.
    """

    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    train: NDArray[np.int64]
    held_out: NDArray[np.int64]
    test: NDArray[np.int64]
    test_seen: NDArray[np.int64] = field(default_factory=_none)
    tested_seen: tuple[str, ...] = ()
    exemplars: NDArray[np.int64] = field(default_factory=_none)


@dataclass(frozen=True)
class Fold:
    """One way to divide clips.

    Attributes:
        name: e.g. ``open/1``.
        train_sets, test_sets: datasets whose clips train and test; all others are left out.
        unseen: labels kept for testing.
        dropped: labels that neither train nor test: near-synonyms of unseen ones, for example.
        tested_seen: labels that train in ``train_sets`` and are tested in ``test_sets``.
        test_subjects: for a dataset the subjects that only test, or
        train_subjects: the subjects that only train; a dataset that is in neither is divided by
            class alone.
        exemplars: None unless one-shot. The name of the labelled clip of an unseen class; a class
            that is not in it has its first clip by name, of a subject that does not test if the
            dataset is divided by subjects.
    """

    name: str
    train_sets: tuple[str, ...]
    test_sets: tuple[str, ...]
    unseen: tuple[str, ...]
    dropped: tuple[str, ...] = ()
    tested_seen: tuple[str, ...] = ()
    test_subjects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    train_subjects: Mapping[str, frozenset[str]] = field(default_factory=dict)
    exemplars: Mapping[str, str] | None = None

    def split(
        self,
        labels: Sequence[str],
        datasets: Sequence[str],
        subjects: Sequence[str],
        clips: Sequence[str] | None = None,
    ) -> Split:
        """Divide clips given by label, dataset, subject and, for one-shot folds, name.

        Raises:
            InputError: no clip is left to train on, or none to test on; or the exemplar of an
                unseen class is missing.
        """
        untrained = {*self.unseen, *self.dropped}
        tested = {*self.unseen, *self.tested_seen}
        exemplars = self._find_exemplars(labels, datasets, subjects, clips)
        train: list[int] = []
        held_out: list[int] = []
        testing: list[int] = []
        for index, (label, dataset, subject) in enumerate(
            zip(labels, datasets, subjects, strict=True)
        ):
            if not label or index in exemplars:
                continue
            is_tester = self._is_tester(dataset, subject)
            if dataset in self.test_sets and label in tested and is_tester is not False:
                testing.append(index)
            elif dataset in self.train_sets and label not in untrained:
                (held_out if is_tester else train).append(index)
        if not train or not testing:
            sets = ", ".join(sorted({*self.train_sets, *self.test_sets}))
            raise InputError(
                f"fold {self.name}: {len(train)} clips to train on and {len(testing)} to test on; "
                f"build the store from all its sets: {sets}"
            )
        seen = {labels[i] for i in train}
        test = [i for i in testing if labels[i] not in seen]
        test_seen = [i for i in testing if labels[i] in seen]
        return Split(
            seen=tuple(sorted(seen)),
            unseen=tuple(sorted({labels[i] for i in test})),
            train=np.array(train, np.int64),
            held_out=np.array(held_out, np.int64),
            test=np.array(test, np.int64),
            test_seen=np.array(test_seen, np.int64),
            tested_seen=tuple(sorted({labels[i] for i in test_seen})),
            exemplars=np.array(sorted(exemplars, key=lambda i: labels[i]), np.int64),
        )

    def _is_tester(self, dataset: str, subject: str) -> bool | None:
        """Whether a subject only tests; None where subjects divide nothing."""
        if dataset in self.test_subjects:
            return subject in self.test_subjects[dataset]
        if dataset in self.train_subjects:
            return subject not in self.train_subjects[dataset]
        return None

    def _find_exemplars(
        self,
        labels: Sequence[str],
        datasets: Sequence[str],
        subjects: Sequence[str],
        clips: Sequence[str] | None,
    ) -> set[int]:
        if self.exemplars is None:
            return set()
        if clips is None:
            raise InputError(f"fold {self.name} is one-shot: the names of the clips are needed")
        chosen: dict[str, int] = {}
        for index, name in enumerate(clips):
            label = labels[index]
            if label not in self.unseen or datasets[index] not in self.test_sets:
                continue
            named = self.exemplars.get(label)
            if named is None:
                fits = not self._is_tester(datasets[index], subjects[index])
                if fits and (label not in chosen or name < clips[chosen[label]]):
                    chosen[label] = index
            elif name == named:
                chosen[label] = index
        if missing := [label for label in self.unseen if label not in chosen]:
            names = ", ".join(
                f"{label!r} ({self.exemplars.get(label, 'any')})" for label in missing
            )
            raise InputError(
                f"fold {self.name}: no exemplar clip of {names}; build the store from all of "
                f"{', '.join(self.test_sets)}"
            )
        return set(chosen.values())

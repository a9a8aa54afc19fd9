"""How the folds of the open vocabulary were made; the folds are data.

``open.json`` holds those of OpenKinect-ZSL, ``open-dev.json`` those to develop on, ``holdout.json``
those that hold out a whole set.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

SEED: Final = 2025
FOLDS: Final = 3
DEVELOPMENT_FOLDS: Final = 3
UNSEEN: Final = 14
LEAST_CLIPS: Final = 20
TEST_SHARE: Final = 0.35


def draw_folds(
    labels: Sequence[str],
    datasets: Sequence[str],
    subjects: Sequence[str],
    synonyms: Iterable[tuple[str, str]],
) -> dict[str, Any]:
    """Draw the folds from what clips there are.

    In every fold 35% of each set's subjects only test (a set that records no subjects has none).
    Unseen are 14 classes of at least 20 test clips each, no two of them near-synonyms, those first
    that no fold before has had; near-synonyms of an unseen class are dropped from the seen.

    Args:
        labels: of every clip, in any order.
        datasets: likewise.
        subjects: likewise; empty where not recorded.
        synonyms: pairs of near-synonyms.

    Returns:
        What the protocol file holds.
    """
    near = _neighbours(synonyms)
    people = defaultdict(set)
    for dataset, subject in zip(datasets, subjects, strict=True):
        if subject:
            people[dataset].add(subject)
    used: set[str] = set()
    folds: dict[str, Any] = {}
    for number in range(1, FOLDS + 1):
        rng = np.random.default_rng([SEED, number])
        testers = {}
        for dataset in sorted(people):
            order = rng.permutation(sorted(people[dataset])).tolist()
            testers[dataset] = sorted(order[: round(TEST_SHARE * len(order))])
        tested = Counter(
            label
            for label, dataset, subject in zip(labels, datasets, subjects, strict=True)
            if label and (dataset not in testers or subject in testers[dataset])
        )
        candidates = sorted(label for label, n in tested.items() if n >= LEAST_CLIPS)
        unseen = _choose(rng.permutation(candidates).tolist(), near, used)
        used.update(unseen)
        folds[str(number)] = {
            "unseen": unseen,
            "dropped": _dropped(unseen, near),
            "test_subjects": testers,
        }
    return {"protocol": "OpenKinect-ZSL", "seed": SEED, "folds": folds}


def draw_development(
    labels: Sequence[str], synonyms: Iterable[tuple[str, str]], reported: Iterable[str]
) -> dict[str, Any]:
    """Draw folds to choose rules and thresholds on, so that reported folds choose nothing.

    Unseen are 14 classes of at least 20 clips that no reported fold leaves unseen, different ones
    in every fold while there are any. Subjects are not divided: all clips of an unseen class test.

    Args:
        labels: of every clip, in any order.
        synonyms: pairs of near-synonyms.
        reported: unseen classes of the folds that are reported.

    Returns:
        What the protocol file holds.
    """
    near = _neighbours(synonyms)
    counts = Counter(label for label in labels if label)
    taken = set(reported)
    candidates = sorted(label for label, n in counts.items() if n >= LEAST_CLIPS)
    candidates = [label for label in candidates if label not in taken]
    used: set[str] = set()
    folds: dict[str, Any] = {}
    for number in range(1, DEVELOPMENT_FOLDS + 1):
        rng = np.random.default_rng([SEED, 100 + number])
        chosen = _choose(rng.permutation(candidates).tolist(), near, used)
        used.update(chosen)
        folds[str(number)] = {"unseen": chosen, "dropped": _dropped(chosen, near)}
    return {"vocabulary": "open", "seed": SEED, "folds": folds}


def hold_out(
    dataset: str, labels: Mapping[str, Iterable[str]], synonyms: Iterable[tuple[str, str]]
) -> dict[str, list[str]]:
    """What is unseen, and what else must not train, when a whole set is held out.

    Unseen are the set's labels that no other set has. Their near-synonyms do not train either; one
    that is a label of the held-out set is thereby unseen as well, and so its own near-synonyms.

    Args:
        dataset: the set held out.
        labels: the labels of each set.
        synonyms: pairs of near-synonyms.

    Returns:
        The fold's ``unseen`` and ``dropped``.
    """
    near = _neighbours(synonyms)
    own = set(labels[dataset])
    others = {label for name in labels if name != dataset for label in labels[name]}
    unseen = own - others
    while grown := {b for a in unseen for b in near[a]} & own - unseen:
        unseen |= grown
    dropped = {b for a in unseen for b in near[a]} & others - unseen
    return {"unseen": sorted(unseen), "dropped": sorted(dropped)}


def _choose(shuffled: list[str], near: Mapping[str, set[str]], used: set[str]) -> list[str]:
    """The unseen classes of a fold: those no fold has had first, no two of them near-synonyms."""
    chosen: list[str] = []
    for label in sorted(shuffled, key=lambda label: label in used):
        if len(chosen) < UNSEEN and not near[label].intersection(chosen):
            chosen.append(label)
    return sorted(chosen)


def _dropped(unseen: Iterable[str], near: Mapping[str, set[str]]) -> list[str]:
    return sorted({b for a in unseen for b in near[a]})


def _neighbours(synonyms: Iterable[tuple[str, str]]) -> defaultdict[str, set[str]]:
    near: defaultdict[str, set[str]] = defaultdict(set)
    for a, b in synonyms:
        near[a].add(b)
        near[b].add(a)
    return near

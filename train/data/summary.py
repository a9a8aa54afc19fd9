"""What is in a store, in numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from train.data.store import BadClip, Store, Table

# Upper ends of the bars of the histogram, seconds; the last bar has none.
_EDGES: Final = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 30.0, 60.0)


@dataclass(frozen=True)
class SetSummary:
    """One dataset of a store.

    Attributes:
        name: its reader's.
        complete: whether the last build of it came to its end.
        clips, classes: how many.
        subjects: how many; 0 where the set does not say.
        views: cameras or viewpoints; empty where there is only one.
        two_bodies: clips that show more than one person.
        fps: median frames per second.
        seconds: length of all clips together.
        bad: clips that could not be read.
    """

    name: str
    complete: bool
    clips: int
    classes: int
    subjects: int
    views: list[str]
    two_bodies: int
    fps: float
    seconds: float
    bad: int


@dataclass(frozen=True)
class ClassSummary:
    """One class.

    Attributes:
        label: its name.
        clips: how many in all.
        sets: how many in each dataset that has it.
        subjects: who perform it, counted per dataset; 0 where no set says.
        seconds: median length.
        example: index of its first clip in the store.
    """

    label: str
    clips: int
    sets: dict[str, int]
    subjects: int
    seconds: float
    example: int


@dataclass(frozen=True)
class SubjectSummary:
    """One person of one dataset; ``subject`` is empty for all whom it does not name."""

    dataset: str
    subject: str
    clips: int
    classes: int


@dataclass(frozen=True)
class LengthBar:
    """Clips of at least ``start`` and less than ``end`` seconds; the last bar has no end."""

    start: float
    end: float | None
    clips: int


@dataclass(frozen=True)
class Extreme:
    """The shortest or the longest clip."""

    index: int
    clip: str
    dataset: str
    frames: int
    seconds: float


@dataclass(frozen=True)
class Summary:
    """Everything :func:`summarise` finds.

    Attributes:
        store: its folder.
        clips: how many.
        sets, classes, subjects: one entry each, in order of name.
        lengths: histogram of lengths, from the first bar that holds a clip to the last.
        shortest, longest: None in an empty store.
        bad: clips that could not be read, with the last reason given.
    """

    store: str
    clips: int
    sets: list[SetSummary]
    classes: list[ClassSummary]
    subjects: list[SubjectSummary]
    lengths: list[LengthBar]
    shortest: Extreme | None
    longest: Extreme | None
    bad: list[BadClip]

    def to_json(self) -> dict[str, Any]:
        """As JSON-ready values, fields by their names."""
        return asdict(self)


def summarise(store: Store) -> Summary:
    """Count what is in a store; only its table is read.

    Raises:
        InputError: the list of bad clips is damaged.
    """
    table = store.table
    bad = store.bad
    order = np.argsort(table.seconds, kind="stable")
    return Summary(
        store=str(store.path),
        clips=len(store),
        sets=_sets(table, store.datasets, bad),
        classes=[_class(table, label, rows) for label, rows in _groups(table.label)],
        subjects=_subjects(table),
        lengths=_lengths(table.seconds),
        shortest=_extreme(table, int(order[0])) if len(order) else None,
        longest=_extreme(table, int(order[-1])) if len(order) else None,
        bad=bad,
    )


def _groups(column: NDArray[np.str_]) -> list[tuple[str, NDArray[np.int64]]]:
    """Every value with the rows that have it, in order of value."""
    values, first = np.unique(column, return_inverse=True)
    rows = np.argsort(first, kind="stable")
    ends = np.cumsum(np.bincount(first, minlength=len(values)))[:-1]
    return list(zip(values.tolist(), np.split(rows, ends), strict=True)) if len(values) else []


def _sets(table: Table, datasets: dict[str, bool], bad: Sequence[BadClip]) -> list[SetSummary]:
    unread = Counter(clip.dataset for clip in bad)
    found = []
    for name in sorted(datasets):
        rows = np.flatnonzero(table.dataset == name)
        found.append(
            SetSummary(
                name=name,
                complete=datasets[name],
                clips=len(rows),
                classes=len(set(table.label[rows].tolist())),
                subjects=len(set(table.subject[rows].tolist()) - {""}),
                views=sorted(set(table.view[rows].tolist()) - {""}),
                two_bodies=int((table.bodies[rows] > 1).sum()),
                fps=round(float(np.median(table.fps[rows])), 2) if len(rows) else 0.0,
                seconds=round(float(table.seconds[rows].sum(dtype=np.float64)), 2),
                bad=unread[name],
            )
        )
    return found


def _class(table: Table, label: str, rows: NDArray[np.int64]) -> ClassSummary:
    sets = Counter(table.dataset[rows].tolist())
    people = set(zip(table.dataset[rows].tolist(), table.subject[rows].tolist(), strict=True))
    return ClassSummary(
        label=label,
        clips=len(rows),
        sets=dict(sorted(sets.items())),
        subjects=sum(subject != "" for _, subject in people),
        seconds=round(float(np.median(table.seconds[rows])), 3),
        example=int(rows[0]),
    )


def _subjects(table: Table) -> list[SubjectSummary]:
    clips: Counter[tuple[str, str]] = Counter()
    labels: dict[tuple[str, str], set[str]] = {}
    columns = (table.dataset.tolist(), table.subject.tolist(), table.label.tolist())
    for dataset, subject, label in zip(*columns, strict=True):
        clips[dataset, subject] += 1
        labels.setdefault((dataset, subject), set()).add(label)
    keys = sorted(clips, key=lambda key: (key[0], len(key[1]), key[1]))  # 2 before 10
    return [SubjectSummary(*key, clips=clips[key], classes=len(labels[key])) for key in keys]


def _lengths(seconds: NDArray[np.float32]) -> list[LengthBar]:
    counts = np.bincount(np.digitize(seconds, _EDGES), minlength=len(_EDGES) + 1).tolist()
    starts, ends = (0.0, *_EDGES), (*_EDGES, None)
    bars = [LengthBar(*bar) for bar in zip(starts, ends, counts, strict=True)]
    filled = [number for number, bar in enumerate(bars) if bar.clips]
    return bars[filled[0] : filled[-1] + 1] if filled else []


def _extreme(table: Table, index: int) -> Extreme:
    return Extreme(
        index=index,
        clip=str(table.clip[index]),
        dataset=str(table.dataset[index]),
        frames=int(table.frames[index]),
        seconds=round(float(table.seconds[index]), 3),
    )

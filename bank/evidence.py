"""What a bank has learned: one support set a class, and the segments that still go on."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from bank.anchored import even
from bank.anchored_support import AnchoredSupport
from bank.bounded import BinnedSupport
from bank.directions import (
    CHUNK,
    Directions,
    Floats,
    StoredDirections,
    compare,
    on_grid,
)
from bank.errors import InputError
from bank.support import SupportSet
from bank.texts import LABEL, ClassTexts, Readings

_OPEN_SEGMENTS: Final = 256

Support = SupportSet | BinnedSupport | AnchoredSupport


@dataclass
class _OpenSegment:
    """A segment's one vote as it stands: its mean direction, and where that was put."""

    total: Directions
    k: int
    reading: Readings
    row: Floats
    vote: float


class References(NamedTuple):
    """Prototypes as they score.

    Attributes:
        directions: (K, d) grid steps; the text where a class has no evidence.
        weights: (K, 3): weights together, which are as many as samples but for exemplars in
            anchored mode; lengths of the weighted sums, in units of one direction; sums of the
            squares of the weights.
        levels: (K, 2) what moves the cosines with a text to where those of all texts lie, in
            anchored mode: a factor and a summand (:func:`bank.anchored.even`).
    """

    directions: StoredDirections
    weights: Floats
    levels: Floats

    @property
    def votes(self) -> Floats:
        """(K,) the first of the weights."""
        votes: Floats = self.weights[:, 0]
        return votes


class Evidence:
    """Support sets of all classes.

    Args:
        texts: the frozen texts.
        alpha: tolerance margin.
        bounded: keep sums by certainty (:mod:`bank.bounded`) instead of all samples.
        memory: votes a class remembers, if bounded.
        anchored: and twice over (:mod:`bank.anchored_support`).
    """

    def __init__(
        self,
        texts: ClassTexts,
        alpha: float,
        bounded: bool,
        memory: int | None = None,
        anchored: bool = False,
    ) -> None:
        self._texts, self._alpha = texts, alpha
        self._bounded, self._memory, self._anchored = bounded, memory, anchored
        self.supports: list[Support] = [self._new() for _ in range(len(texts))]
        self._open: OrderedDict[int, _OpenSegment] = OrderedDict()
        # The texts and what orders ties, which never change, and between them the prototypes:
        # what one product reads.
        count = len(texts)
        self.rows: StoredDirections = np.concatenate([texts.readers[:count], texts.readers])
        self._references = References(
            self.rows[count : 2 * count], np.zeros((count, 3)), np.zeros((count, 2))
        )
        self._affinities: Floats = np.zeros((count, count))  # cosines of prototypes with texts
        self._stale: set[int] = set()  # classes whose reference is behind their support

    def learn(self, units: Directions, readings: Readings) -> None:
        """Take (B, d) directions with what the texts say of them."""
        labels = readings[:, LABEL]
        classes = set(labels.tolist())
        for label in classes:
            k = int(label)
            if len(classes) == 1:
                self.supports[k].add(readings, units)
            else:
                mine = labels == label
                self.supports[k].add(readings[mine], units[mine])
            self._stale.add(k)

    def extend(self, units: Directions, segments: Sequence[int]) -> None:
        """Take (B, d) directions; those of one segment (B ids) are one vote, read anew."""
        for unit, segment in zip(units, segments, strict=True):
            self._extend(segment, unit)

    def continues(self, segments: Sequence[int]) -> list[bool]:
        """Whether each of some segments has a vote already, from before or from a row above."""
        met: set[int] = set()
        known = []
        for segment in segments:
            known.append(segment in self._open or segment in met)
            met.add(segment)
        return known

    def enroll(self, units: Directions, k: int) -> None:
        """Take labelled exemplars of class ``k``."""
        self.supports[k].enroll(units)
        self._stale.add(k)

    def reset(self, k: int) -> None:
        """Forget class ``k``."""
        self.supports[k] = self._new()
        self._stale.add(k)
        self._close(k)

    def forget(self, share: float) -> None:
        """Let all votes of all classes weigh ``share`` of what they did, if bounded."""
        for k, support in enumerate(self.supports):
            if not isinstance(support, SupportSet):
                support.forget(share)
                self._stale.add(k)

    def copy(self) -> "Evidence":
        """An independent twin; samples are shared and never changed. Its segments are closed."""
        twin = Evidence(self._texts, self._alpha, self._bounded, self._memory, self._anchored)
        twin.supports = [support.copy() for support in self.supports]
        twin._stale = set(range(len(self.supports)))
        return twin

    def merge(self, other: "Evidence") -> None:
        """Take all that another one holds."""
        if self._bounded:
            for mine, theirs in zip(self._binned(), other._binned(), strict=True):
                mine.merge(theirs)
            self._stale = set(range(len(self.supports)))
        else:
            self.take(other.tensors())

    def references(self) -> References:
        """The prototypes' directions, votes and lengths, brought up to date."""
        directions, weights, levels = self._references
        if not self._stale:
            return self._references
        count = len(directions)
        while self._stale:
            k = self._stale.pop()
            if not self.supports[k].refer(k, directions, weights):
                directions[k] = self._texts.directions[k]
            if self._anchored:
                compare(directions, k, self.rows[:count], self._affinities)
        if self._anchored:
            even(self._affinities, weights, levels)
        return self._references

    def means(self) -> Directions:
        """(K, d) prototypes of Eq. 10, in grid steps; the text where a class has no evidence."""
        means = []
        for k, support in enumerate(self.supports):
            weight, _, total = support.margin
            means.append(total / weight if weight else self._texts.directions[k])
        return np.stack(means)

    def tensors(self) -> dict[str, Tensor]:
        """All of it, for a file."""
        if self._bounded:
            return self._binned_tensors()
        samples = [row for support in self._exact() for row in support.samples()]
        exemplars = [support.exemplars() for support in self._exact()]
        labels = np.repeat(np.arange(len(exemplars)), [len(rows) for rows in exemplars])
        return {
            "samples": torch.from_numpy(self._stacked(samples)),
            "exemplars": torch.from_numpy(self._stacked([r for rows in exemplars for r in rows])),
            "exemplar_labels": torch.from_numpy(labels),
        }

    def take(self, tensors: Mapping[str, Tensor]) -> None:
        """Learn what :meth:`tensors` gave; an exact one reads its samples from the texts anew."""
        if self._bounded:
            self._take_binned(tensors)
            return
        for part in torch.split(tensors["samples"], CHUNK):
            if len(part):
                units = part.numpy().astype(np.float64)
                self.learn(units, self._texts.read(units))
        exemplars, labels = tensors["exemplars"].numpy(), tensors["exemplar_labels"].numpy()
        for k in set(labels.tolist()):
            self.supports[k].enroll(exemplars[labels == k].astype(np.float64))
            self._stale.add(k)

    def _new(self) -> Support:
        d = self._texts.dimension
        if self._bounded:
            kind = AnchoredSupport if self._anchored else BinnedSupport
            return kind(self._alpha, d, len(self._texts), self._memory)
        return SupportSet(self._alpha, d)

    def _exact(self) -> list[SupportSet]:
        return [support for support in self.supports if isinstance(support, SupportSet)]

    def _binned(self) -> list[BinnedSupport]:
        """All sums by certainty: of all classes, and in anchored mode of all classes again."""
        once = [support for support in self.supports if isinstance(support, BinnedSupport)]
        twice = [support for support in self.supports if isinstance(support, AnchoredSupport)]
        return [*once, *(s.prototype for s in twice), *(s.answers for s in twice)]

    def _stacked(self, rows: list[StoredDirections]) -> StoredDirections:
        return np.stack(rows) if rows else np.empty((0, self._texts.dimension), np.int32)

    def _extend(self, segment: int, unit: Directions) -> None:
        old = self._open.pop(segment, None)
        total = unit if old is None else old.total + unit
        if old is not None:
            self.supports[old.k].remove(old.reading, old.row, old.vote)
            self._stale.add(old.k)
        mean = on_grid(total[None])
        readings = self._texts.read(mean)
        k = int(readings.item(LABEL))
        vote = self.supports[k].vote
        self.learn(mean, readings)
        self._open[segment] = _OpenSegment(total, k, readings[0], mean[0], vote)
        if len(self._open) > _OPEN_SEGMENTS:
            self._open.popitem(last=False)

    def _close(self, k: int) -> None:
        for segment in [s for s, held in self._open.items() if held.k == k]:
            del self._open[segment]

    def _binned_tensors(self) -> dict[str, Tensor]:
        places = [
            (k, place)
            for k, support in enumerate(self._binned())
            for place in np.flatnonzero(support.counts).tolist()
        ]
        binned = self._binned()
        d = self._texts.dimension
        sums = [binned[k].sums[place] for k, place in places]
        return {
            "bins": torch.tensor(places, dtype=torch.int64).reshape(-1, 2),
            "sums": torch.from_numpy(np.stack(sums) if sums else np.empty((0, d))),
            "counts": torch.tensor(
                [binned[k].counts[place] for k, place in places], dtype=torch.float64
            ),
            "votes": torch.tensor([support.vote for support in binned], dtype=torch.float64),
            "shown": torch.from_numpy(np.stack([support.shown for support in binned])),
            "enrolled": torch.tensor([support.enrolled for support in binned]),
        }

    def _take_binned(self, tensors: Mapping[str, Tensor]) -> None:
        bins, sums, counts = (tensors[name].numpy() for name in ("bins", "sums", "counts"))
        fresh = Evidence(self._texts, self._alpha, True, self._memory, self._anchored)
        for k, theirs in enumerate(fresh._binned()):
            place = k % len(tensors["votes"])  # version 2 had everything only once
            rows = np.flatnonzero(bins[:, 0] == place)
            if len(rows):
                theirs.take(bins[rows, 1].tolist(), sums[rows], counts[rows])
            theirs.vote = float(tensors["votes"][place])
            theirs.shown = tensors["shown"][place].numpy().copy()
            theirs.enrolled = int(tensors["enrolled"][place])
        for mine, theirs in zip(self._binned(), fresh._binned(), strict=True):
            if mine.weight == 0.0:
                mine.vote = theirs.vote
        self.merge(fresh)


def segment_ids(segments: Tensor, count: int) -> list[int]:
    """Segment ids as a list.

    Raises:
        InputError: not one whole number for each of ``count`` features.
    """
    if segments.shape != (count,) or segments.is_floating_point():
        raise InputError(
            f"segments have shape {tuple(segments.shape)} and type {segments.dtype}, not one whole "
            f"number for each of {count} features"
        )
    ids: list[int] = segments.tolist()
    return ids

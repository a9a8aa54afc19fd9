"""A support set in memory that never grows: sums by certainty instead of samples."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from bank.anchored import EXEMPLAR_VOTES
from bank.compiled import compiled
from bank.directions import Directions, Floats
from bank.support import Weighed, kept_count
from bank.texts import ENTROPY, SHARP, Readings

BINS: Final = 96
_PER_OCTAVE: Final = 8
_SMALLEST: Final = -13  # log2 of the least certainty that has a bin of its own; 12 octaves above
_RESCALE: Final = 2.0**20
# What changes with every sample, as numbers in a row: what the next sample weighs, the count of all
# bins together, the bin that the margin cuts, the count in the more certain ones, and all counts.
_VOTE, _COUNT, _CUT, _ABOVE, _COUNTS = range(5)


@compiled
def bin_of(certainty: float) -> int:
    """The bin of a certainty in nats, log K less the entropy; the most certain come first.

    Every bin is an eighth of an octave wide, and the edges are fixed, so that the sums do not
    depend on the order of the samples and those of two banks can be added.
    """
    if certainty <= 2.0**_SMALLEST:
        return BINS - 1
    return max(BINS - 1 - int(_PER_OCTAVE * (np.log2(certainty) - _SMALLEST)), 0)


class BinnedSupport:
    """S^k as sums and counts of 96 bins of certainty, and the exemplars as one sum.

    Z^k is all bins above the margin and, of the bin that the margin cuts, the same share of its sum
    as of its count. That share is all in which it differs from :class:`bank.support.SupportSet`.

    With a memory, old votes fade once there are more: every new one then weighs
    (memory + 1) / memory times the last, so that all votes together weigh as many as fit.

    Args:
        alpha: tolerance margin.
        dimension: of the features.
        classes: K; log K is the entropy of knowing nothing.
        memory: votes that are remembered; None for all.
        outweigh: let every exemplar weigh as much as all that is kept, at least ten votes.
        sharpness: above one, entropies are those of a softmax so much sharper than Eq. 7's, and
            where alpha |S^k| is no whole number, one more is kept rather than none.
    """

    def __init__(
        self,
        alpha: float,
        dimension: int,
        classes: int,
        memory: int | None = None,
        outweigh: bool = False,
        sharpness: float = 1.0,
    ) -> None:
        self._alpha, self._dimension = alpha, dimension
        self._most = math.log(classes)
        self._memory = math.inf if memory is None else float(memory)
        self._outweigh, self._sharpness = outweigh, sharpness
        self._column = ENTROPY if sharpness == 1.0 else SHARP
        self.sums: Directions = np.zeros((0, dimension))  # (BINS, d) from the first sample on
        self.shown: Floats = np.zeros(dimension)
        self.enrolled = 0
        self._numbers: Floats = np.zeros(_COUNTS + BINS)
        self.vote = 1.0
        self._above: Floats = np.zeros(dimension)  # sum of the bins above the one that is cut
        self._margin: Weighed | None = None

    @property
    def counts(self) -> Floats:
        """(BINS,) votes in every bin."""
        return self._numbers[_COUNTS:]

    @property
    def vote(self) -> float:
        """What the next sample weighs."""
        return self._numbers.item(_VOTE)

    @vote.setter
    def vote(self, weight: float) -> None:
        self._numbers[_VOTE] = weight

    @property
    def weight(self) -> float:
        """|S^k| in votes, faded ones for less."""
        return self._numbers.item(_COUNT) / self._numbers.item(_VOTE)

    @property
    def assigned(self) -> int:
        """|S^k|, the samples that came without labels and have not faded."""
        return round(self.weight)

    @property
    def kept(self) -> float:
        """|Z^k|, exemplars included."""
        return self._wanted(self.weight) + self.enrolled

    @property
    def margin(self) -> Weighed:
        """Z^k and the exemplars."""
        if self._margin is None:
            votes = self._wanted(self.weight)
            kept = np.empty(self._dimension)
            if len(self.sums):
                _most_certain(votes, self.sums, self._above, self._numbers, kept)
            else:
                kept[:] = 0.0
            self._margin = self._with_exemplars(votes, kept)
        return self._margin

    @property
    def live(self) -> Weighed:
        """What answers rest on: the same."""
        return self.margin

    def add(self, readings: Readings, rows: Directions) -> None:
        """Take samples (B, d) that were pseudo-labelled as this class."""
        self._hold()
        _add(
            readings,
            rows,
            self._column,
            self._most,
            self._sharpness,
            self._memory,
            self.sums,
            self._above,
            self._numbers,
        )
        self._margin = None

    def remove(self, reading: Readings, row: Directions, vote: float = 1.0) -> None:
        """Take back a sample (d,) that was added when a vote weighed ``vote``."""
        place = _place(reading.item(self._column), self._most, self._sharpness)
        if self.counts[place] > 0:
            _put(place, row, -vote, self.sums, self._above, self._numbers)
            if self.counts[place] < 1e-9 * self.vote:
                self.counts[place], self.sums[place] = 0.0, 0.0
                _count_again(self._above, self._numbers)
            self._margin = None

    def enroll(self, rows: Directions) -> None:
        """Take labelled exemplars: they belong to Z^k whatever their entropy and never fade."""
        self.shown = self.shown + rows.sum(axis=0)
        self.enrolled += len(rows)
        self._margin = None

    def merge(self, other: "BinnedSupport") -> None:
        """Add another class's sums: as if its samples had come here."""
        if len(other.sums):
            self._hold()
            scale = self.vote / other.vote
            self.sums += other.sums * scale
            self.counts[:] += other.counts * scale
            _count_again(self._above, self._numbers)
            _fade(self._memory, self.sums, self._above, self._numbers)
        self.shown = self.shown + other.shown
        self.enrolled += other.enrolled
        self._margin = None

    def forget(self, share: float) -> None:
        """Let all votes weigh ``share`` of what they did."""
        self.vote /= share
        _rescale(self.sums, self._above, self._numbers)
        self._margin = None

    def copy(self) -> "BinnedSupport":
        """An independent set of the same sums."""
        twin = BinnedSupport.__new__(BinnedSupport)
        twin.__dict__.update(self.__dict__)
        twin.sums, twin._above = self.sums.copy(), self._above.copy()
        twin._numbers = self._numbers.copy()
        return twin

    def take(self, places: Sequence[int], sums: Directions, counts: Floats) -> None:
        """Hold these sums and counts of some bins, and nothing else."""
        self.sums = np.zeros((BINS, self._dimension))
        self.sums[places] = sums
        self.counts[:] = 0.0
        self.counts[places] = counts
        _count_again(self._above, self._numbers)
        self._margin = None

    def _hold(self) -> None:
        if not len(self.sums):
            self.sums = np.zeros((BINS, self._dimension))

    def _with_exemplars(self, votes: float, kept: Floats) -> Weighed:
        if not self.enrolled:
            return Weighed(votes, votes, kept)
        each = max(EXEMPLAR_VOTES, votes) if self._outweigh else 1.0
        squares = votes + each * each * self.enrolled
        return Weighed(votes + each * self.enrolled, squares, kept + each * self.shown)

    def _wanted(self, weight: float) -> float:
        """|Z^k| of so many votes (Eq. 9)."""
        if self._sharpness == 1.0:
            return float(kept_count(self._alpha, round(weight)))
        return min(float(math.ceil(self._alpha * weight - 1e-6)), weight) if self._alpha else 0.0


@compiled
def _place(entropy: float, most: float, sharpness: float) -> int:
    # Certainty grows with the square of the sharpness, as long as it is small.
    return bin_of((most - entropy) / sharpness**2)


@compiled
def _add(
    readings: Readings,
    rows: Directions,
    column: int,
    most: float,
    sharpness: float,
    memory: float,
    sums: Directions,
    above: Floats,
    numbers: Floats,
) -> None:
    for i in range(len(rows)):
        place = _place(readings[i, column], most, sharpness)
        _put(place, rows[i], numbers[_VOTE], sums, above, numbers)
        _fade(memory, sums, above, numbers)


@compiled
def _put(
    place: int, row: Floats, vote: float, sums: Directions, above: Floats, numbers: Floats
) -> None:
    for i in range(len(row)):
        sums[place, i] += vote * row[i]
    numbers[_COUNTS + place] += vote
    numbers[_COUNT] += vote
    if place < numbers[_CUT]:
        for i in range(len(row)):
            above[i] += vote * row[i]
        numbers[_ABOVE] += vote


@compiled
def _fade(memory: float, sums: Directions, above: Floats, numbers: Floats) -> None:
    excess = numbers[_COUNT] / (numbers[_VOTE] * memory)
    if excess > 1.0:
        numbers[_VOTE] *= excess
        _rescale(sums, above, numbers)


@compiled
def _rescale(sums: Directions, above: Floats, numbers: Floats) -> None:
    """Keep the weights in a range in which nothing is lost."""
    vote = numbers[_VOTE]
    if vote > _RESCALE:
        for place in range(len(sums)):
            numbers[_COUNTS + place] /= vote
            for i in range(sums.shape[1]):
                sums[place, i] /= vote
        numbers[_VOTE] = 1.0
        _count_again(above, numbers)


@compiled
def _count_again(above: Floats, numbers: Floats) -> None:
    """Start the running figures anew, from the bins."""
    numbers[_COUNT] = 0.0
    for place in range(BINS):
        numbers[_COUNT] += numbers[_COUNTS + place]
    numbers[_CUT] = numbers[_ABOVE] = 0.0
    above[:] = 0.0


@compiled
def _most_certain(
    votes: float, sums: Directions, above: Floats, numbers: Floats, kept: Floats
) -> None:
    """Fill (d,) with the sum of so many of the most certain; the margin moves from where it was."""
    vote, counts = numbers[_VOTE], numbers[_COUNTS:]
    wanted = votes * vote
    cut = int(numbers[_CUT])
    while cut < BINS - 1 and numbers[_ABOVE] + counts[cut] < wanted:
        for i in range(len(above)):
            above[i] += sums[cut, i]
        numbers[_ABOVE] += counts[cut]
        cut += 1
    while cut > 0 and numbers[_ABOVE] > wanted:
        cut -= 1
        for i in range(len(above)):
            above[i] -= sums[cut, i]
        numbers[_ABOVE] -= counts[cut]
    numbers[_CUT] = cut
    left, here = wanted - numbers[_ABOVE], counts[cut]
    part = min(left / here, 1.0) if left > 0.0 and here > 0.0 else 0.0
    for i in range(len(kept)):
        kept[i] = (above[i] + part * sums[cut, i]) / vote

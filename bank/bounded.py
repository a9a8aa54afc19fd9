"""A support set in memory that never grows: sums by certainty instead of samples."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from bank.anchored import EXEMPLAR_VOTES
from bank.compiled import compiled
from bank.directions import STEPS, Directions, Floats, StoredDirections
from bank.support import Weighed, margin_of
from bank.texts import ENTROPY, SHARP, Readings

BINS: Final = 384
_PER_OCTAVE: Final = 32
_SMALLEST: Final = -13  # log2 of the least certainty that has a bin of its own; 12 octaves above
_RESCALE: Final = 2.0**20
# What changes with every sample, as numbers in a row: what the next sample weighs, the count of all
# bins together, the bin that the margin cuts, the count in the more certain ones, and all counts.
_VOTE, _COUNT, _CUT, _ABOVE, _COUNTS = range(5)
# What never changes, likewise: the entropy of knowing nothing, which column of a reading counts and
# how sharp that entropy is, the memory, alpha as a fraction, and the least that an exemplar weighs
# if it is to outweigh all that is kept, else zero.
_MOST, _COLUMN, _SHARPNESS, _MEMORY, _NUMERATOR, _DENOMINATOR, _LEAST = range(7)


@compiled
def bin_of(certainty: float) -> int:
    """The bin of a certainty in nats, log K less the entropy; the most certain come first.

    Every bin is a thirty-second of an octave wide, and the edges are fixed, so that the sums do not
    depend on the order of the samples and those of two banks can be added.
    """
    if certainty <= 2.0**_SMALLEST:
        return BINS - 1
    return max(BINS - 1 - int(_PER_OCTAVE * (np.log2(certainty) - _SMALLEST)), 0)


class BinnedSupport:
    """S^k as sums and counts of 384 bins of certainty, and the exemplars as one sum.

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
        self._dimension = dimension
        margin = margin_of(alpha)
        self._rule: Floats = np.array(
            [
                math.log(classes),
                ENTROPY if sharpness == 1.0 else SHARP,
                sharpness,
                math.inf if memory is None else memory,
                margin.numerator,
                margin.denominator,
                EXEMPLAR_VOTES if outweigh else 0.0,
            ]
        )
        self.sums: Directions = np.zeros((0, dimension))  # (BINS, d) from the first sample on
        self.shown: Floats = np.zeros(dimension)
        self.enrolled = 0
        self._numbers: Floats = np.zeros(_COUNTS + BINS)
        self.vote = 1.0
        self._above: Floats = np.zeros(dimension)  # sum of the bins above the one that is cut

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
        return _wanted(self.weight, self._rule) + self.enrolled

    @property
    def margin(self) -> Weighed:
        """Z^k and the exemplars."""
        total = np.empty(self._dimension)
        weight, squares = _gather(*self._parts, total)
        return Weighed(weight, squares, total)

    def refer(self, k: int, directions: StoredDirections, weights: Floats) -> float:
        """Write what answers rest on as row ``k`` of references; returns the weight."""
        return _refer(*self._parts, k, STEPS, directions, weights)

    def add(self, readings: Readings, rows: Directions) -> None:
        """Take samples (B, d) that were pseudo-labelled as this class."""
        self._hold()
        _add(readings, rows, self._rule, self.sums, self._above, self._numbers)

    def remove(self, reading: Readings, row: Directions, vote: float = 1.0) -> None:
        """Take back a sample (d,) that was added when a vote weighed ``vote``."""
        place = _place(reading, self._rule)
        if self.counts[place] > 0:
            _put(place, row, -vote, self.sums, self._above, self._numbers)
            if self.counts[place] < 1e-9 * self.vote:
                self.counts[place], self.sums[place] = 0.0, 0.0
                _count_again(self._above, self._numbers)

    def enroll(self, rows: Directions) -> None:
        """Take labelled exemplars: they belong to Z^k whatever their entropy and never fade."""
        self.shown = self.shown + rows.sum(axis=0)
        self.enrolled += len(rows)

    def merge(self, other: "BinnedSupport") -> None:
        """Add another class's sums: as if its samples had come here."""
        if len(other.sums):
            self._hold()
            scale = self.vote / other.vote
            held = np.flatnonzero(other.counts)  # the rest would only take memory
            self.sums[held] += other.sums[held] * scale
            self.counts[:] += other.counts * scale
            _count_again(self._above, self._numbers)
            _fade(self._rule, self.sums, self._above, self._numbers)
        self.shown = self.shown + other.shown
        self.enrolled += other.enrolled

    def forget(self, share: float) -> None:
        """Let all votes weigh ``share`` of what they did."""
        vote = self.vote = self.vote / share
        if vote > _RESCALE:
            _rescale(self.sums, self._above, self._numbers)

    def copy(self) -> "BinnedSupport":
        """An independent set of the same sums."""
        twin = BinnedSupport.__new__(BinnedSupport)
        twin.__dict__.update(self.__dict__)
        held = np.flatnonzero(self.counts)
        twin.sums = np.zeros(self.sums.shape)
        twin.sums[held] = self.sums[held]
        twin._above, twin._numbers = self._above.copy(), self._numbers.copy()
        return twin

    def take(self, places: Sequence[int], sums: Directions, counts: Floats) -> None:
        """Hold these sums and counts of some bins, and nothing else."""
        self.sums = np.zeros((BINS, self._dimension))
        self.sums[places] = sums
        self.counts[:] = 0.0
        self.counts[places] = counts
        _count_again(self._above, self._numbers)

    @property
    def _parts(self) -> tuple[Floats, Directions, Floats, Floats, Floats, int]:
        """What Z^k is gathered from."""
        return self._rule, self.sums, self._above, self._numbers, self.shown, self.enrolled

    def _hold(self) -> None:
        if not len(self.sums):
            self.sums = np.zeros((BINS, self._dimension))


@compiled
def _place(reading: Readings, rule: Floats) -> int:
    # Certainty grows with the square of the sharpness, as long as it is small.
    return bin_of((rule[_MOST] - reading[int(rule[_COLUMN])]) / rule[_SHARPNESS] ** 2)


@compiled
def _add(
    readings: Readings,
    rows: Directions,
    rule: Floats,
    sums: Directions,
    above: Floats,
    numbers: Floats,
) -> None:
    for i in range(len(rows)):
        place = _place(readings[i], rule)
        _put(place, rows[i], numbers[_VOTE], sums, above, numbers)
        _fade(rule, sums, above, numbers)


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
def _fade(rule: Floats, sums: Directions, above: Floats, numbers: Floats) -> None:
    excess = numbers[_COUNT] / (numbers[_VOTE] * rule[_MEMORY])
    if excess > 1.0:
        numbers[_VOTE] *= excess
        _rescale(sums, above, numbers)


@compiled
def _rescale(sums: Directions, above: Floats, numbers: Floats) -> None:
    """Keep the weights in a range in which nothing is lost."""
    vote = numbers[_VOTE]
    if vote > _RESCALE:
        for place in range(len(sums)):
            if numbers[_COUNTS + place] > 0.0:  # an empty bin takes no memory until it is touched
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
def _wanted(weight: float, rule: Floats) -> float:
    """|Z^k| of so many votes (Eq. 9)."""
    if rule[_SHARPNESS] == 1.0:
        size, numerator = np.int64(np.rint(weight)), np.int64(rule[_NUMERATOR])
        return float(size * numerator // np.int64(rule[_DENOMINATOR]))
    return float(min(np.ceil(weight * rule[_NUMERATOR] / rule[_DENOMINATOR] - 1e-6), weight))


@compiled
def _gather(
    rule: Floats,
    sums: Directions,
    above: Floats,
    numbers: Floats,
    shown: Floats,
    enrolled: int,
    total: Floats,
) -> tuple[float, float]:
    """Fill (d,) with the weighted sum over Z^k and the exemplars.

    Returns:
        The sum of the weights and that of their squares.
    """
    vote = numbers[_VOTE]
    votes = _wanted(numbers[_COUNT] / vote, rule)
    _move_margin(votes * vote, sums, above, numbers)
    cut = int(numbers[_CUT])
    left, here = votes * vote - numbers[_ABOVE], numbers[_COUNTS + cut]
    for i in range(len(total)):
        total[i] = above[i]
    if left > 0.0 and here > 0.0:
        part = min(left / here, 1.0)
        for i in range(len(total)):
            total[i] += part * sums[cut, i]
    each = max(rule[_LEAST], votes) if rule[_LEAST] > 0.0 else 1.0
    for i in range(len(total)):
        total[i] = total[i] / vote + each * shown[i]
    return votes + each * enrolled, votes + each * each * enrolled


@compiled
def _move_margin(wanted: float, sums: Directions, above: Floats, numbers: Floats) -> None:
    """Cut the bin in which so many of the most certain end, from the one that was cut before."""
    cut = int(numbers[_CUT])
    while cut < BINS - 1 and numbers[_ABOVE] + numbers[_COUNTS + cut] < wanted:
        if numbers[_COUNTS + cut] > 0.0:  # most bins are empty
            for i in range(len(above)):
                above[i] += sums[cut, i]
            numbers[_ABOVE] += numbers[_COUNTS + cut]
        cut += 1
    while cut > 0 and numbers[_ABOVE] > wanted:
        cut -= 1
        if numbers[_COUNTS + cut] > 0.0:
            for i in range(len(above)):
                above[i] -= sums[cut, i]
            numbers[_ABOVE] -= numbers[_COUNTS + cut]
    numbers[_CUT] = cut


@compiled
def _refer(
    rule: Floats,
    sums: Directions,
    above: Floats,
    numbers: Floats,
    shown: Floats,
    enrolled: int,
    k: int,
    steps: float,
    directions: StoredDirections,
    weights: Floats,
) -> float:
    total = np.empty(len(above))
    weight, squares = _gather(rule, sums, above, numbers, shown, enrolled, total)
    square = 0.0
    for i in range(len(total)):
        square += total[i] * total[i]
    length = np.sqrt(square)
    scale = steps / length if length > 0.0 else 0.0
    for i in range(len(total)):
        directions[k, i] = np.int32(np.rint(total[i] * scale))
    weights[k, 0], weights[k, 1], weights[k, 2] = weight, length / steps, squares
    return weight

"""A support set in memory that never grows: sums by certainty instead of samples."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bank.directions import Directions, StoredDirections
from bank.support import kept_count

BINS: Final = 96
_PER_OCTAVE: Final = 8
_SMALLEST: Final = -13  # log2 of the least certainty that has a bin of its own; 12 octaves above
_RESCALE: Final = 2.0**20
_NONE: Final = np.zeros(1)


def bin_of(certainty: float) -> int:
    """The bin of a certainty in nats, log K less the entropy; the most certain come first.

    Every bin is an eighth of an octave wide, and the edges are fixed, so that the sums do not
    depend on the order of the samples and those of two banks can be added.
    """
    if certainty <= 2.0**_SMALLEST:
        return BINS - 1
    return max(BINS - 1 - int(_PER_OCTAVE * (math.log2(certainty) - _SMALLEST)), 0)


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
        round_up: keep one sample rather than none where alpha |S^k| is no whole number.
    """

    def __init__(
        self,
        alpha: float,
        dimension: int,
        classes: int,
        memory: int | None = None,
        round_up: bool = False,
    ) -> None:
        self._alpha, self._dimension = alpha, dimension
        self._most = math.log(classes)
        self._memory, self._round_up = memory, round_up
        self.sums: Directions = np.zeros((0, dimension))  # (BINS, d) from the first sample on
        self.total: NDArray[np.float64] = np.zeros(dimension)  # of the sums of all bins
        self.counts: NDArray[np.float64] = np.zeros(BINS)
        self.vote = 1.0  # what the next sample weighs
        self.shown: NDArray[np.float64] = np.zeros(dimension)
        self.enrolled = 0
        self._kept: tuple[float, NDArray[np.float64]] | None = (0.0, np.zeros(dimension))

    @property
    def weight(self) -> float:
        """|S^k| in votes, faded ones for less."""
        return float(self.counts.sum()) / self.vote

    @property
    def assigned(self) -> int:
        """|S^k|, the samples that came without labels and have not faded."""
        return round(self.weight)

    @property
    def kept(self) -> float:
        """|Z^k|, exemplars included."""
        return self._kept_part()[0]

    @property
    def sum(self) -> NDArray[np.float64]:
        """(d,) sum over Z^k and the exemplars, in grid steps."""
        return self._kept_part()[1]

    def add(
        self,
        entropies: Sequence[float],
        ties: Sequence[float],
        rows: Sequence[StoredDirections],
    ) -> None:
        """Take samples that were pseudo-labelled as this class; ties are not needed."""
        if not len(self.sums):
            self.sums = np.zeros((BINS, self._dimension))
        for entropy, row in zip(entropies, rows, strict=True):
            self._put(bin_of(self._most - entropy), row, self.vote)
            self._fade()

    def remove(self, entropy: float, tie: float, row: StoredDirections, vote: float = 1.0) -> None:
        """Take back a sample that was added when a vote weighed ``vote``."""
        place = bin_of(self._most - entropy)
        if self.counts[place] > 0:
            self._put(place, row, -vote)
            if self.counts[place] < 1e-9 * self.vote:
                self.total -= self.sums[place]
                self.counts[place], self.sums[place] = 0.0, 0.0

    def enroll(self, rows: Sequence[StoredDirections]) -> None:
        """Take labelled exemplars: they belong to Z^k whatever their entropy and never fade."""
        self.shown = self.shown + np.sum(rows, axis=0, dtype=np.float64)
        self.enrolled += len(rows)
        self._kept = None

    def merge(self, other: "BinnedSupport") -> None:
        """Add another class's sums: as if its samples had come here."""
        if len(other.sums):
            if not len(self.sums):
                self.sums = np.zeros((BINS, self._dimension))
            scale = self.vote / other.vote
            self.sums = self.sums + other.sums * scale
            self.total = self.total + other.total * scale
            self.counts = self.counts + other.counts * scale
            self._fade()
        self.shown = self.shown + other.shown
        self.enrolled += other.enrolled
        self._kept = None

    def forget(self, share: float) -> None:
        """Let all votes weigh ``share`` of what they did."""
        self.vote /= share
        self._rescale()
        self._kept = None

    def copy(self) -> "BinnedSupport":
        """An independent set of the same sums."""
        twin = BinnedSupport.__new__(BinnedSupport)
        twin.__dict__.update(self.__dict__)
        twin.sums, twin.counts = self.sums.copy(), self.counts.copy()
        twin.total = self.total.copy()
        return twin

    def _put(self, place: int, row: StoredDirections, vote: float) -> None:
        weighed = row * vote
        self.sums[place] += weighed
        self.total += weighed
        self.counts[place] += vote
        self._kept = None

    def _fade(self) -> None:
        if self._memory is None:
            return
        excess = float(self.counts.sum()) / (self.vote * self._memory)
        if excess > 1.0:
            self.vote *= excess
            self._rescale()

    def _rescale(self) -> None:
        """Keep the weights in a range in which nothing is lost."""
        if self.vote > _RESCALE:
            self.sums /= self.vote
            self.total /= self.vote
            self.counts /= self.vote
            self.vote = 1.0

    def _kept_part(self) -> tuple[float, NDArray[np.float64]]:
        if self._kept is None:
            counts = self.counts.tolist()
            weight = sum(counts) / self.vote
            wanted = self._wanted(weight)
            total = self.shown
            if wanted > 0:
                total = total + (self.total - self._outside(counts, weight - wanted)) / self.vote
            self._kept = (wanted + self.enrolled, total)
        return self._kept

    def _outside(self, counts: Sequence[float], votes: float) -> NDArray[np.float64]:
        """(d,) sum of the least certain votes: of few bins, where alpha is near one."""
        left = votes * self.vote
        places, shares = [], []
        for place in range(BINS - 1, -1, -1):
            if left <= 0.0:
                break
            if counts[place] > 0.0:
                places.append(place)
                shares.append(min(left / counts[place], 1.0))
                left -= counts[place]
        outside: NDArray[np.float64] = np.array(shares) @ self.sums[places] if places else _NONE
        return outside

    def _wanted(self, weight: float) -> float:
        """How many of so many votes Z^k has."""
        if self._round_up:
            return min(math.ceil(self._alpha * weight - 1e-6), weight) if self._alpha else 0.0
        return float(kept_count(self._alpha, round(weight)))

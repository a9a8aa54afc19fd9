"""A support set in memory that never grows: sums by certainty instead of samples."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bank.anchored import EXEMPLAR_VOTES
from bank.directions import Directions, StoredDirections
from bank.support import Weighed, kept_count

BINS: Final = 96
_PER_OCTAVE: Final = 8
_SMALLEST: Final = -13  # log2 of the least certainty that has a bin of its own; 12 octaves above
_RESCALE: Final = 2.0**20


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
        self._memory, self._outweigh, self._sharpness = memory, outweigh, sharpness
        self.sums: Directions = np.zeros((0, dimension))  # (BINS, d) from the first sample on
        self.counts = [0.0] * BINS
        self.vote = 1.0  # what the next sample weighs
        self.shown: NDArray[np.float64] = np.zeros(dimension)
        self.enrolled = 0
        self._count = 0.0  # of all bins together
        # The bin that the margin cuts, and what lies in the more certain ones.
        self._cut, self._above_count = 0, 0.0
        self._above: NDArray[np.float64] = np.zeros(dimension)
        self._margin: Weighed | None = None

    @property
    def weight(self) -> float:
        """|S^k| in votes, faded ones for less."""
        return self._count / self.vote

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
            kept = self._most_certain(votes * self.vote)
            if self.vote != 1.0:
                kept /= self.vote
            self._margin = self._with_exemplars(votes, kept)
        return self._margin

    @property
    def live(self) -> Weighed:
        """What answers rest on: the same."""
        return self.margin

    def add(
        self,
        entropies: Sequence[float],
        ties: Sequence[float],
        rows: Sequence[StoredDirections],
        sharp: Sequence[float] = (),
    ) -> None:
        """Take samples that were pseudo-labelled as this class; only entropies are needed."""
        if not len(self.sums):
            self.sums = np.zeros((BINS, self._dimension))
        for entropy, row in zip(entropies, rows, strict=True):
            self._put(self._place(entropy), row, self.vote)
            self._fade()

    def remove(
        self,
        entropy: float,
        tie: float,
        row: StoredDirections,
        vote: float = 1.0,
        sharp: float = 0.0,
    ) -> None:
        """Take back a sample that was added when a vote weighed ``vote``."""
        place = self._place(entropy)
        if self.counts[place] > 0:
            self._put(place, row, -vote)
            if self.counts[place] < 1e-9 * self.vote:
                self.counts[place], self.sums[place] = 0.0, 0.0
                self._count_again()

    def enroll(self, rows: Sequence[StoredDirections]) -> None:
        """Take labelled exemplars: they belong to Z^k whatever their entropy and never fade."""
        self.shown = self.shown + np.sum(rows, axis=0, dtype=np.float64)
        self.enrolled += len(rows)
        self._margin = None

    def merge(self, other: "BinnedSupport") -> None:
        """Add another class's sums: as if its samples had come here."""
        if len(other.sums):
            if not len(self.sums):
                self.sums = np.zeros((BINS, self._dimension))
            scale = self.vote / other.vote
            self.sums = self.sums + other.sums * scale
            self.counts = [
                mine + theirs * scale
                for mine, theirs in zip(self.counts, other.counts, strict=True)
            ]
            self._count_again()
            self._fade()
        self.shown = self.shown + other.shown
        self.enrolled += other.enrolled
        self._margin = None

    def forget(self, share: float) -> None:
        """Let all votes weigh ``share`` of what they did."""
        self.vote /= share
        self._rescale()
        self._margin = None

    def copy(self) -> "BinnedSupport":
        """An independent set of the same sums."""
        twin = BinnedSupport.__new__(BinnedSupport)
        twin.__dict__.update(self.__dict__)
        twin.sums, twin.counts = self.sums.copy(), self.counts.copy()
        twin._above = self._above.copy()
        return twin

    def take(self, places: Sequence[int], sums: Directions, counts: Sequence[float]) -> None:
        """Hold these sums and counts of some bins, and nothing else."""
        self.sums = np.zeros((BINS, self._dimension))
        self.counts = [0.0] * BINS
        for place, total, count in zip(places, sums, counts, strict=True):
            self.sums[place], self.counts[place] = total, float(count)
        self._count_again()

    def _place(self, entropy: float) -> int:
        # Certainty grows with the square of the sharpness, as long as it is small.
        return bin_of((self._most - entropy) / self._sharpness**2)

    def _put(self, place: int, row: StoredDirections, vote: float) -> None:
        weighed = row if vote == 1.0 else row * vote
        self.sums[place] += weighed
        self.counts[place] += vote
        self._count += vote
        if place < self._cut:
            self._above += weighed
            self._above_count += vote
        self._margin = None

    def _fade(self) -> None:
        if self._memory is None:
            return
        excess = self._count / (self.vote * self._memory)
        if excess > 1.0:
            self.vote *= excess
            self._rescale()

    def _rescale(self) -> None:
        """Keep the weights in a range in which nothing is lost."""
        if self.vote > _RESCALE:
            self.sums /= self.vote
            self.counts = [count / self.vote for count in self.counts]
            self.vote = 1.0
            self._count_again()

    def _count_again(self) -> None:
        """Start the running figures anew, from the bins."""
        self._count = sum(self.counts)
        self._cut, self._above_count, self._above = 0, 0.0, np.zeros(self._dimension)
        self._margin = None

    def _with_exemplars(self, votes: float, kept: NDArray[np.float64]) -> Weighed:
        if not self.enrolled:
            return Weighed(votes, votes, kept)
        each = max(EXEMPLAR_VOTES, votes) if self._outweigh else 1.0
        squares = votes + each * each * self.enrolled
        return Weighed(votes + each * self.enrolled, squares, kept + each * self.shown)

    def _most_certain(self, wanted: float) -> NDArray[np.float64]:
        """(d,) sum of so much of the most certain; the margin moves from where it was."""
        counts = self.counts
        while self._cut < BINS - 1 and self._above_count + counts[self._cut] < wanted:
            self._above += self.sums[self._cut]
            self._above_count += counts[self._cut]
            self._cut += 1
        while self._cut > 0 and self._above_count > wanted:
            self._cut -= 1
            self._above -= self.sums[self._cut]
            self._above_count -= counts[self._cut]
        left, here = wanted - self._above_count, counts[self._cut]
        if left <= 0.0 or here <= 0.0:
            return self._above.copy()
        total: NDArray[np.float64] = self._above + self.sums[self._cut] * min(left / here, 1.0)
        return total

    def _wanted(self, weight: float) -> float:
        """|Z^k| of so many votes (Eq. 9)."""
        if self._sharpness == 1.0:
            return float(kept_count(self._alpha, round(weight)))
        return min(math.ceil(self._alpha * weight - 1e-6), weight) if self._alpha else 0.0

"""The support set of one class, kept split at its margin as samples come."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from heapq import heapify, heappop, heappush, heappushpop
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bank.compiled import compiled
from bank.directions import STEPS, Directions, Floats, StoredDirections, point, stored
from bank.errors import InputError
from bank.texts import ENTROPY, TIE, Readings

# Entropy, tie breaker, running number, direction. The running number keeps a comparison from
# reaching the direction; it decides only between samples that agree in both of the former.
_Sample = tuple[float, float, int, StoredDirections]


def check_alpha(alpha: float) -> float:
    """The tolerance margin, if it is one.

    Raises:
        InputError: not within [0, 1].
    """
    if not 0.0 <= alpha <= 1.0:
        raise InputError(f"alpha is {alpha}, but a tolerance margin lies between 0 and 1")
    return alpha


@lru_cache
def margin_of(alpha: float) -> Fraction:
    """The margin as the plain fraction that was meant: 0.29 is 29/100, not what binary makes it."""
    return Fraction(alpha).limit_denominator(10**9)


def kept_count(alpha: float, size: int) -> int:
    """rho^k of Eq. 9: floor(alpha |S^k|), not misled by how alpha is rounded in binary."""
    margin = margin_of(alpha)
    return size * margin.numerator // margin.denominator


class Weighed(NamedTuple):
    """A weighted sum of directions: (d,) in grid steps, with what the weights sum up to.

    Attributes:
        weight: sum of the weights.
        squares: sum of their squares.
        total: the weighted sum.
    """

    weight: float
    squares: float
    total: NDArray[np.float64]


class SupportSet:
    """S^k with the exact sum over Z^k, its most certain part, and the exemplars (Eq. 8 to 10).

    Z^k and the rest are two heaps that meet at the margin: a sample costs O(log n) comparisons,
    and at most one direction enters Z^k and one leaves.

    Args:
        alpha: tolerance margin.
        dimension: of the features.
    """

    def __init__(self, alpha: float, dimension: int) -> None:
        self._alpha = alpha
        self._fraction = margin_of(alpha).as_integer_ratio()
        self._kept: list[_Sample] = []  # negated, so that the least certain is on top
        self._rest: list[_Sample] = []  # the most certain on top
        self._exemplars: list[StoredDirections] = []
        self._sum = np.zeros(dimension)
        self._serial = 0

    @property
    def vote(self) -> float:
        """What a sample weighs."""
        return 1.0

    @property
    def assigned(self) -> int:
        """|S^k|, the samples that came without labels."""
        return len(self._kept) + len(self._rest)

    @property
    def enrolled(self) -> int:
        """Number of exemplars."""
        return len(self._exemplars)

    @property
    def kept(self) -> int:
        """|Z^k|, exemplars included."""
        return len(self._kept) + len(self._exemplars)

    @property
    def margin(self) -> Weighed:
        """Z^k and the exemplars: whole numbers, exact for up to 2^27 samples."""
        return Weighed(float(self.kept), float(self.kept), self._sum)

    def refer(self, k: int, directions: StoredDirections, weights: Floats) -> float:
        """Write what answers rest on as row ``k`` of references; returns the weight."""
        kept = float(self.kept)
        weights[k] = kept, point(self._sum, directions, k) / STEPS, kept
        return kept

    def add(self, readings: Readings, rows: Directions) -> None:
        """Take samples (B, d) that were pseudo-labelled as this class."""
        kept, rest = self._kept, self._rest
        numerator, denominator = self._fraction
        number = len(kept) + len(rest)
        entered: list[StoredDirections] = []
        left: list[StoredDirections] = []
        for (_, entropy, tie, _), row in zip(readings.tolist(), stored(rows), strict=True):
            number += 1
            self._serial += 1
            sample = (entropy, tie, self._serial, row)
            if number * numerator // denominator > len(kept):  # Z^k grows by the best outside it
                entropy, tie, serial, best = heappushpop(rest, sample)
                heappush(kept, (-entropy, -tie, -serial, best))
                entered.append(best)
            else:  # Z^k keeps its size: the worst of it and the new one stays outside
                sample = (-entropy, -tie, -self._serial, row)
                entropy, tie, serial, worst = heappushpop(kept, sample)
                heappush(rest, (-entropy, -tie, -serial, worst))
                if worst is not row:
                    entered.append(row)
                    left.append(worst)
        self._add_to_sum(entered, left)

    def remove(self, reading: Readings, row: Directions, vote: float = 1.0) -> None:
        """Take back a sample (d,) that was added, or one equal to it. Costs O(n)."""
        entropy, tie = reading.item(ENTROPY), reading.item(TIE)
        kept, rest = self._kept, self._rest
        for heap, sign in ((kept, -1.0), (rest, 1.0)):
            where = (
                place
                for place, sample in enumerate(heap)
                if sample[0] == sign * entropy
                and sample[1] == sign * tie
                and np.array_equal(sample[3], row)
            )
            place = next(where, None)
            if place is None:
                continue
            held = heap[place][3]
            heap[place] = heap[-1]
            heap.pop()
            heapify(heap)
            entered: list[StoredDirections] = []
            left = [held] if heap is kept else []
            wanted = kept_count(self._alpha, self.assigned)
            if len(kept) < wanted:
                entropy, tie, serial, best = heappop(rest)
                heappush(kept, (-entropy, -tie, -serial, best))
                entered.append(best)
            elif len(kept) > wanted:
                entropy, tie, serial, worst = heappop(kept)
                heappush(rest, (-entropy, -tie, -serial, worst))
                left.append(worst)
            self._add_to_sum(entered, left)
            return

    def enroll(self, rows: Directions) -> None:
        """Take labelled exemplars: they belong to Z^k whatever their entropy."""
        exemplars = list(stored(rows))
        self._exemplars.extend(exemplars)
        self._add_to_sum(exemplars)

    def samples(self) -> list[StoredDirections]:
        """The directions of S^k, most certain first."""
        return [sample[3] for sample in sorted(self._kept, reverse=True) + sorted(self._rest)]

    def exemplars(self) -> list[StoredDirections]:
        """The directions of the exemplars, as they came."""
        return list(self._exemplars)

    def copy(self) -> "SupportSet":
        """An independent set of the same samples, which are shared and never changed."""
        twin = SupportSet(self._alpha, len(self._sum))
        twin._kept, twin._rest = self._kept.copy(), self._rest.copy()
        twin._exemplars, twin._sum = self._exemplars.copy(), self._sum.copy()
        twin._serial = self._serial
        return twin

    def _add_to_sum(
        self, entered: Sequence[StoredDirections], left: Sequence[StoredDirections] = ()
    ) -> None:
        for row in entered:
            _add(row, 1.0, self._sum)
        for row in left:
            _add(row, -1.0, self._sum)


@compiled
def _add(row: StoredDirections, sign: float, total: Floats) -> None:
    for i in range(len(total)):
        total[i] += sign * row[i]

"""The unknown gate: is this one of the classes at all? Calibrated without labels."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]

_BINS: Final = 128
_REACH: Final = 6.0  # the histogram covers so many standard deviations to both sides
_HORIZON: Final = 256.0  # votes that the calibration rests on
_START: Final = 20.0  # before so many votes all is known
_EDGES: Final = np.linspace(-_REACH, _REACH, _BINS + 1)
STATE: Final = 5 + _BINS  # numbers that a gate consists of


class Gate(NamedTuple):
    """What the gate says of some features.

    Attributes:
        known: (B,) bool, whether each is taken for one of the classes.
        score: (B,) float32 in [0, 1], higher is more surely one of the classes: the share of what
            came before that was less sure.
    """

    known: Tensor
    score: Tensor


class UnknownGate:
    """Ranks how near a feature is to its nearest text and its nearest prototype.

    Both cosines are standardised over what came before and added, and the sum is ranked among the
    sums before it. What ranks among the lowest :attr:`share` is called unknown.

    Args:
        share: of what comes that is called unknown.
    """

    def __init__(self, share: float) -> None:
        self.share = share
        self.state: Floats = np.zeros(STATE)  # weight, two means, two variances, histogram

    def score(self, text: Floats, scores: Floats) -> Floats:
        """(B,) ranks in [0, 1] of (B, K) cosines with the texts and (B, K) scores of the bank."""
        return self.score_tops(tops(text, scores))

    def score_tops(self, best: Floats) -> Floats:
        """The same from (B, 2) best scores of both."""
        return self._ranks(self._sums(best))

    def known(self, ranks: Floats) -> NDArray[np.bool_]:
        """(B,) whether ranks are high enough; all are until enough has been seen."""
        if self.state[0] < _START:
            return np.ones(len(ranks), np.bool_)
        return ranks >= self.share

    def observe(self, best: Floats) -> None:
        """Calibrate by (B, 2) best scores of what came, each row one vote."""
        for row in best:
            self._observe(row)

    def _observe(self, top: Floats) -> None:
        state = self.state
        place = int(self._places(self._sums(top[None]))[0])
        if state[0] >= _HORIZON:
            keep = 1.0 - 1.0 / _HORIZON
            state[0] *= keep
            state[5:] *= keep
        state[0] += 1.0
        step = 1.0 / state[0]
        away = top - state[1:3]
        state[1:3] += step * away
        state[3:5] += step * (away * (top - state[1:3]) - state[3:5])
        state[5 + place] += 1.0

    def _sums(self, best: Floats) -> Floats:
        if self.state[0] < 2.0:
            return np.zeros(len(best))
        total: Floats = ((best - self.state[1:3]) / np.sqrt(self.state[3:5] + 1e-12)).sum(axis=1)
        return total

    def _places(self, sums: Floats) -> NDArray[np.int64]:
        within = (sums + _REACH) * (_BINS / (2 * _REACH))
        return np.clip(within, 0, _BINS - 1).astype(np.int64)

    def _ranks(self, sums: Floats) -> Floats:
        histogram = self.state[5:]
        total = histogram.sum()
        if total <= 0:
            return np.full(len(sums), 0.5)
        below = np.zeros(_BINS + 1)
        np.cumsum(histogram, out=below[1:])
        below /= total
        ranks: Floats = np.interp(sums, _EDGES, below)
        return ranks


def tops(text: Floats, scores: Floats) -> Floats:
    """(B, 2) best scores of (B, K) cosines with the texts and of (B, K) scores of the bank."""
    best = np.empty((len(text), 2))
    text.max(axis=1, out=best[:, 0])
    scores.max(axis=1, out=best[:, 1])
    return best

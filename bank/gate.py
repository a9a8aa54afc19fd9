"""The unknown gate: is this one of the classes at all? Calibrated without labels."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]

_BINS: Final = 128
_REACH: Final = 6.0  # the histogram covers so many standard deviations to both sides
_HORIZON: Final = 256.0  # votes that the calibration rests on
_START: Final = 20.0  # before so many votes all is known
_KEEP: Final = 1.0 - 1.0 / _HORIZON
_BINS_A_DEVIATION: Final = _BINS / (2 * _REACH)
_TINY: Final = 1e-12
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
        self._votes = 0.0
        self._text, self._text_spread = 0.0, 0.0  # mean and variance of a sample's best cosine
        self._near, self._near_spread = 0.0, 0.0  # and of its best score
        self._histogram: Floats = np.zeros(_BINS)

    @property
    def state(self) -> Floats:
        """All of it as one row of numbers, for a file."""
        numbers = [self._votes, self._text, self._near, self._text_spread, self._near_spread]
        return np.concatenate([numbers, self._histogram])

    @state.setter
    def state(self, numbers: Floats) -> None:
        self._votes, self._text, self._near, *spreads = numbers[:5].tolist()
        self._text_spread, self._near_spread = spreads
        self._histogram = numbers[5:].copy()

    def score(self, text: Floats, scores: Floats) -> Floats:
        """(B,) ranks in [0, 1] of (B, K) cosines with the texts and (B, K) scores of the bank."""
        best = zip(text.max(axis=1).tolist(), scores.max(axis=1).tolist(), strict=True)
        return np.array([self.rank(*pair) for pair in best])

    def rank(self, text: float, near: float) -> float:
        """The same from a sample's best cosine with a text and its best score."""
        if self._votes <= 0.0:
            return 0.5
        within = self._within(text, near)
        place = min(int(within), _BINS - 1)
        below = np.add.reduce(self._histogram[:place]) + (within - place) * self._histogram[place]
        return float(below) / self._votes

    def knows(self, rank: float) -> bool:
        """Whether a rank is high enough; every one is until enough has been seen."""
        return self._votes < _START or rank >= self.share

    def observe(self, text: float, near: float) -> None:
        """Calibrate by a vote's best cosine with a text and its best score."""
        place = min(int(self._within(text, near)), _BINS - 1)
        if self._votes >= _HORIZON:
            self._votes *= _KEEP
            self._histogram *= _KEEP
        self._votes += 1.0
        self._histogram[place] += 1.0
        step = 1.0 / self._votes
        away = text - self._text
        self._text += step * away
        self._text_spread += step * (away * (text - self._text) - self._text_spread)
        away = near - self._near
        self._near += step * away
        self._near_spread += step * (away * (near - self._near) - self._near_spread)

    def _within(self, text: float, near: float) -> float:
        """Where in the histogram the standardised sum lies, 0 to the number of bins."""
        if self._votes < 2.0:
            return _BINS / 2
        total = (text - self._text) / math.sqrt(self._text_spread + _TINY)
        total += (near - self._near) / math.sqrt(self._near_spread + _TINY)
        return min(max((total + _REACH) * _BINS_A_DEVIATION, 0.0), float(_BINS))

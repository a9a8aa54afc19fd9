"""The unknown gate: is this one of the classes at all? Calibrated without labels."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bank.compiled import compiled
from bank.directions import Floats

_BINS: Final = 128
_REACH: Final = 6.0  # the histogram covers so many standard deviations to both sides
_HORIZON: Final = 256.0  # votes that the calibration rests on
_START: Final = 20.0  # before so many votes all is known
_KEEP: Final = 1.0 - 1.0 / _HORIZON
_BINS_A_DEVIATION: Final = _BINS / (2 * _REACH)
_TINY: Final = 1e-12
# A gate is one row of numbers: votes, means of a sample's best cosine with a text and of its best
# score, their variances, and a histogram of the sums of both, standardised.
_VOTES, _TEXT, _NEAR, _TEXT_SPREAD, _NEAR_SPREAD, _HISTOGRAM = range(6)
STATE: Final = _HISTOGRAM + _BINS


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
        self.state: Floats = np.zeros(STATE)

    def score(self, products: Floats, classes: int) -> Floats:
        """(B,) ranks in [0, 1] of samples, higher is more surely one of the classes.

        Args:
            products: (B, P) that begin with the K cosines with the texts and end with the K scores
                of the bank and one number more.
            classes: K.
        """
        ranks = np.empty(len(products))
        _rank_all(products, classes, self.state, ranks)
        return ranks

    def knows(self, ranks: Floats) -> NDArray[np.bool_]:
        """(B,) whether ranks are high enough; every one is until enough has been seen."""
        if self.state[_VOTES] < _START:
            return np.ones(len(ranks), np.bool_)
        return ranks >= self.share

    def observe(
        self, products: Floats, classes: int, fresh: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Judge samples one after another, and calibrate by those that are votes of their own.

        Args:
            products: (B, P), as above.
            classes: K.
            fresh: (B,) which are votes of their own.

        Returns:
            (B,) which are known.
        """
        known = np.empty(len(products), np.bool_)
        _observe(products, classes, fresh, self.share, self.state, known)
        return known


@compiled
def _rank_all(products: Floats, classes: int, state: Floats, ranks: Floats) -> None:
    for row in range(len(products)):
        text, near = _best(products[row], classes)
        ranks[row] = _rank(text, near, state)


@compiled
def _observe(
    products: Floats,
    classes: int,
    fresh: NDArray[np.bool_],
    share: float,
    state: Floats,
    known: NDArray[np.bool_],
) -> None:
    for row in range(len(products)):
        text, near = _best(products[row], classes)
        known[row] = state[_VOTES] < _START or _rank(text, near, state) >= share
        if fresh[row]:
            _calibrate(text, near, state)


@compiled
def _best(products: Floats, classes: int) -> tuple[float, float]:
    """A sample's best cosine with a text, and its best score."""
    text = near = -np.inf
    first = len(products) - 1 - classes
    for k in range(classes):
        text = max(text, products[k])
        near = max(near, products[first + k])
    return text, near


@compiled
def _rank(text: float, near: float, state: Floats) -> float:
    """The share of what came before that was less sure."""
    if state[_VOTES] <= 0.0:
        return 0.5
    within = _within(text, near, state)
    place = min(int(within), _BINS - 1)
    below = (within - place) * state[_HISTOGRAM + place]
    for i in range(_HISTOGRAM, _HISTOGRAM + place):
        below += state[i]
    return float(below / state[_VOTES])


@compiled
def _calibrate(text: float, near: float, state: Floats) -> None:
    """Take a vote's best cosine with a text and its best score."""
    place = min(int(_within(text, near, state)), _BINS - 1)
    if state[_VOTES] >= _HORIZON:
        state[_VOTES] *= _KEEP
        for i in range(_HISTOGRAM, STATE):
            state[i] *= _KEEP
    state[_VOTES] += 1.0
    state[_HISTOGRAM + place] += 1.0
    step = 1.0 / state[_VOTES]
    away = text - state[_TEXT]
    state[_TEXT] += step * away
    state[_TEXT_SPREAD] += step * (away * (text - state[_TEXT]) - state[_TEXT_SPREAD])
    away = near - state[_NEAR]
    state[_NEAR] += step * away
    state[_NEAR_SPREAD] += step * (away * (near - state[_NEAR]) - state[_NEAR_SPREAD])


@compiled
def _within(text: float, near: float, state: Floats) -> float:
    """Where in the histogram the standardised sum lies, 0 to the number of bins."""
    if state[_VOTES] < 2.0:
        return _BINS / 2
    total = (text - state[_TEXT]) / np.sqrt(state[_TEXT_SPREAD] + _TINY)
    total += (near - state[_NEAR]) / np.sqrt(state[_NEAR_SPREAD] + _TINY)
    return float(min(max((total + _REACH) * _BINS_A_DEVIATION, 0.0), _BINS))

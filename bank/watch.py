"""Watches how a bank's answers go beside those of text alone, and how features come."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bank.anchored import alike
from bank.compiled import compiled
from bank.directions import STEPS, Directions, Floats, StoredDirections
from bank.evidence import References
from bank.gate import UnknownGate
from bank.guards import Health
from bank.scoring import Sight

_HORIZON: Final = 200.0
_START: Final = 50.0  # votes before anything is concluded
_DRIFT: Final = 0.2  # a residual of this length is none by chance
_RECENT: Final = 50.0  # votes over which neighbours in time are compared
# A watch is one row of numbers: votes, disagreement, share of the unknown, whether fallen, the mean
# cosine of one vote with the next, (K,) shares of the bank's answers, (K,) of the texts', and then
# three directions (d,): the mean difference between features and prototypes, the mean vote, and the
# last one.
_VOTES, _DISAGREEMENT, _UNKNOWN, _FALLEN, _NEIGHBOURS, _ANSWERS = range(6)


class Watch:
    """Running averages over about the last 200 votes.

    Args:
        classes: K.
        dimension: d.
        unknown: share of what comes that the gate calls unknown.
    """

    def __init__(self, classes: int, dimension: int, unknown: float) -> None:
        self.gate = UnknownGate(unknown)
        self._classes, self._dimension = classes, dimension
        self._state: Floats = np.zeros(size(classes, dimension))
        self.drifting = False  # whether features have moved away from what was learned
        self.fallen = False  # whether the bank has collapsed
        # Mean cosine of a vote with the one before, and of any two; what comes is taken to be
        # alike until there are two.
        self.neighbours = 1.0, 0.0

    def observe(
        self, sight: Sight, fresh: NDArray[np.bool_], references: References
    ) -> NDArray[np.bool_]:
        """Take a look at some samples.

        Args:
            sight: what texts and prototypes say of (B, d) directions.
            fresh: (B,) which rows are votes of their own; the others are judged but not counted.
            references: the prototypes that were looked at.

        Returns:
            (B,) which the gate knows.
        """
        known = self.gate.observe(sight.products, self._classes, fresh)
        self.drifting, self.fallen, self.neighbours = _observe(
            sight.units,
            sight.products,
            fresh,
            known,
            references.directions,
            references.weights,
            1.0 / STEPS,
            self._state,
        )
        return known

    def health(self, references: References, fallback: bool) -> Health:
        """All that was watched; ``fallback`` tells whether a fall is answered by falling back."""
        first = self._state[_ANSWERS:]
        return Health(
            fallen_back=fallback and self.fallen,
            share=float(first[: self._classes].max()),
            closeness=closeness(references),
            disagreement=float(self._state[_DISAGREEMENT]),
            drift=float(np.linalg.norm(first[2 * self._classes :].reshape(3, -1)[0])),
            alike=alike(references.weights, *self.neighbours),
            unknown=float(self._state[_UNKNOWN]),
        )

    @property
    def state(self) -> Floats:
        """All of it but the gate, as one row of numbers, for a file."""
        return self._state

    @state.setter
    def state(self, numbers: Floats) -> None:
        self._state = numbers
        self.drifting, self.fallen, self.neighbours = _judge(
            numbers, self._classes, self._dimension
        )


@compiled
def _observe(
    units: Directions,
    products: Floats,
    fresh: NDArray[np.bool_],
    known: NDArray[np.bool_],
    directions: StoredDirections,
    weights: Floats,
    step_length: float,
    state: Floats,
) -> tuple[bool, bool, tuple[float, float]]:
    """Count the answers to fresh rows, follow the residual and the votes, and judge."""
    classes, dimension = directions.shape
    answers, residual = state[_ANSWERS:], state[_ANSWERS + 2 * classes :][:dimension]
    mean = state[_ANSWERS + 2 * classes + dimension :][:dimension]
    last = state[_ANSWERS + 2 * classes + 2 * dimension :]
    for row in range(len(units)):
        if not fresh[row]:
            continue
        mine = np.argmax(products[row, -1 - classes : -1])
        its = np.argmax(products[row, :classes])
        state[_VOTES] += 1.0
        step = max(1.0 / state[_VOTES], 1.0 / _HORIZON)
        for k in range(2 * classes):
            answers[k] *= 1.0 - step
        answers[mine] += step
        answers[classes + its] += step
        state[_DISAGREEMENT] += step * ((mine != its) - state[_DISAGREEMENT])
        state[_UNKNOWN] += step * ((not known[row]) - state[_UNKNOWN])
        cosine = 0.0
        for i in range(dimension):
            unit = units[row, i] * step_length
            cosine += unit * last[i]
            mean[i] += step * (unit - mean[i])
            last[i] = unit
        if state[_VOTES] > 1.0:
            recent = max(1.0 / (state[_VOTES] - 1.0), 1.0 / _RECENT)
            state[_NEIGHBOURS] += recent * (cosine - state[_NEIGHBOURS])
        votes, length = weights[mine, 0], weights[mine, 1]
        if votes >= 2.0:
            for i in range(dimension):
                away = (units[row, i] - length / votes * directions[mine, i]) * step_length
                residual[i] += step * (away - residual[i])
    return _judge(state, classes, dimension)


@compiled
def _judge(state: Floats, classes: int, dimension: int) -> tuple[bool, bool, tuple[float, float]]:
    """Whether features drift, whether the bank has fallen, and how alike neighbours are."""
    answers = state[_ANSWERS:]
    residual, mean = state[_ANSWERS + 2 * classes :], state[_ANSWERS + 2 * classes + dimension :]
    before, any_two = 1.0, 0.0
    votes = min(state[_VOTES], 2.0 * _HORIZON - 1.0)  # that the mean rests on
    if votes > 1.0:
        squares = 0.0
        for i in range(dimension):
            squares += mean[i] ** 2
        # The squared length of a mean of n votes is one part in n more than the mean cosine of two.
        before, any_two = state[_NEIGHBOURS], max((squares * votes - 1.0) / (votes - 1.0), 0.0)
    if state[_VOTES] < _START:
        return False, state[_FALLEN] > 0.0, (before, any_two)
    excess, disagreement = (0.25, 0.4) if state[_FALLEN] else (0.5, 0.6)
    apart = answers[:classes].max() - answers[classes : 2 * classes].max()
    state[_FALLEN] = state[_DISAGREEMENT] > disagreement and apart > excess
    squares = 0.0
    for i in range(dimension):
        squares += residual[i] ** 2
    return squares > _DRIFT**2, state[_FALLEN] > 0.0, (before, any_two)


def size(classes: int, dimension: int) -> int:
    """Of how many numbers a watch consists."""
    return _ANSWERS + 2 * classes + 3 * dimension


def before_neighbours(numbers: Tensor, dimension: int) -> Tensor:
    """A watch of a time in which neighbours were not compared, as one that has seen none."""
    head, tail = numbers[:_NEIGHBOURS], numbers[_NEIGHBOURS:]
    nothing = numbers.new_zeros
    return torch.cat([head, nothing(1), tail, nothing(2 * dimension)])


def closeness(references: References) -> float:
    """The greatest cosine between two prototypes with evidence; 0 where there are not two."""
    held = references.directions[references.votes > 0] / STEPS
    if len(held) < 2:
        return 0.0
    cosines = held @ held.T
    np.fill_diagonal(cosines, -1.0)
    return float(cosines.max())

"""Watches how a bank's answers go beside those of text alone, and whether features move."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bank.compiled import compiled
from bank.directions import STEPS, Directions, Floats, StoredDirections
from bank.evidence import References
from bank.gate import UnknownGate
from bank.guards import Health
from bank.scoring import Sight

_HORIZON: Final = 200.0
_START: Final = 50.0  # votes before anything is concluded
_DRIFT: Final = 0.2  # a residual of this length is none by chance
_VOTES, _DISAGREEMENT, _UNKNOWN, _FALLEN = range(4)


class Watch:
    """Running averages over about the last 200 votes.

    Args:
        classes: K.
        dimension: d.
        unknown: share of what comes that the gate calls unknown.
    """

    def __init__(self, classes: int, dimension: int, unknown: float) -> None:
        self.gate = UnknownGate(unknown)
        self._numbers: Floats = np.zeros(4)  # votes, disagreement, unknown, fallen
        self._answers: Floats = np.zeros((2, classes))  # shares of the bank's, of the texts'
        self._residual: Floats = np.zeros(dimension)
        self.drifting = False  # whether features have moved away from what was learned
        self.fallen = False  # whether the bank has collapsed

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
        known = self.gate.observe(sight.products, sight.scores, fresh)
        self.drifting, self.fallen = _observe(
            sight.units,
            sight.products,
            sight.scores,
            fresh,
            known,
            references.directions,
            references.votes,
            references.lengths,
            1.0 / STEPS,
            self._numbers,
            self._answers,
            self._residual,
        )
        return known

    def health(self, references: References, fallback: bool) -> Health:
        """All that was watched; ``fallback`` tells whether a fall is answered by falling back."""
        return Health(
            fallen_back=fallback and self.fallen,
            share=float(self._answers[0].max()),
            closeness=closeness(references),
            disagreement=float(self._numbers[_DISAGREEMENT]),
            drift=float(np.sqrt(self._residual @ self._residual)),
            unknown=float(self._numbers[_UNKNOWN]),
        )

    def vector(self) -> Floats:
        """All of it as one row of numbers, for a file."""
        return np.concatenate([self._numbers, self._answers.ravel(), self._residual])

    def take(self, vector: Floats) -> None:
        """Go on from what :meth:`vector` gave."""
        classes = self._answers.shape[1]
        self._numbers, answers, self._residual = (
            part.copy() for part in np.split(vector, (4, 4 + 2 * classes))
        )
        self._answers = answers.reshape(2, classes)
        self.drifting = _drifts(self._numbers, self._residual)
        self.fallen = bool(self._numbers[_FALLEN])


@compiled
def _observe(
    units: Directions,
    products: Floats,
    scores: Floats,
    fresh: NDArray[np.bool_],
    known: NDArray[np.bool_],
    directions: StoredDirections,
    votes: Floats,
    lengths: Floats,
    step_length: float,
    numbers: Floats,
    answers: Floats,
    residual: Floats,
) -> tuple[bool, bool]:
    """Count the answers to fresh rows, follow the residual, judge; returns drifting and fallen."""
    classes = scores.shape[1]
    for row in range(len(units)):
        if not fresh[row]:
            continue
        its, mine = np.argmax(products[row, :classes]), np.argmax(scores[row])
        numbers[_VOTES] += 1.0
        step = max(1.0 / numbers[_VOTES], 1.0 / _HORIZON)
        answers *= 1.0 - step
        answers[0, mine] += step
        answers[1, its] += step
        numbers[_DISAGREEMENT] += step * ((mine != its) - numbers[_DISAGREEMENT])
        numbers[_UNKNOWN] += step * ((not known[row]) - numbers[_UNKNOWN])
        if votes[mine] >= 2.0:
            mean = lengths[mine] / votes[mine]
            for i in range(len(residual)):
                away = (units[row, i] - mean * directions[mine, i]) * step_length
                residual[i] += step * (away - residual[i])
    if numbers[_VOTES] >= _START:
        excess, disagreement = (0.25, 0.4) if numbers[_FALLEN] else (0.5, 0.6)
        apart = answers[0].max() - answers[1].max()
        numbers[_FALLEN] = numbers[_DISAGREEMENT] > disagreement and apart > excess
    return _drifts(numbers, residual), numbers[_FALLEN] > 0.0


@compiled
def _drifts(numbers: Floats, residual: Floats) -> bool:
    return bool(numbers[_VOTES] >= _START and np.sum(residual * residual) > _DRIFT**2)


def closeness(references: References) -> float:
    """The greatest cosine between two prototypes with evidence; 0 where there are not two."""
    held = references.directions[references.votes > 0] / STEPS
    if len(held) < 2:
        return 0.0
    cosines = held @ held.T
    np.fill_diagonal(cosines, -1.0)
    return float(cosines.max())

"""Watches how a bank's answers go beside those of text alone, and whether features move."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bank.directions import STEPS, Directions
from bank.evidence import References
from bank.gate import UnknownGate
from bank.guards import Health
from bank.scoring import Sight

Floats = NDArray[np.float64]

_HORIZON: Final = 200.0
_START: Final = 50.0  # votes before anything is concluded
_DRIFT: Final = 0.2  # a residual of this length is none by chance


class Watch:
    """Running averages over about the last 200 votes.

    Args:
        classes: K.
        dimension: d.
        unknown: share of what comes that the gate calls unknown.
    """

    def __init__(self, classes: int, dimension: int, unknown: float) -> None:
        self.gate = UnknownGate(unknown)
        self.votes = 0.0
        self.answers: Floats = np.zeros((2, classes))  # shares of the bank's answers, of the texts'
        self.disagreement = 0.0
        self.unknown = 0.0
        self.residual: Floats = np.zeros(dimension)
        self.fallen = False

    @property
    def share(self) -> float:
        """Of the bank's most frequent answer."""
        return float(self.answers[0].max())

    @property
    def drifting(self) -> bool:
        """Whether features have moved away from what was learned."""
        return self.votes >= _START and self.drift > _DRIFT

    @property
    def drift(self) -> float:
        """Length of the mean difference between features and the prototypes that answered them."""
        return math.sqrt(self.residual @ self.residual)

    def observe(self, sight: Sight, fresh: Sequence[bool], references: References) -> list[bool]:
        """Take a look at some samples.

        Args:
            sight: what texts and prototypes say of (B, d) directions.
            fresh: (B,) which rows are votes of their own; the others are judged but not counted.
            references: the prototypes that were looked at.

        Returns:
            (B,) which the gate knows.
        """
        known = []
        for row, counted in enumerate(fresh):
            text, scores = sight.text[row], sight.scores[row]
            its, mine = int(text.argmax()), int(scores.argmax())
            best = text.item(its), scores.item(mine)
            sure = self.gate.knows(self.gate.rank(*best))
            known.append(sure)
            if counted:
                self.gate.observe(*best)
                self._count(mine, its, sure)
                self._compare(sight.units[row], mine, references)
        self._judge()
        return known

    def _count(self, mine: int, its: int, sure: bool) -> None:
        self.votes += 1.0
        step = self._step()
        self.answers *= 1.0 - step
        self.answers[0, mine] += step
        self.answers[1, its] += step
        self.disagreement += step * ((mine != its) - self.disagreement)
        self.unknown += step * ((not sure) - self.unknown)

    def _compare(self, unit: Directions, mine: int, references: References) -> None:
        votes = references.votes.item(mine)
        if votes >= 2.0:
            step = self._step()
            away = references.directions[mine] * (-references.lengths.item(mine) / votes)
            away += unit
            away *= step / STEPS
            self.residual *= 1.0 - step
            self.residual += away

    def _step(self) -> float:
        return max(1.0 / self.votes, 1.0 / _HORIZON)

    def health(self, references: References, fallback: bool) -> Health:
        """All that was watched; ``fallback`` tells whether a fall is answered by falling back."""
        return Health(
            fallen_back=fallback and self.fallen,
            share=self.share,
            closeness=closeness(references),
            disagreement=self.disagreement,
            drift=self.drift,
            unknown=self.unknown,
        )

    def _judge(self) -> None:
        if self.votes < _START:
            return
        excess, disagreement = (0.25, 0.4) if self.fallen else (0.5, 0.6)
        self.fallen = self.disagreement > disagreement and self._excess() > excess

    def _excess(self) -> float:
        return self.share - float(self.answers[1].max())

    def vector(self) -> Floats:
        """All of it as one row of numbers, for a file."""
        head = [self.votes, self.disagreement, self.unknown, float(self.fallen)]
        return np.concatenate([head, self.answers.ravel(), self.residual])

    def take(self, vector: Floats) -> None:
        """Go on from what :meth:`vector` gave."""
        classes = self.answers.shape[1]
        self.votes, self.disagreement, self.unknown = (float(value) for value in vector[:3])
        self.fallen = bool(vector[3])
        self.answers = vector[4 : 4 + 2 * classes].reshape(2, classes).copy()
        self.residual = vector[4 + 2 * classes :].copy()


def closeness(references: References) -> float:
    """The greatest cosine between two prototypes with evidence; 0 where there are not two."""
    held = references.directions[references.votes > 0] / STEPS
    if len(held) < 2:
        return 0.0
    cosines = held @ held.T
    np.fill_diagonal(cosines, -1.0)
    return float(cosines.max())

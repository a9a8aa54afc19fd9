"""Scores samples by texts and prototypes, a live one once for its answer and its learning."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bank.directions import Directions, as_given, check_shape, cosines, on_grid, unit_chunks
from bank.evidence import Evidence
from bank.texts import ClassTexts

REMEMBERED_ROWS: Final = 16
AMPLE_VOTES: Final = 5.0  # in half of the classes: enough to settle without the texts

Floats = NDArray[np.float64]


class Sight(NamedTuple):
    """What texts and prototypes say of some samples.

    Attributes:
        units: (B, d) directions.
        text: (B, K) cosines with the texts.
        ties: (B,) see :class:`bank.texts.Reading`.
        scores: (B, K) by what was learned.
    """

    units: Directions
    text: Floats
    ties: Floats
    scores: Floats


class Scorer:
    """Looks at samples: one product with texts and prototypes together.

    The latest few rows are remembered with the version of the evidence that they were scored by, so
    that the answer, the gate and the update of a live sample share one look.

    Args:
        texts: the frozen texts.
        mode: of the bank.
    """

    def __init__(self, texts: ClassTexts, mode: str) -> None:
        self._texts, self._mode = texts, mode
        self._last: tuple[bytes, int, Sight] | None = None

    def looks(self, features: Tensor, evidence: Evidence, version: int) -> Iterable[Sight]:
        """Looks at (N, d) features, chunk by chunk; all are checked before the first is given out.

        Args:
            features: (N, d).
            evidence: what was learned.
            version: of the evidence; a number is never used for another state.

        Raises:
            InputError: another dimension, or a row is not finite or all zeros.
        """
        if not self.remembers(features):
            chunks = unit_chunks(features, "features", self._texts.dimension)
            return (self.look(units, evidence) for units in chunks)
        check_shape(features, "features", self._texts.dimension)
        rows = as_given(features)
        given = rows.tobytes()
        if self._last is None or self._last[1] != version or self._last[0] != given:
            sight = self.look(on_grid(rows, "features"), evidence)
            self._last = (given, version, sight)
        return (self._last[2],)

    def remembers(self, features: Tensor) -> bool:
        """Whether features are so few that a look at them is remembered."""
        return 0 < features.numel() <= REMEMBERED_ROWS * self._texts.dimension

    def read(self, units: Directions) -> Sight:
        """What the texts alone say of (B, d) directions."""
        products = cosines(units, self._texts.readers)
        text = products[:, :-1]
        return Sight(units, text, products[:, -1], text)

    def look(self, units: Directions, evidence: Evidence) -> Sight:
        """A look at (B, d) directions."""
        if self._mode == "text":
            return self.read(units)
        evidence.references()
        both, ties = self._cosines(units, evidence.rows)
        scores = evidence.anchor.scores(both) if self._mode == "anchored" else both[:, 1]
        return Sight(units, both[:, 0], ties, scores)

    def settle(self, units: Directions, evidence: Evidence) -> Sight:
        """A look at (B, d) directions of the past: as the two passes have it once there is ample.

        That is all of Z^k, and the text only where that is empty (Eq. 10 and 11).
        """
        votes = evidence.references().votes
        if self._mode != "anchored" or float(np.median(votes)) < AMPLE_VOTES:
            return self.look(units, evidence)
        prototypes = on_grid(evidence.means())
        rows = np.concatenate([self._texts.directions, prototypes, self._texts.readers[-1:]])
        both, ties = self._cosines(units, rows)
        return Sight(units, both[:, 0], ties, both[:, 1])

    def _cosines(self, units: Directions, rows: Directions) -> tuple[Floats, Floats]:
        """(B, 2, K) with texts and prototypes, and (B,) with what orders ties."""
        products = cosines(units, rows)
        return products[:, :-1].reshape(len(units), 2, -1), products[:, -1]

"""Scores samples by texts and prototypes, a live one once for its answer and its learning."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from torch import Tensor

from bank.anchored import alike, blend
from bank.directions import (
    Directions,
    Floats,
    as_given,
    check_shape,
    cosines,
    on_grid,
    stored,
    unit_chunks,
)
from bank.evidence import Evidence
from bank.texts import ClassTexts

REMEMBERED_ROWS: Final = 16
# Enough to settle without the texts: so many votes a class in the mean, of no class more than ten,
# as far as they are not alike.
AMPLE_VOTES: Final = 3.0
_OF_ONE_CLASS: Final = 10.0

# Mean cosine of a vote with the one before, and of any two votes (:mod:`bank.watch`).
Neighbours = tuple[float, float]
NONE_ALIKE: Final[Neighbours] = (-1.0, 0.0)


class Sight(NamedTuple):
    """What texts and prototypes say of some samples.

    Attributes:
        units: (B, d) directions.
        products: (B, P) the K cosines with the texts, the K scores by what was learned, and what
            orders ties; where nothing is learned, the former are the latter.
        classes: K.
    """

    units: Directions
    products: Floats
    classes: int

    @property
    def text(self) -> Floats:
        """(B, K) cosines with the texts."""
        return self.products[:, : self.classes]

    @property
    def scores(self) -> Floats:
        """(B, K) scores by what was learned."""
        return self.products[:, -1 - self.classes : -1]


class Scorer:
    """Looks at samples: one product with texts and prototypes together.

    The latest few rows are remembered with the version of the evidence that they were scored by, so
    that the answer, the gate and the update of a live sample share one look.

    Args:
        texts: the frozen texts.
        mode: of the bank.
    """

    def __init__(self, texts: ClassTexts, mode: str) -> None:
        self._texts, self._mode, self._dimension = texts, mode, texts.dimension
        self._last: tuple[bytes, int, Sight] | None = None

    def looks(
        self, features: Tensor, evidence: Evidence, neighbours: Neighbours
    ) -> Iterable[Sight]:
        """Looks at (N, d) features, chunk by chunk; all are checked before the first is given out.

        Raises:
            InputError: another dimension, or a row is not finite or all zeros.
        """
        chunks = unit_chunks(features, "features", self._dimension)
        return (self.look(units, evidence, neighbours) for units in chunks)

    def live(
        self, features: Tensor, evidence: Evidence, neighbours: Neighbours, version: int
    ) -> Sight | None:
        """The look at a few (B, d) features, remembered until others come; None if they are many.

        Args:
            features: (B, d).
            evidence: what was learned.
            neighbours: cosines in time.
            version: of the evidence; a number is never used for another state.

        Raises:
            InputError: another dimension, or a row is not finite or all zeros.
        """
        if not 0 < check_shape(features, "features", self._dimension) <= REMEMBERED_ROWS:
            return None
        rows = as_given(features)
        given = rows.tobytes()
        if self._last is None or self._last[1] != version or self._last[0] != given:
            sight = self.look(on_grid(rows, "features"), evidence, neighbours)
            self._last = (given, version, sight)
        return self._last[2]

    def read(self, units: Directions) -> Sight:
        """What the texts alone say of (B, d) directions."""
        return Sight(units, cosines(units, self._texts.readers), len(self._texts))

    def look(self, units: Directions, evidence: Evidence, neighbours: Neighbours) -> Sight:
        """A look at (B, d) directions."""
        if self._mode == "text":
            return self.read(units)
        references = evidence.references()
        products = cosines(units, evidence.rows)
        if self._mode == "anchored":
            blend(products, references.weights, references.levels, *neighbours)
        return Sight(units, products, len(self._texts))

    def settle(self, units: Directions, evidence: Evidence, neighbours: Neighbours) -> Sight:
        """A look at (B, d) directions of the past: as the two passes have it once there is ample.

        That is all of Z^k, and the text only where that is empty (Eq. 10 and 11).
        """
        weights = evidence.references().weights
        if self._mode != "anchored" or not _ample(weights, neighbours):
            return self.look(units, evidence, neighbours)
        count = len(weights)
        prototypes = stored(on_grid(evidence.means()))
        readers = self._texts.readers
        rows = np.concatenate([readers[:count], prototypes, readers[count:]])
        return Sight(units, cosines(units, rows), count)


def _ample(weights: Floats, neighbours: Neighbours) -> bool:
    """Whether there is enough to settle without the texts."""
    votes = np.minimum(weights[:, 0], _OF_ONE_CLASS).mean()
    return bool(votes * (1.0 - alike(weights, *neighbours)) >= AMPLE_VOTES)

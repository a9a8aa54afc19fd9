"""The frozen class texts: what gives every sample its pseudo-label and its entropy."""

import hashlib
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from bank.compiled import compiled
from bank.directions import (
    STEPS,
    Directions,
    Floats,
    StoredDirections,
    cosines,
    stored,
    tie_direction,
    unit_chunks,
)
from bank.errors import InputError

# How far unit texts may differ and still be the same: what another machine's arithmetic does to
# the text encoder's output.
_SAME_TEXT: Final = 1e-4


# What the texts say of (N,) samples, (N, 4); it depends on each sample alone, bit for bit:
# its pseudo-label, the first of equally near texts (Eq. 6); its entropy in nats (of Eq. 7's
# distribution); what orders samples of equal entropy by what they are, not by when they came; and
# the entropy of a sharper softmax, where nobody asks for it the same as the first.
Readings = Floats
LABEL, ENTROPY, TIE, SHARP = range(4)


class ClassTexts:
    """Unit text features of K classes.

    Args:
        text: (K, d) text features, any length.
        sharpness: of the second entropy that is read, one over its softmax's temperature.

    Raises:
        InputError: no class, not two-dimensional, or a row is not finite or all zeros.
    """

    def __init__(self, text: Tensor, sharpness: float = 1.0) -> None:
        chunks = list(unit_chunks(text, "text features"))
        if not chunks:
            raise InputError("text features have no row; give at least one class")
        self._sharpness = sharpness
        self.given: Tensor = text.detach().to("cpu", torch.float64, copy=True)
        self.directions: Directions = np.concatenate(chunks)
        self.features: Tensor = torch.from_numpy(self.directions / STEPS).float()
        # What one product reads, with what orders ties as the last row.
        self.readers: StoredDirections = stored(
            np.concatenate([self.directions, tie_direction(self.dimension)])
        )

    def __len__(self) -> int:
        return len(self.directions)

    @property
    def dimension(self) -> int:
        """Dimension of the text features, d."""
        return int(self.directions.shape[1])

    @property
    def fingerprint(self) -> str:
        """sha256 over the number of classes, the dimension and the unit features, in hex."""
        shape = np.array(self.directions.shape, "<i8").tobytes()
        return hashlib.sha256(shape + self.directions.astype("<i4").tobytes()).hexdigest()

    def same(self, other: "ClassTexts") -> bool:
        """Whether these are the same texts, up to another machine's rounding."""
        if self.directions.shape != other.directions.shape:
            return False
        return bool(np.abs(self.directions - other.directions).max() <= _SAME_TEXT * STEPS)

    def check_class(self, k: int) -> None:
        """Refuse the number of a class that is not there.

        Raises:
            InputError: no such class.
        """
        if not 0 <= k < len(self):
            raise InputError(f"no class {k}; the bank has classes 0 to {len(self) - 1}")

    def check_mergeable(self, other: "ClassTexts") -> None:
        """Refuse to merge what stands on other texts.

        Raises:
            InputError: these are not the same.
        """
        if not self.same(other):
            raise InputError(
                f"the other bank stands on other class texts ({other.fingerprint[:8]}, this "
                f"one {self.fingerprint[:8]}); merge needs the same"
            )

    def check_same(self, other: "ClassTexts", path: Path) -> None:
        """Refuse other texts than these, which a state in ``path`` stands on.

        Raises:
            InputError: another number of classes, another dimension or other texts.
        """
        ours, theirs = self.directions.shape, other.directions.shape
        if ours != theirs:
            raise InputError(
                f"{path}: a bank of {ours[0]} classes in {ours[1]} dimensions, but the texts are "
                f"{theirs[0]} in {theirs[1]}; use the same label file and text encoder"
            )
        if not self.same(other):
            raise InputError(
                f"{path}: a bank of other class texts ({self.fingerprint[:8]}, given "
                f"{other.fingerprint[:8]}); use the same label file or start a new bank"
            )

    def read(self, units: Directions) -> Readings:
        """What the texts say of (N, d) directions."""
        return self.readings_of(cosines(units, self.readers))

    def readings_of(self, products: Floats) -> Readings:
        """The same from (N, P) products: first the K cosines, last what orders ties."""
        readings = np.empty((len(products), 4))
        _read(products, len(self), self._sharpness, readings)
        return readings


@compiled
def _read(products: Floats, classes: int, sharpness: float, readings: Readings) -> None:
    for row in range(len(products)):
        scores, reading = products[row, :classes], readings[row]
        reading[LABEL] = np.argmax(scores)
        reading[ENTROPY] = reading[SHARP] = _entropy(scores, 1.0)
        reading[TIE] = products[row, -1]
        if sharpness != 1.0:
            reading[SHARP] = _entropy(scores, sharpness)


@compiled
def _entropy(scores: Floats, sharpness: float) -> float:
    """Entropy of the softmax of (K,) scores times the sharpness.

    With s the scaled scores, H = log(sum e^s) - (sum s e^s) / (sum e^s); cosines are so small that
    no e^s overflows.
    """
    total = moment = 0.0
    for score in scores:
        scaled = sharpness * score
        weight = np.exp(scaled)
        total += weight
        moment += weight * scaled
    return max(float(np.log(total)) - moment / total, 0.0)

"""The support set of one class, kept sorted by entropy as samples come."""

from dataclasses import dataclass, field

import torch
from sortedcontainers import SortedKeyList
from torch import Tensor

from bank.alignment import kept_count

# A sample's place in the order: entropy, then the tie breaker; then the feature it stands for.
_Sample = tuple[float, bytes, Tensor]


def _place(sample: _Sample) -> tuple[float, bytes]:
    return sample[0], sample[1]


@dataclass
class SupportSet:
    """S^k with the running sum over Z^k, its most certain part (Eq. 8 and 9).

    Adding a sample costs O(log n + d): at most one sample enters Z^k besides the new one, and at
    most one leaves.

    Attributes:
        alpha: tolerance margin.
        dimension: of the features.
    """

    alpha: float
    dimension: int
    samples: "SortedKeyList[_Sample, tuple[float, bytes]]" = field(
        default_factory=lambda: SortedKeyList(key=_place)
    )
    kept: int = 0
    kept_sum: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.kept_sum = torch.zeros(self.dimension, dtype=torch.float64)

    def __len__(self) -> int:
        return len(self.samples)

    def add(self, unit: Tensor, entropy: float, tie_breaker: bytes) -> None:
        """Take one (d,) float32 unit feature."""
        sample = (entropy, tie_breaker, unit)
        position = self.samples.bisect_key_right(_place(sample))
        self.samples.add(sample)
        if position < self.kept:
            self.kept_sum += unit
            self.kept_sum -= self.samples[self.kept][2]
        if kept_count(self.alpha, len(self.samples)) > self.kept:
            self.kept_sum += self.samples[self.kept][2]
            self.kept += 1

    def copy(self) -> "SupportSet":
        """An independent set of the same samples."""
        twin = SupportSet(self.alpha, self.dimension, self.samples.copy(), self.kept)
        twin.kept_sum = self.kept_sum.clone()
        return twin

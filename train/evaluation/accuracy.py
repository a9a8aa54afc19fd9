"""Zero-shot accuracy, plain and aligned, of features against class texts."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from bank import align_two_pass


@dataclass(frozen=True)
class Accuracy:
    """Share of right answers.

    Attributes:
        overall: over all samples.
        per_class: mean over the classes that have samples.
    """

    overall: float
    per_class: float

    @classmethod
    def of(cls, predictions: Tensor, labels: Tensor) -> "Accuracy":
        """Compare (N,) predictions with (N,) labels."""
        right = (predictions == labels).double()
        shares = [right[labels == k].mean() for k in set(labels.tolist())]
        return cls(float(right.mean()), float(torch.stack(shares).mean()))

    def __str__(self) -> str:
        return f"{self.overall:.2%} overall, {self.per_class:.2%} per class"


@dataclass(frozen=True)
class ZeroShotResult:
    """Both passes of Alg. 2 on one set of samples.

    Attributes:
        plain: nearest class text (Eq. 6).
        aligned: nearest prototype (Eq. 11).
        samples: number of samples.
        classes: number of classes to choose from.
    """

    plain: Accuracy
    aligned: Accuracy
    samples: int
    classes: int


def evaluate(
    features: Tensor, labels: Tensor, text: Tensor, alpha: float, groups: Mapping[str, Tensor]
) -> dict[str, ZeroShotResult]:
    """Alg. 2 on features whose labels are known.

    Args:
        features: (N, d) skeleton features.
        labels: (N,) class of each.
        text: (K, d) class features.
        alpha: tolerance margin.
        groups: names to (N,) bool; samples that are reported apart, though all are aligned and
            answered together. Empty groups are left out.
    """
    aligned = align_two_pass(features, text, alpha=alpha)
    return {
        name: ZeroShotResult(
            plain=Accuracy.of(aligned.pseudo_labels[members], labels[members]),
            aligned=Accuracy.of(aligned.predictions[members], labels[members]),
            samples=int(members.sum()),
            classes=len(text),
        )
        for name, members in groups.items()
        if members.any()
    }

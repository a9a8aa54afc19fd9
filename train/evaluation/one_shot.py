"""One labelled clip a class: the paper's section IV-F and Table VIII."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bank import PrototypeBank
from bank.errors import InputError
from train.evaluation.accuracy import Accuracy
from train.evaluation.fold_features import FoldFeatures


@dataclass(frozen=True)
class OneShotResult:
    """What an exemplar a class adds to the texts.

    Attributes:
        text: nearest class text, without exemplars (Eq. 6).
        exemplars: nearest exemplar; a class without one keeps its text. This is Table VIII.
        aligned: the same after alignment to all test clips: a prototype is the mean of the
            exemplar and of Z^k (Eq. 10).
        samples: number of test clips.
        classes: number of classes to choose from.
        shown: number of classes that have an exemplar.
    """

    text: Accuracy
    exemplars: Accuracy
    aligned: Accuracy
    samples: int
    classes: int
    shown: int


def one_shot(tested: FoldFeatures, alpha: float = 0.9) -> OneShotResult:
    """Accuracy on the test clips of a one-shot fold, which never holds an exemplar.

    Args:
        tested: features of the fold.
        alpha: tolerance margin of the alignment.

    Raises:
        InputError: the fold has no exemplars.
    """
    if not len(tested.exemplars):
        raise InputError(
            f"fold {tested.fold} has no exemplars; give a one-shot fold, e.g. one-shot-ntu60/1"
        )
    answers = one_shot_predictions(
        tested.features, tested.text, tested.exemplars, tested.exemplar_labels, alpha
    )
    text, exemplars, aligned = (Accuracy.of(answer, tested.labels) for answer in answers)
    return OneShotResult(
        text=text,
        exemplars=exemplars,
        aligned=aligned,
        samples=len(tested.labels),
        classes=len(tested.classes),
        shown=len(set(tested.exemplar_labels.tolist())),
    )


def one_shot_predictions(
    features: Tensor, text: Tensor, exemplars: Tensor, exemplar_labels: Tensor, alpha: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Answers to samples, three ways.

    Args:
        features: (N, d) samples.
        text: (K, d) class features.
        exemplars: (E, d) labelled samples, any number a class.
        exemplar_labels: (E,) class of each.
        alpha: tolerance margin of the alignment.

    Returns:
        (N,) predictions each: by the texts, by exemplars with the text where a class has none, and
        by both after alignment.
    """
    bank = PrototypeBank(text, alpha=alpha)
    by_text = bank.settle(features)
    for k in torch.unique(exemplar_labels).tolist():
        bank.enroll(exemplars[exemplar_labels == k], k)
    by_exemplar = bank.settle(features)
    bank.update(features)
    return by_text, by_exemplar, bank.settle(features)

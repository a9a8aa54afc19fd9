"""Predict, then update: what a contender answers before it learns, over many orders of a stream."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu
from torch import Tensor

from bank import align_two_pass
from bank.alignment import cosine_scores
from train.evaluation.accuracy import Accuracy
from train.evaluation.streams.contenders import Contender, Maker, Setting
from train.evaluation.streams.features import UNKNOWN, FeatureSet
from train.evaluation.streams.orders import Stream, make_stream

TEXT, TWO_PASS = "text", "two-pass"
POINTS: Final = 50  # of a curve
WINDOW: Final = 0.1  # of the stream, for the windowed curve
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answers:
    """What one contender said of one stream.

    Attributes:
        first: (n,) classes answered before learning from the sample.
        settled: (n,) classes that the last state gives to all samples.
        suspicion: (n,) grows with the suspicion that a sample is of no class; empty where all are
            known.
    """

    first: Tensor
    settled: Tensor
    suspicion: Tensor


@dataclass(frozen=True, eq=False)
class Figures:
    """One contender on all orders of one stream; accuracies are of the known samples, 0 to 1.

    Attributes:
        whole: (orders,) accuracy over the stream.
        second_half: (orders,) accuracy over its second half.
        settled: (orders,) accuracy of the settled answers.
        per_class: (orders,) accuracy over the stream, mean over its classes.
        auroc: (orders,) how well unknown samples are told from known ones; NaN without any.
        cumulative: (orders, 50) accuracy from the beginning to this point of the stream.
        windowed: (orders, 50) accuracy over the tenth of the stream that ends at this point.
    """

    whole: Values
    second_half: Values
    settled: Values
    per_class: Values
    auroc: Values
    cumulative: Values
    windowed: Values


def worst_tenth(values: Values) -> float:
    """Mean of the lowest tenth of the orders, at least of one."""
    return float(np.sort(values)[: ceil(len(values) / 10)].mean())


def progressive(stream: Stream, contender: Contender) -> Answers:
    """Let a contender answer every sample, then learn from it."""
    strangers = bool((stream.labels == UNKNOWN).any())
    first, suspicion = [], []
    for row, segment in zip(
        torch.split(stream.features, 1), torch.split(stream.indices, 1), strict=True
    ):
        first.append(int(contender.predict(row).argmax()))
        if strangers:
            suspicion.append(float(contender.suspicion(row)))
        contender.update(row, segment)
    return Answers(
        torch.tensor(first), contender.settle(stream.features).cpu(), torch.tensor(suspicion)
    )


def references(stream: Stream, text: Tensor, alpha: float) -> dict[str, Answers]:
    """The texts alone, and the two passes over the whole stream: floor and ceiling."""
    result = align_two_pass(stream.features, text, alpha=alpha)
    answers = {}
    for name, classes, towards in (
        (TEXT, result.pseudo_labels, text),
        (TWO_PASS, result.predictions, result.prototypes),
    ):
        suspicion = -cosine_scores(stream.features, towards).amax(dim=1)
        answers[name] = Answers(classes, classes, suspicion)
    return answers


def evaluate_stream(
    data: FeatureSet,
    name: str,
    contenders: Mapping[str, Maker],
    orders: int = 20,
    alpha: float = 0.9,
    advance: Callable[[], object] = lambda: None,
) -> dict[str, Figures]:
    """Figures of all contenders, of the texts and of the two passes, on one stream.

    Every contender is made anew for every order. Orders have the seeds 0, 1, 2...

    Args:
        data: a feature file.
        name: of the stream.
        contenders: by name.
        orders: how many.
        alpha: tolerance margin of the banks and the two passes.
        advance: called after every contender of every order.

    Raises:
        InputError: no such stream, or the file lacks what the stream needs.
    """
    setting = Setting.of(data, alpha)
    figures: dict[str, list[tuple[Values, Values, Values]]] = {}
    for seed in range(orders):
        stream = make_stream(name, data, seed)
        for one, answers in _all_answers(stream, setting, contenders):
            figures.setdefault(one, []).append(_figures(answers, stream.labels))
            advance()
    return {one: _stacked(rows) for one, rows in figures.items()}


def _all_answers(
    stream: Stream, setting: Setting, contenders: Mapping[str, Maker]
) -> Iterator[tuple[str, Answers]]:
    yield from references(stream, setting.text, setting.alpha).items()
    for name, make in contenders.items():
        yield name, progressive(stream, make(setting))


def _figures(answers: Answers, labels: Tensor) -> tuple[Values, Values, Values]:
    """The single figures, and both curves."""
    known = labels != UNKNOWN
    truth = labels[known]
    right = (answers.first[known] == truth).double().numpy()
    half = right[len(right) // 2 :]
    first = Accuracy.of(answers.first[known], truth)
    settled = Accuracy.of(answers.settled[known], truth)
    strange = not bool(known.all())
    auroc = _auroc(answers.suspicion, ~known) if strange else float("nan")
    single = np.array([first.overall, half.mean(), settled.overall, first.per_class, auroc])
    return single, _curve(right, len(right)), _curve(right, max(1, round(len(right) * WINDOW)))


def _auroc(suspicion: Tensor, unknown: Tensor) -> float:
    """The share of pairs in which the unknown sample is the more suspicious one."""
    positive, negative = suspicion[unknown].numpy(), suspicion[~unknown].numpy()
    won = mannwhitneyu(positive, negative).statistic
    return float(won / (len(positive) * len(negative)))


def _curve(right: Values, window: int) -> Values:
    """(50,) mean over the last ``window`` answers at equally spaced points of the stream."""
    ends = np.ceil(np.linspace(0, 1, POINTS + 1)[1:] * len(right)).astype(int)
    sums = np.concatenate([[0.0], np.cumsum(right)])
    begins = np.maximum(ends - window, 0)
    curve: Values = (sums[ends] - sums[begins]) / (ends - begins)
    return curve


def _stacked(rows: Sequence[tuple[Values, Values, Values]]) -> Figures:
    single, cumulative, windowed = (np.stack(part) for part in zip(*rows, strict=True))
    whole, second_half, settled, per_class, auroc = single.T
    return Figures(whole, second_half, settled, per_class, auroc, cumulative, windowed)

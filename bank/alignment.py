"""The paper's alignment over a whole test set: two passes (Alg. 2, Eq. 6 to 11)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bank.directions import (
    STEPS,
    Directions,
    cosines,
    on_grid,
    product,
    stored,
    unit_chunks,
    unit_chunks_again,
)
from bank.errors import InputError
from bank.support import check_alpha, kept_count
from bank.texts import ClassTexts


@dataclass(frozen=True, eq=False)
class Alignment:
    """What the two passes found.

    Attributes:
        pseudo_labels: (N,) nearest text, the first of equally near ones (Eq. 6).
        entropies: (N,) float64 nats of Eq. 7's distribution.
        prototypes: (K, d) float32, Eq. 10 (Table VI's weighted mean with ``weighted``).
        predictions: (N,) nearest prototype, the first of equally near ones (Eq. 11).
        support: (K,) size of every support set S^k, before the filter.
        kept: (K,) how many samples every prototype is the mean of: the size of Z^k (all samples
            with ``weighted``).
    """

    pseudo_labels: Tensor
    entropies: Tensor
    prototypes: Tensor
    predictions: Tensor
    support: Tensor
    kept: Tensor


def cosine_scores(features: Tensor, references: Tensor) -> Tensor:
    """(N, K) float64 cosines of features (N, d) with references (K, d), of any length.

    Raises:
        InputError: shapes do not fit, or a row is not finite or all zeros.
    """
    towards = stored(ClassTexts(references).directions)
    chunks = unit_chunks(features, "features", towards.shape[1])
    scores = [cosines(units, towards) for units in chunks]
    return torch.from_numpy(np.concatenate([np.empty((0, len(towards))), *scores]))


def probabilities(features: Tensor, text: Tensor) -> Tensor:
    """(N, K) float64, Eq. 7: softmax of raw cosines over texts (K, d), without temperature."""
    return torch.softmax(cosine_scores(features, text), dim=1)


def entropy(features: Tensor, text: Tensor) -> Tensor:
    """(N,) float64 entropies, nats, of Eq. 7's distribution over texts (K, d)."""
    return torch.from_numpy(_read_all(features, ClassTexts(text))[1])


def align_two_pass(
    features: Tensor,
    text: Tensor,
    alpha: float = 0.9,
    pseudo_labels: Literal["argmax", "weighted"] = "argmax",
) -> Alignment:
    """Align text features to a whole test set, then classify it (Alg. 2).

    Of every support set S^k the floor(alpha |S^k|) samples of smallest entropy are kept; equal
    entropies are ordered by the features' own values, so that the result does not depend on the
    order of the samples. A class of which none is kept (alpha 0 keeps none) has its unit text
    feature as prototype. ``weighted`` is Table VI's variant: every sample counts for every class by
    its probability, and alpha is not used. Beside its results it needs memory for a few thousand
    rows only.

    Args:
        features: (N, d) skeleton features, any length, floating type and device.
        text: (K, d) class text features, any length.
        alpha: tolerance margin, 0 to 1.
        pseudo_labels: how samples are given to classes.

    Raises:
        InputError: shapes do not fit, a row is not finite or all zeros, alpha is out of range.
    """
    check_alpha(alpha)
    if pseudo_labels not in ("argmax", "weighted"):
        raise InputError(f"pseudo_labels is 'argmax' or 'weighted', not {pseudo_labels!r}")
    texts = ClassTexts(text)
    labels, entropies, ties = _read_all(features, texts)
    support = np.bincount(labels, minlength=len(texts))
    weights: NDArray[np.float64] | NDArray[np.int64]
    if pseudo_labels == "weighted":
        kept = np.full(len(texts), len(labels))
        sums, weights = _weighted_sums(features, texts)
    else:
        chosen = _most_certain(labels, entropies, ties, alpha)
        kept = np.bincount(labels[chosen], minlength=len(texts))
        sums, weights = _sums(features, labels, chosen, texts), kept
    # Directions that cancel each other leave a prototype of length zero, which scores zero.
    empty = (kept == 0)[:, None]
    references = np.where(empty, texts.directions, on_grid(sums))
    means = sums / np.where(kept > 0, weights, 1)[:, None]
    prototypes = np.where(empty, texts.directions, means) / STEPS

    return Alignment(
        pseudo_labels=torch.from_numpy(labels),
        entropies=torch.from_numpy(entropies),
        prototypes=torch.from_numpy(prototypes).float(),
        predictions=nearest(unit_chunks_again(features), len(features), references),
        support=torch.from_numpy(support),
        kept=torch.from_numpy(kept),
    )


def nearest(chunks: Iterable[Directions], count: int, references: Directions) -> Tensor:
    """(count,) the first of the nearest references (K, d) of unit vectors in chunks (Eq. 11)."""
    answers = np.empty(count, np.int64)
    towards = stored(references)
    at = 0
    for units in chunks:
        answers[at : at + len(units)] = cosines(units, towards).argmax(axis=1)
        at += len(units)
    return torch.from_numpy(answers)


def _read_all(
    features: Tensor, texts: ClassTexts
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The first pass: (N,) pseudo-labels, entropies and tie breakers."""
    chunks = unit_chunks(features, "features", texts.dimension)
    count = len(features)
    labels, entropies, ties = np.empty(count, np.int64), np.empty(count), np.empty(count)
    at = 0
    for units in chunks:
        rows = slice(at, at + len(units))
        labels[rows], entropies[rows], ties[rows], _ = texts.read(units).T
        at += len(units)
    return labels, entropies, ties


def _most_certain(
    labels: NDArray[np.int64],
    entropies: NDArray[np.float64],
    ties: NDArray[np.float64],
    alpha: float,
) -> NDArray[np.bool_]:
    """(N,) whether a sample is in its class's Z^k (Eq. 9)."""
    chosen = np.zeros(len(labels), np.bool_)
    order = np.lexsort((ties, entropies, labels))
    for members in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        chosen[members[: kept_count(alpha, len(members))]] = True
    return chosen


def _sums(
    features: Tensor, labels: NDArray[np.int64], chosen: NDArray[np.bool_], texts: ClassTexts
) -> NDArray[np.float64]:
    """(K, d) sums over every Z^k, in grid steps; whole numbers, so exact in any order."""
    sums = np.zeros_like(texts.directions)
    at = 0
    for units in unit_chunks_again(features):
        rows = np.flatnonzero(chosen[at : at + len(units)])
        member = labels[at + rows] == np.arange(len(texts))[:, None]
        sums += product(member.astype(np.float64), units[rows])
        at += len(units)
    return sums


def _weighted_sums(
    features: Tensor, texts: ClassTexts
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(K, d) sums weighted by Eq. 7's probabilities, in grid steps, and (K,) their weights."""
    sums = np.zeros_like(texts.directions)
    weights = np.zeros(len(texts))
    towards = stored(texts.directions)
    for units in unit_chunks_again(features):
        scores = np.exp(cosines(units, towards))
        shares = scores / scores.sum(axis=1, keepdims=True)
        sums += product(shares.T, units)
        weights += shares.sum(axis=0)
    return sums, weights

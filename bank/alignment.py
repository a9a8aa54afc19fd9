"""The paper's alignment over a whole test set: two passes (Alg. 2, Eq. 6 to 11)."""

import hashlib
import math
from dataclasses import dataclass
from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from bank.errors import InputError

# Scores and entropies are rounded to so many decimals before they are compared: what differs by
# less is a tie, whatever order a matrix product was summed in.
_DECIMALS: Final = 12
_CHUNK: Final = 8192


@dataclass(frozen=True)
class Alignment:
    """What the two passes found.

    Attributes:
        pseudo_labels: (N,) nearest text, the first of equally near ones (Eq. 6).
        entropies: (N,) float64 nats of Eq. 7's distribution.
        prototypes: (K, d) float32, Eq. 10 (Table VI's weighted mean with ``weighted``).
        predictions: (N,) nearest prototype (Eq. 11).
        support: (K,) size of every support set S^k, before the filter.
        kept: (K,) size of every final support set Z^k.
    """

    pseudo_labels: Tensor
    entropies: Tensor
    prototypes: Tensor
    predictions: Tensor
    support: Tensor
    kept: Tensor


def unit_rows(features: Tensor, what: str) -> Tensor:
    """(N, d) float64 rows of unit length.

    Raises:
        InputError: not two-dimensional, not finite, or a row has no direction.
    """
    if features.ndim != 2:
        raise InputError(f"{what} have shape {tuple(features.shape)}, not (rows, dimension)")
    rows = features.detach().to("cpu", torch.float64)
    if not torch.isfinite(rows).all():
        raise InputError(f"{what} are not finite: mend or drop those rows first")
    lengths = rows.norm(dim=1, keepdim=True)
    if (lengths == 0).any():
        raise InputError(f"{what} hold a row of zeros, which has no direction")
    return rows / lengths


def kept_count(alpha: float, size: int) -> int:
    """rho^k of Eq. 9: floor(alpha |S^k|), not misled by how alpha is rounded in binary."""
    return min(size, math.floor(alpha * size + 1e-9))


def check_alpha(alpha: float) -> float:
    """The tolerance margin, if it is one.

    Raises:
        InputError: not within [0, 1].
    """
    if not 0.0 <= alpha <= 1.0:
        raise InputError(f"alpha is {alpha}, but a tolerance margin lies between 0 and 1")
    return alpha


def pseudo_label(units: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
    """Eq. 6 and 7 for unit rows.

    Args:
        units: (N, d) float64 unit skeleton features.
        text: (K, d) float64 unit text features.

    Returns:
        (N,) pseudo-labels and (N,) entropies in nats, of the softmax of raw cosines.
    """
    scores = units @ text.T
    log_p = torch.log_softmax(scores, dim=1)
    entropies = -(log_p.exp() * log_p).sum(dim=1)
    first_best = torch.round(scores, decimals=_DECIMALS).argmax(dim=1)
    return first_best, torch.round(entropies, decimals=_DECIMALS)


def entropy(features: Tensor, text: Tensor) -> Tensor:
    """(N,) float64 entropies, nats, of Eq. 7's distribution over texts (K, d)."""
    return pseudo_label(unit_rows(features, "features"), unit_rows(text, "text"))[1]


def tie_breaker(unit: Tensor) -> bytes:
    """Orders samples of equal entropy by what they are, not by when they came."""
    return hashlib.blake2b(unit.to(torch.float32).numpy().tobytes(), digest_size=16).digest()


def align_two_pass(
    features: Tensor,
    text: Tensor,
    alpha: float = 0.9,
    pseudo_labels: Literal["argmax", "weighted"] = "argmax",
) -> Alignment:
    """Align text features to a whole test set, then classify it (Alg. 2).

    Of every support set S^k the floor(alpha |S^k|) samples of smallest entropy are kept; equal
    entropies are ordered by a hash of the feature, so that the result does not depend on the order
    of the samples. A class of which none is kept (alpha 0 keeps none) has its text feature as
    prototype. ``weighted`` is Table VI's variant: every sample counts for every class by its
    probability, and alpha is not used.

    Args:
        features: (N, d) skeleton features, any length.
        text: (K, d) class text features, any length.
        alpha: tolerance margin, 0 to 1.
        pseudo_labels: how samples are given to classes.

    Raises:
        InputError: shapes do not fit, values are not finite, alpha is out of range.
    """
    check_alpha(alpha)
    if pseudo_labels not in ("argmax", "weighted"):
        raise InputError(f"pseudo_labels is 'argmax' or 'weighted', not {pseudo_labels!r}")
    texts = unit_rows(text, "text")
    if features.ndim != 2 or features.shape[1] != texts.shape[1]:
        raise InputError(
            f"features {tuple(features.shape)} and text {tuple(text.shape)} differ in dimension"
        )
    classes = len(texts)
    weighted_sum = torch.zeros_like(texts)
    weight = torch.zeros(classes, dtype=torch.float64)
    labels, entropies = [], []
    for chunk in features.split(_CHUNK):
        units = unit_rows(chunk, "features")
        chosen, uncertain = pseudo_label(units, texts)
        labels.append(chosen)
        entropies.append(uncertain)
        if pseudo_labels == "weighted":
            p = torch.softmax(units @ texts.T, dim=1)
            weighted_sum += p.T @ units
            weight += p.sum(dim=0)
    label = torch.cat(labels) if labels else torch.empty(0, dtype=torch.long)
    uncertainty = torch.cat(entropies) if entropies else torch.empty(0, dtype=torch.float64)

    prototypes = texts.clone()
    support = torch.bincount(label, minlength=classes)
    kept = torch.zeros(classes, dtype=torch.long)
    if pseudo_labels == "weighted":
        if len(features):
            prototypes = weighted_sum / weight[:, None]
            kept = torch.full((classes,), len(features), dtype=torch.long)
    else:
        for k in range(classes):
            members = _most_certain(features, (label == k).nonzero()[:, 0], uncertainty, alpha)
            kept[k] = len(members)
            if len(members):
                prototypes[k] = torch.stack(
                    [
                        unit_rows(features[part], "features").sum(dim=0)
                        for part in members.split(_CHUNK)
                    ]
                ).sum(dim=0) / len(members)

    directions = F.normalize(prototypes, dim=1)
    predictions = [
        torch.round(unit_rows(chunk, "features") @ directions.T, decimals=_DECIMALS).argmax(dim=1)
        for chunk in features.split(_CHUNK)
        if len(chunk)
    ]
    return Alignment(
        pseudo_labels=label,
        entropies=uncertainty,
        prototypes=prototypes.float(),
        predictions=torch.cat(predictions) if predictions else label.clone(),
        support=support,
        kept=kept,
    )


def _most_certain(features: Tensor, members: Tensor, entropies: Tensor, alpha: float) -> Tensor:
    """Z^k: indices of the members of smallest entropy."""
    count = kept_count(alpha, len(members))
    if count in (0, len(members)):
        return members[:count]
    values = entropies[members]
    threshold = values.kthvalue(count).values
    sure = members[values < threshold]
    tied = members[values == threshold]
    room = count - len(sure)
    if room < len(tied):
        keys = [tie_breaker(unit_rows(features[i, None], "features")[0]) for i in tied.tolist()]
        order = sorted(range(len(tied)), key=keys.__getitem__)
        tied = tied[torch.tensor(order[:room])]
    return torch.cat([sure, tied])

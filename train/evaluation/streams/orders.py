"""Streams: the same test clips in the orders, and with the company, that life has them in."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from bank.errors import InputError
from train.evaluation.streams.features import UNKNOWN, FeatureSet

Indices = NDArray[np.int64]

UNKNOWN_SHARE: Final = 0.3
ABSENT_SHARE: Final = 0.5
DRIFT: Final = 0.5  # the length of the shift, in root mean square distances from the mean
WINDOWS: Final = 7  # the most near-duplicates of one clip
JITTER: Final = 0.15  # how far they lie from the clip, in the same distances


@dataclass(frozen=True, eq=False)
class Stream:
    """Samples in the order in which they come.

    Attributes:
        features: (n, d) unit vectors.
        labels: (n,) true classes, -1 for unknown actions.
        indices: (n,) which sample of the feature file each one is; near-duplicates share it.
    """

    features: Tensor
    labels: Tensor
    indices: Tensor

    def __len__(self) -> int:
        return len(self.labels)


def stream_names() -> list[str]:
    """All streams, ``iid`` first."""
    return list(_STREAMS)


def standard_streams() -> list[str]:
    """The eight that are run when nothing else is asked for: all but ``windows``."""
    return [name for name in _STREAMS if name != "windows"]


def make_stream(name: str, data: FeatureSet, seed: int) -> Stream:
    """One order of a stream.

    The same seed gives the same order again, and ``iid``, ``drift`` and ``unknown`` agree in the
    order of the known samples, so that they can be compared sample by sample.

    ``iid``
        all known samples in random order.
    ``dirichlet-G``
        correlated in time, as test-time adaptation has it (NOTE, RoTTA): there are as many slots
        as classes, each class is dealt over them in shares drawn from Dirichlet(G), and within a
        slot the classes follow each other. The smaller G, the fewer slots a class is in.
    ``classes``
        one class after another, in random order.
    ``absent``
        half of the classes never come; the others do in random order.
    ``unknown``
        30 % of the samples are of actions that no text describes (fewer if the file has fewer).
    ``drift``
        half-way all features move by one vector, as they do when a camera is moved. It is drawn
        from the normal distribution of the features themselves and half as long as they are away
        from their mean: a direction in which features do differ, for most of the others nothing
        would happen.
    ``windows``
        every sample comes 1 to 7 times in a row with a little noise, as overlapping windows of
        one action do.

    Args:
        name: one of :func:`stream_names`.
        data: a feature file.
        seed: number of the order.

    Raises:
        InputError: no such stream, or the file has no unknown samples for ``unknown``.
    """
    if name not in _STREAMS:
        raise InputError(f"no stream {name!r}; there are {', '.join(_STREAMS)}")
    return _STREAMS[name](data, seed)


def _rng(seed: int, *more: int) -> np.random.Generator:
    return np.random.default_rng([seed, *more])


def _known(data: FeatureSet) -> Indices:
    return np.flatnonzero(data.known.numpy())


def _shuffled(data: FeatureSet, seed: int) -> Indices:
    return _rng(seed).permutation(_known(data))


def _in_order(data: FeatureSet, order: Indices) -> Stream:
    indices = torch.from_numpy(order)
    return Stream(F.normalize(data.features[indices], dim=1), data.labels[indices], indices)


def _iid(data: FeatureSet, seed: int) -> Stream:
    return _in_order(data, _shuffled(data, seed))


def _by_class(data: FeatureSet, order: Indices) -> list[Indices]:
    """The samples of every class that has some, in the order given."""
    labels = data.labels.numpy()[order]
    return [order[labels == k] for k in np.unique(labels)]


def _dirichlet(data: FeatureSet, seed: int, gamma: float) -> Stream:
    rng = _rng(seed, 1)
    members = _by_class(data, _shuffled(data, seed))
    slots: list[list[Indices]] = [[] for _ in members]
    for mine in members:
        # Where gamma is tiny all of Dirichlet's gamma variates may underflow to zero.
        shares = rng.dirichlet(np.full(len(slots), gamma))
        if not np.isfinite(shares).all() or shares.sum() == 0:
            shares = np.eye(len(slots))[rng.integers(len(slots))]
        cuts = np.round(np.cumsum(shares)[:-1] * len(mine)).astype(np.int64)
        for slot, part in zip(slots, np.split(mine, cuts), strict=True):
            slot.append(part)
    parts = [slot[k] for slot in slots for k in rng.permutation(len(slot))]
    return _in_order(data, np.concatenate(parts))


def _classes(data: FeatureSet, seed: int) -> Stream:
    members = _by_class(data, _shuffled(data, seed))
    turns = _rng(seed, 1).permutation(len(members))
    return _in_order(data, np.concatenate([members[k] for k in turns]))


def _absent(data: FeatureSet, seed: int) -> Stream:
    order = _shuffled(data, seed)
    labels = data.labels.numpy()[order]
    there = np.unique(labels)
    count = len(there) - int(len(there) * ABSENT_SHARE)
    present = _rng(seed, 1).choice(there, count, replace=False)
    return _in_order(data, order[np.isin(labels, present)])


def _unknown(data: FeatureSet, seed: int) -> Stream:
    rng = _rng(seed, 1)
    order = _shuffled(data, seed)
    strangers = rng.permutation(np.flatnonzero(data.labels.numpy() == UNKNOWN))
    if not len(strangers):
        raise InputError(
            "the feature file has no unknown actions; make it again with pgfa-bench features "
            "--unknowns, or leave out the stream 'unknown'"
        )
    strangers = strangers[: round(len(order) * UNKNOWN_SHARE / (1 - UNKNOWN_SHARE))]
    places = rng.permutation(len(order) + len(strangers)) < len(strangers)
    mixed = np.empty(len(places), np.int64)
    mixed[places], mixed[~places] = strangers, order
    return _in_order(data, mixed)


def _drift(data: FeatureSet, seed: int) -> Stream:
    stream = _iid(data, seed)
    moved = stream.features.clone()
    half = len(stream) // 2
    shift = DRIFT * _typical_difference(stream.features, _rng(seed, 1), 1)
    moved[half:] = F.normalize(moved[half:] + shift, dim=1)
    return Stream(moved, stream.labels, stream.indices)


def _windows(data: FeatureSet, seed: int) -> Stream:
    rng = _rng(seed, 1)
    order = _shuffled(data, seed)
    order = np.repeat(order, rng.integers(1, WINDOWS + 1, len(order)))
    stream = _in_order(data, order)
    noise = JITTER * _typical_difference(stream.features, rng, len(order))
    return Stream(F.normalize(stream.features + noise, dim=1), stream.labels, stream.indices)


def _typical_difference(features: Tensor, rng: np.random.Generator, count: int) -> Tensor:
    """(count, d) normal vectors of the features' own covariance, of their typical length."""
    centred = features - features.mean(dim=0)
    weights = torch.from_numpy(rng.standard_normal((count, len(features)))).to(features.dtype)
    length = centred.norm(dim=1).square().mean().sqrt()
    return torch.mul(F.normalize(weights @ centred, dim=1), length)


_STREAMS: Final[dict[str, Callable[[FeatureSet, int], Stream]]] = {
    "iid": _iid,
    **{f"dirichlet-{gamma}": partial(_dirichlet, gamma=gamma) for gamma in (0.1, 0.01, 0.001)},
    "classes": _classes,
    "absent": _absent,
    "unknown": _unknown,
    "drift": _drift,
    "windows": _windows,
}

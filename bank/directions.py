"""Directions of features, on a grid on which arithmetic is exact.

Floating-point sums depend on the order of their terms, and a matrix product orders them by the size
of the batch, the processor and the number of threads. A bank that promises the same prototypes
after any order and any batch sizes cannot rest on such sums. So every unit vector is rounded once
to multiples of 2^-26 (about 1.5e-8; the spacing of float32 next to one is 6e-8). Counted in
grid steps its components are whole numbers, a dot product of two of them stays under 2^53, and
float64 adds whole numbers below 2^53 without any rounding: cosines and sums of directions are
exact, hence the same whoever computes them in whatever order.
"""

import hashlib
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bank.compiled import compiled
from bank.errors import InputError

Floats = NDArray[np.float64]
Directions = NDArray[np.float64]  # (rows, d), whole numbers: unit vectors in grid steps
StoredDirections = NDArray[np.int32]  # the same, in half the memory

STEPS: Final = 2.0**26  # grid steps to a length of one
CHUNK: Final = 1024  # rows worked on at a time: what bounds the memory of everything here
_FEW: Final = 16  # rows whose cosines are not worth waking threads for
_SHORTEST, _LONGEST = 1e-100, 1e100  # lengths whose squares neither under- nor overflow


def unit_chunks(features: Tensor, what: str, dimension: int | None = None) -> Iterable[Directions]:
    """Unit vectors of (N, d) features in grid steps, at most :data:`CHUNK` rows at a time.

    All rows are checked before the first of them is given out.

    Args:
        features: (N, d), any length, floating type and device.
        what: how a message calls them.
        dimension: the d they must have, if any.

    Raises:
        InputError: another shape, or a row is not finite or all zeros.
    """
    count = check_shape(features, what, dimension)
    features = features.detach()
    if count == 0:
        return ()
    if count <= CHUNK:
        return (on_grid(as_given(features), what),)
    for part in torch.split(features, CHUNK):
        low, high = part.aminmax(dim=1)
        _check_peaks(as_given(torch.maximum(high, -low)), what)
    return unit_chunks_again(features)


def check_shape(features: Tensor, what: str, dimension: int | None = None) -> int:
    """Refuse what is not (N, d).

    Returns:
        N.

    Raises:
        InputError: another shape.
    """
    shape = features.shape
    if len(shape) != 2 or shape[1] == 0:
        raise InputError(f"{what} have shape {tuple(shape)}, not (rows, dimension)")
    if dimension is not None and shape[1] != dimension:
        raise InputError(
            f"{what} have shape {tuple(shape)}, not (rows, {dimension}): they differ in dimension "
            "from the class texts; use the model that goes with the texts"
        )
    return shape[0]


def unit_chunks_again(features: Tensor) -> Iterable[Directions]:
    """The same for features that :func:`unit_chunks` has checked."""
    parts = torch.split(features.detach(), CHUNK)
    return (on_grid(as_given(part)) for part in parts if part.shape[0])


def few_rows(chunks: Iterable[Directions], most: int) -> Iterable[Directions]:
    """The same rows, at most ``most`` at a time."""
    return (chunk[at : at + most] for chunk in chunks for at in range(0, len(chunk), most))


def on_grid(rows: NDArray[Any], what: str | None = None) -> Directions:
    """Rows (N, d) scaled to unit length and rounded to the grid.

    Args:
        rows: (N, d), N at least 1, of any floating type.
        what: how a message calls them; None lets rows of zeros pass, which stay zeros.

    Raises:
        InputError: ``what`` is given and a row is not finite or all zeros.
    """
    units: Directions = rows.astype(np.float64, order="C")
    if not _to_grid(units) and what is not None:
        _check_peaks(np.abs(rows).max(axis=1), what)
    return units


def stored(units: Directions) -> StoredDirections:
    """Directions as they are kept."""
    return units.astype(np.int32)


@compiled
def _squares(row: Floats) -> float:
    """Sum of the squares of (d,), in pairs of pairs, which is quick and loses little.

    The order is NumPy's, that in which texts of states already saved have been summed.
    """
    count = len(row)
    if count > 128:
        half = count // 2
        half -= half % 8
        return _squares(row[:half]) + _squares(row[half:])
    whole = count - count % 8
    a = b = c = d = e = f = g = h = 0.0
    for i in range(0, whole, 8):
        a += row[i] * row[i]
        b += row[i + 1] * row[i + 1]
        c += row[i + 2] * row[i + 2]
        d += row[i + 3] * row[i + 3]
        e += row[i + 4] * row[i + 4]
        f += row[i + 5] * row[i + 5]
        g += row[i + 6] * row[i + 6]
        h += row[i + 7] * row[i + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(whole, count):
        total += row[i] * row[i]
    return total


@compiled
def _to_grid(rows: Floats) -> bool:
    """Make rows (N, d) their directions; returns whether all have one.

    What has none, because it is zero or not finite, becomes zeros.
    """
    fine = True
    for r in range(len(rows)):
        row = rows[r]
        length = np.sqrt(_squares(row))
        if not _SHORTEST < length < _LONGEST:  # the squares are lost, or there is a NaN
            peak = 0.0
            for i in range(len(row)):
                peak = max(peak, abs(row[i]))
            for i in range(len(row)):
                row[i] /= peak
            length = np.sqrt(_squares(row))
            if not length > 0.0:  # zero over zero, infinity over infinity, or the NaN
                fine = False
                row[:] = 0.0
                continue
        length /= STEPS
        for i in range(len(row)):
            row[i] = np.rint(row[i] / length)
    return fine


@compiled
def point(total: Floats, rows: StoredDirections, k: int) -> float:
    """Make row ``k`` of (K, d) the direction of a sum (d,), zeros if it cancels.

    Returns:
        The length of the sum.
    """
    length = float(np.sqrt(_squares(total)))
    scale = length / STEPS
    for i in range(len(total)):
        rows[k, i] = np.int32(np.rint(total[i] / scale)) if length > 0.0 else 0
    return length


def as_given(features: Tensor) -> NDArray[Any]:
    """Features of any floating type and device, as they are where NumPy can have them so."""
    try:
        return features.numpy()  # the live case: asking first would take longer than this
    except (TypeError, RuntimeError):  # on another device, part of a graph, or bfloat16
        return features.detach().to("cpu", torch.float64).numpy()


def _check_peaks(peaks: NDArray[Any], what: str) -> None:
    if not np.isfinite(peaks).all():
        raise InputError(f"{what} are not finite: mend or drop those rows first")
    if (peaks == 0).any():
        raise InputError(f"{what} hold a row of zeros, which has no direction: drop it first")


def cosines(one: Directions, other: StoredDirections) -> Floats:
    """(N, K) exact dot products of directions (N, d) and (K, d).

    Those of a few rows are computed in this thread, those of many in the threads PyTorch was given:
    waking threads for a few windows costs more than it saves, and on busy cores a hundred times
    more.
    """
    if len(one) > _FEW:
        products = product(one, other.T.astype(np.float64))
        products *= 1.0 / (STEPS * STEPS)
    else:
        products = np.empty((len(one), len(other)))
        _few_cosines(one, other, products)
    return products


def product(one: Floats, other: Floats) -> Floats:
    """Matrix product."""
    products: Floats = (torch.from_numpy(one) @ torch.from_numpy(other)).numpy()
    return products


@compiled
def compare(
    directions: StoredDirections, k: int, others: StoredDirections, products: Floats
) -> None:
    """Write the cosines of row ``k`` of (K, d) directions with (L, d) others as row ``k``."""
    for other in range(len(others)):
        total = np.int64(0)
        for i in range(directions.shape[1]):
            total += np.int64(directions[k, i]) * np.int64(others[other, i])
        products[k, other] = total * (1.0 / (STEPS * STEPS))


@compiled
def _few_cosines(one: Floats, other: StoredDirections, products: Floats) -> None:
    whole = np.empty(one.shape[1], np.int32)
    for row in range(len(one)):
        for i in range(len(whole)):
            whole[i] = np.int32(one[row, i])
        for k in range(len(other)):
            total = np.int64(0)
            for i in range(len(whole)):
                total += np.int64(whole[i]) * np.int64(other[k, i])
            products[row, k] = total * (1.0 / (STEPS * STEPS))


def tie_direction(dimension: int) -> Directions:
    """(1, d) a fixed direction that no text has; samples of equal entropy are ordered along it."""
    noise = hashlib.shake_256(b"order of equal entropies").digest(4 * dimension)
    return on_grid(np.frombuffer(noise, "<i4").astype(np.float64)[None] + 0.5)

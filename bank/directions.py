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
import math
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bank.errors import InputError

Directions = NDArray[np.float64]  # (rows, d), whole numbers: unit vectors in grid steps
StoredDirections = NDArray[np.int32]  # the same, in half the memory

STEPS: Final = 2.0**26  # grid steps to a length of one
CHUNK: Final = 1024  # rows worked on at a time: what bounds the memory of everything here
_SMALL_PRODUCT: Final = 2**20  # multiplications: 16 windows, 60 classes, 768 dimensions
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
    check_shape(features, what, dimension)
    features = features.detach()
    count = features.shape[0]
    if count == 0:
        return ()
    if count <= CHUNK:
        return (on_grid(as_given(features), what),)
    for part in torch.split(features, CHUNK):
        low, high = part.aminmax(dim=1)
        _check_peaks(as_given(torch.maximum(high, -low)), what)
    return unit_chunks_again(features)


def check_shape(features: Tensor, what: str, dimension: int | None = None) -> None:
    """Refuse what is not (N, d).

    Raises:
        InputError: another shape.
    """
    if features.ndim != 2 or features.shape[1] == 0:
        raise InputError(f"{what} have shape {tuple(features.shape)}, not (rows, dimension)")
    if dimension is not None and features.shape[1] != dimension:
        raise InputError(
            f"{what} have shape {tuple(features.shape)}, not (rows, {dimension}): they differ in "
            "dimension from the class texts; use the model that goes with the texts"
        )


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
    # The live case: one row, whose squares cannot overflow.
    if len(rows) == 1 and (what is None or rows.dtype == np.float32):
        row = rows[0].astype(np.float64)
        length = math.sqrt(np.add.reduce(row * row))
        if _SHORTEST < length < _LONGEST:
            row /= length / STEPS
            on_it: Directions = np.rint(row, out=row)[None]
            return on_it
    rows = rows.astype(np.float64, copy=False)
    lengths = _lengths(rows)
    shortest, longest = lengths.min(), lengths.max()
    if not (shortest > _SHORTEST and longest < _LONGEST):  # NaN and infinity come this way too
        peaks = np.abs(rows).max(axis=1, keepdims=True)
        if what is not None:
            _check_peaks(peaks, what)
        odd = (lengths <= _SHORTEST) | (lengths >= _LONGEST)  # row by row: no row sways another
        rows = rows / np.where(odd & (peaks > 0), peaks, 1.0)
        lengths = np.where(peaks > 0, _lengths(rows), 1.0)
    units: Directions = rows / (lengths / STEPS)
    return np.rint(units, out=units)


def as_given(features: Tensor) -> NDArray[Any]:
    """Features of any floating type and device, as they are where NumPy can have them so."""
    try:
        return features.numpy()  # the live case: asking first would take longer than this
    except (TypeError, RuntimeError):  # on another device, part of a graph, or bfloat16
        return features.detach().to("cpu", torch.float64).numpy()


def _lengths(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    # NumPy sums every row of a C-ordered array for itself, in an order that the number of rows does
    # not change. The tests hold it to that: without it nothing here would be reproducible.
    with np.errstate(over="ignore"):
        squares = np.multiply(rows, rows, order="C")
        return np.sqrt(np.add.reduce(squares, axis=1, keepdims=True))


def _check_peaks(peaks: NDArray[Any], what: str) -> None:
    if not np.isfinite(peaks).all():
        raise InputError(f"{what} are not finite: mend or drop those rows first")
    if (peaks == 0).any():
        raise InputError(f"{what} hold a row of zeros, which has no direction: drop it first")


def cosines(one: Directions, other: Directions) -> NDArray[np.float64]:
    """(N, K) exact dot products of directions (N, d) and (K, d)."""
    products = product(one, other.T)
    products *= 1.0 / (STEPS * STEPS)
    return products


def product(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matrix product: a small one in this thread, a large one in the threads PyTorch was given.

    Waking threads for a few windows costs more than it saves, and on busy cores a hundred times
    more. NumPy keeps small products to itself; large ones it would spread over all cores.
    """
    if one.shape[0] * other.size <= _SMALL_PRODUCT:
        small: NDArray[np.float64] = one @ other
        return small
    large: NDArray[np.float64] = (torch.from_numpy(one) @ torch.from_numpy(other)).numpy()
    return large


def tie_direction(dimension: int) -> Directions:
    """(1, d) a fixed direction that no text has; samples of equal entropy are ordered along it."""
    noise = hashlib.shake_256(b"order of equal entropies").digest(4 * dimension)
    return on_grid(np.frombuffer(noise, "<i4").astype(np.float64)[None] + 0.5)

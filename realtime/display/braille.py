"""Stick figures in a terminal: two by four dots a character, by Unicode's braille patterns."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from realtime.display.figure import BONES, HEAD, Points, head_radius, place
from realtime.display.palette import Colour, person_colour
from realtime.display.view import View

_ACROSS: Final = 2
_DOWN: Final = 4
_BLANK: Final = 0x2800
# The bit of a braille character that stands for the dot in a row and column.
_BITS: Final = np.array(((0, 3), (1, 4), (2, 5), (6, 7)))[None, :, None, :]

Cell = tuple[str, Colour | None]


def figures(view: View, columns: int, rows: int) -> list[list[Cell]]:
    """Everybody in a frame, as characters; seen from the front, as large as they fit.

    Args:
        view: who is where.
        columns: width in characters.
        rows: height in characters.

    Returns:
        ``rows`` lists of ``columns`` characters with their colours (None where nobody is).
    """
    width, height = columns * _ACROSS, rows * _DOWN
    cells: list[list[Cell]] = [[(" ", None)] * columns for _ in range(rows)]
    for body, points in place(view.frame, width, height, use_pixels=False):
        lit = _dots(points, width, height).reshape(rows, _DOWN, columns, _ACROSS)
        codes = (lit.astype(int) << _BITS).sum(axis=(1, 3))
        for row, column in np.argwhere(codes):
            character = chr(_BLANK + int(codes[row, column]))
            cells[row][column] = (character, person_colour(body.track))
    return cells


def _dots(points: Points, width: int, height: int) -> NDArray[np.bool_]:
    """(height, width) where one person's bones and head run; without OpenCV's help."""
    seen = np.asarray(np.isfinite(points).all(axis=1))
    head = head_radius(points, seen)
    along = np.linspace(0.0, 1.0, 2 * max(width, height))[:, None]
    strokes = [
        points[a] + along * (points[b] - points[a])
        for a, b in BONES
        if seen[a] and seen[b] and not (b == HEAD and head)
    ]
    if head:
        turn = 2 * np.pi * along
        strokes.append(points[HEAD] + head * np.concatenate((np.cos(turn), np.sin(turn)), axis=1))
    dots = np.zeros((height, width), dtype=np.bool_)
    if strokes:
        x, y = np.rint(np.concatenate(strokes)).T
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        dots[y[inside].astype(int), x[inside].astype(int)] = True
    return dots

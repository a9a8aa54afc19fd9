"""Stick figures in a terminal: two by four dots a character, by Unicode's braille patterns."""

from typing import Final

import numpy as np

from realtime.display.figure import draw_bones, place
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
        dots = np.zeros((height, width), dtype=np.uint8)
        draw_bones(dots, points)
        lit = dots.reshape(rows, _DOWN, columns, _ACROSS) > 0
        codes = (lit.astype(int) << _BITS).sum(axis=(1, 3))
        for row, column in np.argwhere(codes):
            character = chr(_BLANK + int(codes[row, column]))
            cells[row][column] = (character, person_colour(body.track))
    return cells

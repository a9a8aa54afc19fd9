"""A window on the screen."""

import time

from bank.errors import InputError
from realtime.display.draw import draw
from realtime.display.view import View
from realtime.sources.opencv import load_opencv

_TITLE = "PGFA Live"
_REDRAWS = 30.0  # a second at most: the screen shows no more, and the run has other work


class WindowDisplay:
    """Shows views in an OpenCV window.

    Args:
        size: width and height in pixels.

    Raises:
        InputError: this OpenCV cannot open windows here.
    """

    def __init__(self, size: tuple[int, int] = (960, 540)) -> None:
        self._cv2 = load_opencv()
        self._size = size
        self._next = 0.0
        try:
            self._cv2.namedWindow(_TITLE, self._cv2.WINDOW_AUTOSIZE)
        except self._cv2.error:
            raise InputError("no window can be opened here; use --headless") from None

    def show(self, view: View) -> str | None:
        """See :class:`realtime.display.Display`; closing the window counts as ``q``."""
        now = time.monotonic()
        if now < self._next:
            return None
        self._next = now + 1 / _REDRAWS
        self._cv2.imshow(_TITLE, draw(view, self._size))
        key = self._cv2.waitKey(1)
        if self._cv2.getWindowProperty(_TITLE, self._cv2.WND_PROP_VISIBLE) < 1:
            return "q"
        return chr(key & 0xFF) if key >= 0 else None

    def close(self) -> None:
        """Close the window."""
        self._cv2.destroyAllWindows()

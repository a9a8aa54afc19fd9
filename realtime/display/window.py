"""A window on the screen."""

import os
import subprocess
import sys
import time
from typing import Final

from bank.errors import InputError
from realtime.display.draw import draw
from realtime.display.view import View
from realtime.sources.opencv import load_opencv

_TITLE: Final = "PGFA Live"
_REDRAWS: Final = 30.0  # a second at most: the screen shows no more, and the run has other work
_ESCAPE: Final = 27
_PROBE: Final = "import cv2; cv2.namedWindow('probe', cv2.WINDOW_NORMAL)"
_PROBE_SECONDS: Final = 20.0


def windows_open_here() -> bool:
    """Whether a window can be opened.

    Tried in a process of its own: where the screen cannot be reached, the window system ends the
    whole process, and no exception could be caught.
    """
    _settle_qt()
    try:
        probe = subprocess.run(
            [sys.executable, "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0


class WindowDisplay:
    """Shows views in an OpenCV window, drawn at whatever size the window has.

    Args:
        size: width and height to begin with, in pixels.

    Raises:
        InputError: this OpenCV cannot open windows.
    """

    def __init__(self, size: tuple[int, int] = (960, 540)) -> None:
        _settle_qt()
        self._cv2 = cv2 = load_opencv()
        self._size = size
        self._next = 0.0
        self._open = True
        try:
            flags = cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL
            cv2.namedWindow(_TITLE, flags)
            cv2.resizeWindow(_TITLE, *size)
        except cv2.error:
            raise InputError("this OpenCV cannot open a window; give --headless") from None

    def show(self, view: View) -> str | None:
        """See :class:`realtime.display.Display`; draws 30 times a second at most."""
        now = time.monotonic()
        if not self._open or now < self._next:
            return None
        self._next = now + 1 / _REDRAWS
        cv2 = self._cv2
        try:
            cv2.imshow(_TITLE, draw(view, self._size))
            key = cv2.waitKey(1)
            if cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) < 1:
                self.close()
                return "q"
            _, _, width, height = cv2.getWindowImageRect(_TITLE)
        except cv2.error:  # closed between two calls
            self.close()
            return "q"
        if width > 0 and height > 0:
            self._size = (width, height)
        return _named(key)

    def close(self) -> None:
        """Close the window."""
        if self._open:
            self._open = False
            self._cv2.destroyAllWindows()
            self._cv2.waitKey(1)  # lets the window system do it


def _named(key: int) -> str | None:
    """The key's character; None when there is none."""
    if key < 0:
        return None
    key &= 0xFF
    if key == _ESCAPE:
        return "q"
    return chr(key) if 32 <= key < 127 else None


def _settle_qt() -> None:
    """OpenCV's wheels bring a Qt that speaks X11 only, and no fonts, of which it would complain."""
    if os.environ.get("QT_QPA_PLATFORM", "").startswith("wayland"):
        os.environ["QT_QPA_PLATFORM"] = "xcb"
    os.environ.setdefault("QT_LOGGING_RULES", "default.warning=false")

"""Which display a machine can have."""

import os
import sys

from bank.errors import InputError
from realtime.display.terminal import TerminalDisplay
from realtime.display.view import Display


def choose_display(headless: bool) -> Display | None:
    """A window where there is a screen, else the terminal; nothing when ``headless``."""
    if headless:
        return None
    if _has_screen():
        from realtime.display.window import WindowDisplay

        try:
            return WindowDisplay()
        except InputError:  # an OpenCV without windows, or a screen that refuses us
            return TerminalDisplay()
    return TerminalDisplay()


def _has_screen() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

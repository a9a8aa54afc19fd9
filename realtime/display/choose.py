"""Which display a machine can have."""

import os
import sys

from realtime.display.terminal import TerminalDisplay
from realtime.display.view import Display
from realtime.display.window import WindowDisplay, windows_open_here


def choose_display(headless: bool) -> Display | None:
    """A window where one can be opened, else the terminal; nothing when ``headless``."""
    if headless:
        return None
    if _has_screen() and windows_open_here():
        return WindowDisplay()
    return TerminalDisplay()


def _has_screen() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

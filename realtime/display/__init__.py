"""What a person sees of a run: an OpenCV window, or a terminal."""

from realtime.display.choose import choose_display
from realtime.display.draw import draw
from realtime.display.terminal import TerminalDisplay
from realtime.display.view import Display, View
from realtime.display.window import WindowDisplay

__all__ = ["Display", "TerminalDisplay", "View", "WindowDisplay", "choose_display", "draw"]

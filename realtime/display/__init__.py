"""What a person sees of a run: an OpenCV window, or a terminal."""

from realtime.display.choose import choose_display
from realtime.display.view import Display, View

__all__ = ["Display", "View", "choose_display"]

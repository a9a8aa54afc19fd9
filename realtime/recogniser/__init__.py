"""From windows to answers, and from answers to actions."""

from realtime.recogniser.actions import ActionEvent, ActionSegmenter
from realtime.recogniser.recogniser import Recogniser, Recognition

__all__ = ["ActionEvent", "ActionSegmenter", "Recogniser", "Recognition"]

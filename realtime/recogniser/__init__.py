"""From windows to answers, and from answers to actions."""

from realtime.recogniser.actions import ActionEvent, ActionSegmenter
from realtime.recogniser.answers import Recognition, State
from realtime.recogniser.recogniser import LENGTHS, STILL, Recogniser, joined
from realtime.recogniser.rules import Rules

__all__ = [
    "LENGTHS",
    "STILL",
    "ActionEvent",
    "ActionSegmenter",
    "Recogniser",
    "Recognition",
    "Rules",
    "State",
    "joined",
]

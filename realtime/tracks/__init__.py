"""Who is who from one frame to the next, and everybody's joints made calm."""

from realtime.tracks.smoothing import Smoother
from realtime.tracks.tracker import Tracker

__all__ = ["Smoother", "Tracker"]

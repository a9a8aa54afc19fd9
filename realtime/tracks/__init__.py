"""Who is who from one frame to the next."""

from realtime.tracks.tracker import Tracker

__all__ = ["Tracker"]

"""From a stream of bodies to windows of fixed length, one person at a time."""

from realtime.windows.windower import SkeletonWindow, Windower, tail

__all__ = ["SkeletonWindow", "Windower", "tail"]

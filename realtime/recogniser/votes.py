"""Which windows a bank learns from, and which of them are one vote."""

import math
from dataclasses import dataclass

from realtime.windows import SkeletonWindow


@dataclass
class _Segment:
    number: int
    start: float
    latest: float


class Segments:
    """Numbers what belongs together: overlapping windows of one person show one movement.

    A person's segment lasts until the person stands still, or until a window begins after the
    segment's first one has ended.

    Args:
        longest: seconds of the longest window.
    """

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._segments: dict[int, _Segment] = {}
        self._next = 0

    def rest(self, track: int) -> None:
        """This person stands still: what comes next is something else."""
        self._segments.pop(track, None)

    def of(self, window: SkeletonWindow) -> int:
        """The segment that a window belongs to."""
        end = float(window.times[-1])
        segment = self._segments.get(window.track)
        if segment is not None and 0 <= end - segment.start < self._longest:
            segment.latest = end
            return segment.number
        segment = _Segment(self._next, end, end)
        self._segments[window.track] = segment
        self._next += 1
        if self._next % 64 == 0:  # people who have gone for long
            self._segments = {
                track: s for track, s in self._segments.items() if math.fabs(end - s.latest) < 60.0
            }
        return segment.number

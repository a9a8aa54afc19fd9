"""Another clock's times on ours."""

from collections import deque
from typing import Final

_REMEMBERED: Final = 300  # messages; long enough to meet a quick one, short enough to follow drift
_JUMP: Final = 2.0  # seconds; no network holds messages back so evenly: the sender began anew


class SenderClock:
    """Turns a sender's monotonic times into ours, free of the network's jitter.

    How late a message is cannot be known, only how much later than the quickest of the last ones;
    so what comes out is the arrival of a message that travels as quickly as those.

    >>> clock = SenderClock()
    >>> [round(clock(*times), 3) for times in ((100.0, 7.0), (100.1, 7.14), (100.2, 7.21))]
    [7.0, 7.1, 7.2]
    """

    def __init__(self) -> None:
        self._offsets: deque[float] = deque(maxlen=_REMEMBERED)

    def __call__(self, sent: float, arrived: float) -> float:
        """Seconds of our clock at which the sender's said ``sent``; never after ``arrived``."""
        offset = arrived - sent
        if self._offsets and abs(offset - self._offsets[-1]) > _JUMP:
            self._offsets.clear()
        self._offsets.append(offset)
        return min(arrived, sent + min(self._offsets))

"""Sliding windows by time, not by frame count, so that the camera's rate does not matter."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from realtime.frames import BodyFrame

# A window is given out when its person was seen in at least this share of it.
_LEAST_SHARE = 0.8


@dataclass(frozen=True, eq=False)
class SkeletonWindow:
    """The last seconds of one person.

    Attributes:
        track: who it is.
        joints: (T, 1, 25, 3) float32 metres, NaN where not seen.
        times: (T,) float64 seconds on the stream's clock; the first is the window's start, whether
            or not a frame fell on it, but in a person's first windows, which may be shorter.
        frame: index of the last frame.
        t_capture: unix seconds of the last frame.
    """

    track: int
    joints: NDArray[np.float32]
    times: NDArray[np.float64]
    frame: int
    t_capture: float


@dataclass
class _History:
    times: deque[float] = field(default_factory=deque)
    joints: deque[NDArray[np.float32]] = field(default_factory=deque)
    next_at: float = 0.0


class Windower:
    """Cuts every person's recent past into overlapping windows.

    Args:
        length: seconds a window covers.
        stride: seconds from one window of a person to the next.
        max_gap: a person unseen for longer (seconds) starts anew.

    Raises:
        InputError: length or stride is not positive.
    """

    def __init__(
        self,
        length: float = 2.5,
        stride: float = 0.4,
        max_gap: float = 0.5,
    ) -> None:
        if length <= 0 or stride <= 0:
            raise InputError("window length and stride must be more than 0 seconds")
        self.length = length
        self.stride = stride
        self.max_gap = max_gap
        self._histories: dict[int, _History] = {}

    def push(self, frame: BodyFrame) -> list[SkeletonWindow]:
        """Take one frame; return the windows that it completes, at most one a person."""
        windows = []
        for body in frame.bodies:
            history = self._histories.get(body.track)
            if history is None or frame.time - history.times[-1] > self.max_gap:
                history = _History(next_at=frame.time + self.length * _LEAST_SHARE)
                self._histories[body.track] = history
            history.times.append(frame.time)
            history.joints.append(body.joints)
            start = frame.time - self.length
            while len(history.times) > 1 and history.times[1] <= start:
                history.times.popleft()
                history.joints.popleft()
            if frame.time >= history.next_at:
                history.next_at = max(history.next_at + self.stride, frame.time)
                windows.append(_cut(body.track, history, start, frame))
        gone = [t for t, h in self._histories.items() if frame.time - h.times[-1] > self.max_gap]
        for track in gone:
            del self._histories[track]
        return windows


def _cut(track: int, history: _History, start: float, frame: BodyFrame) -> SkeletonWindow:
    times = np.array(history.times)
    joints = np.stack(history.joints)
    joints, times = tail(joints[:, None], times, times[-1] - start)
    return SkeletonWindow(track, joints, times, frame.index, frame.t_capture)


def tail(
    joints: NDArray[np.float32], times: NDArray[np.float64], seconds: float
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """The last seconds of a window; all of it where it is shorter.

    Args:
        joints: (T, M, 25, 3).
        times: (T,) seconds, increasing.
        seconds: how much is wanted.

    Returns:
        Joints and times; the first frame is put exactly on the start.
    """
    start = times[-1] - seconds
    first = max(0, int(np.searchsorted(times, start, "right")) - 1)
    joints, times = joints[first:], times[first:]
    if times[0] < start:
        joints, times = joints.copy(), times.copy()
        weight = (start - times[0]) / (times[1] - times[0])
        joints[0] = joints[0] + np.float32(weight) * (joints[1] - joints[0])
        times[0] = start
    return joints, times

"""Sliding windows by time, not by frame count, so that the camera's rate does not matter."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from realtime.frames import Body, BodyFrame
from realtime.windows.pairs import partner_of

# A window is given out when its person was seen in at least this share of it.
_LEAST_SHARE = 0.8


@dataclass(frozen=True, eq=False)
class SkeletonWindow:
    """The last seconds of one person, or of one and somebody who stands near.

    Attributes:
        track: who it is.
        joints: (T, M, 25, 3) float32 metres, NaN where not seen. Body 0 is the person; body 1, if
            there is one, the partner.
        times: (T,) float64 seconds on the stream's clock; the first is the window's start, whether
            or not a frame fell on it, but in a person's first windows, which may be shorter.
        frame: index of the last frame.
        t_capture: unix seconds of the last frame.
        partner: who body 1 is.
    """

    track: int
    joints: NDArray[np.float32]
    times: NDArray[np.float64]
    frame: int
    t_capture: float
    partner: int | None = None


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
        pairs: whether the window of somebody who stands near another holds that one too
            (:func:`realtime.windows.pairs.partner_of`).

    Raises:
        InputError: length or stride is not positive.
    """

    def __init__(
        self,
        length: float = 2.5,
        stride: float = 0.4,
        max_gap: float = 0.5,
        *,
        pairs: bool = False,
    ) -> None:
        if length <= 0 or stride <= 0:
            raise InputError("window length and stride must be more than 0 seconds")
        self.length = length
        self.stride = stride
        self.max_gap = max_gap
        self.pairs = pairs
        self._times: deque[float] = deque()  # of all frames, whoever was seen
        self._histories: dict[int, _History] = {}

    def push(self, frame: BodyFrame) -> list[SkeletonWindow]:
        """Take one frame; return the windows that it completes, at most one a person."""
        start = frame.time - self.length
        self._times.append(frame.time)
        while self._times[0] < start:
            self._times.popleft()
        due = [body.track for body in frame.bodies if self._take(body, frame.time)]
        windows = [self._cut(track, start, frame) for track in due]
        # Who has gone may still be somebody's partner, for as long as a window reaches back.
        memory = max(self.max_gap, self.length)
        gone = [t for t, h in self._histories.items() if frame.time - h.times[-1] > memory]
        for track in gone:
            del self._histories[track]
        return windows

    def _take(self, body: Body, time: float) -> bool:
        """Remember a body; whether it completes a window."""
        history = self._histories.get(body.track)
        if history is None or time - history.times[-1] > self.max_gap:
            history = _History(next_at=time + self.length * _LEAST_SHARE)
            self._histories[body.track] = history
        history.times.append(time)
        history.joints.append(body.joints)
        while len(history.times) > 1 and history.times[1] <= time - self.length:
            history.times.popleft()
            history.joints.popleft()
        if time < history.next_at:
            return False
        history.next_at = max(history.next_at + self.stride, time)
        return True

    def _cut(self, track: int, start: float, frame: BodyFrame) -> SkeletonWindow:
        history = self._histories[track]
        times = np.array(history.times)
        joints = np.stack(history.joints)
        partner = None
        bodies = joints[:, None]
        if self.pairs:
            others = {t: (h.times, h.joints) for t, h in self._histories.items() if t != track}
            frames = sum(time >= times[0] for time in self._times)
            if (near := partner_of(joints, times, others, frames)) is not None:
                partner = near[0]
                bodies = np.stack([joints, near[1]], axis=1)
        bodies, times = tail(bodies, times, frame.time - start)
        return SkeletonWindow(track, bodies, times, frame.index, frame.t_capture, partner)


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

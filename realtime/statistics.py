"""Running figures of a live run."""

import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

_KEPT = 10_000  # latencies; older ones no longer count


@dataclass(frozen=True)
class Latency:
    """Milliseconds from capture to publish: median and 95th percentile."""

    p50: float
    p95: float


class Meter:
    """Counts frames, windows and actions, and keeps the latest latencies."""

    def __init__(self) -> None:
        self.frames = 0
        self.windows = 0
        self.actions: Counter[str] = Counter()
        self._latencies: deque[float] = deque(maxlen=_KEPT)
        self._latency: Latency | None = None
        self._recent: deque[float] = deque(maxlen=60)
        self._began: float | None = None
        self._last = 0.0

    def frame(self) -> None:
        """A frame has gone through."""
        self._last = time.perf_counter()
        if self._began is None:
            self._began = self._last
        self._recent.append(self._last)
        self.frames += 1

    def window(self, seconds: float) -> None:
        """A window was published, so many seconds after its last frame was captured."""
        self.windows += 1
        self._latencies.append(seconds * 1e3)
        self._latency = None

    @property
    def seconds(self) -> float:
        """From the first frame to the latest."""
        return 0.0 if self._began is None else self._last - self._began

    @property
    def fps(self) -> float:
        """Mean frames per second of the whole run."""
        return (self.frames - 1) / self.seconds if self.seconds > 0 else 0.0

    @property
    def recent_fps(self) -> float:
        """Frames per second over the latest frames."""
        if len(self._recent) < 2:
            return 0.0
        span = self._recent[-1] - self._recent[0]
        return (len(self._recent) - 1) / span if span > 0 else 0.0

    @property
    def latency(self) -> Latency | None:
        """Percentiles over the latest windows; None before the first."""
        if not self._latencies:
            return None
        if self._latency is None:  # asked for with every frame, changed by windows only
            p50, p95 = np.percentile(np.array(self._latencies), (50, 95))
            self._latency = Latency(float(p50), float(p95))
        return self._latency


@dataclass(frozen=True)
class Summary:
    """What a run came to.

    Attributes:
        ended: why it ended.
        frames, windows: how many went through.
        dropped: frames a live source left out because it was ahead of us.
        seconds, fps: duration and mean rate.
        latency: milliseconds from capture to publish over windows; None without windows.
        actions: how often each action was seen to begin.
        bank: class to the number of windows in its support set.
        published: messages sent, by topic kind.
        notes: what else the user should know (a recording that was cut short, say).
    """

    ended: str
    frames: int
    windows: int
    dropped: int
    seconds: float
    fps: float
    latency: Latency | None
    actions: dict[str, int]
    bank: dict[str, int]
    published: dict[str, int]
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-ready values."""
        return asdict(self)

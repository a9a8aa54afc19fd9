"""Running figures of a live run. Every time is taken from a clock that nobody can set."""

import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

_KEPT: Final = 2000  # latencies a meter keeps; older ones no longer count
_RECENT: Final = 60  # items over which a rate is taken
_SILENCE: Final = 2.0  # seconds after which a rate is zero


@dataclass(frozen=True)
class Latency:
    """Milliseconds: median and 95th percentile."""

    p50: float
    p95: float


class Meter:
    """Counts items, and keeps their rate and the latest latencies. Safe from several threads.

    Args:
        kept: latencies over which percentiles are taken.
    """

    def __init__(self, kept: int = _KEPT) -> None:
        self.count = 0
        self._latencies: deque[float] = deque(maxlen=kept)
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._began: float | None = None
        self._last = 0.0
        self._latency: Latency | None = None
        self._stale = False
        self._lock = threading.Lock()

    def tick(self) -> None:
        """An item has gone through."""
        now = time.monotonic()
        with self._lock:
            if self._began is None:
                self._began = now
            if now - self._last > _SILENCE:
                self._recent.clear()
            self._last = now
            self._recent.append(now)
            self.count += 1

    def took(self, seconds: float) -> None:
        """Something took so long."""
        with self._lock:
            self._latencies.append(seconds * 1e3)
            self._stale = True

    @property
    def seconds(self) -> float:
        """From the first item to the latest."""
        return 0.0 if self._began is None else self._last - self._began

    @property
    def mean_rate(self) -> float:
        """Items per second of the whole run."""
        return (self.count - 1) / self.seconds if self.seconds > 0 else 0.0

    @property
    def silence(self) -> float:
        """Seconds since the latest item; since the meter was made, before the first."""
        return time.monotonic() - self._last if self._began is not None else float("inf")

    @property
    def rate(self) -> float:
        """Items per second over the latest ones; 0 when none has come for two seconds."""
        now = time.monotonic()
        with self._lock:
            if len(self._recent) < 2 or now - self._last > _SILENCE:
                return 0.0
            span = self._recent[-1] - self._recent[0]
            return (len(self._recent) - 1) / span if span > 0 else 0.0

    @property
    def latency(self) -> Latency | None:
        """Percentiles over the latest latencies; None before the first."""
        with self._lock:
            if not self._stale:  # asked for with every picture, changed by windows only
                return self._latency
            values = np.array(self._latencies)
            self._stale = False
        p50, p95 = np.percentile(values, (50, 95))
        self._latency = Latency(float(p50), float(p95))
        return self._latency


@dataclass(frozen=True)
class StageFigures:
    """How one stage is doing.

    Attributes:
        fps: items per second of late.
        queue: items that wait before it.
        dropped: items that were pushed out of that queue.
        failed: items it could not work on.
        restarts: how often it was built anew.
        latency: milliseconds that it takes for an item; None before the first.
        cpu: seconds of processor time that its own thread has used; helpers' not included.
    """

    fps: float
    queue: int
    dropped: int
    failed: int
    restarts: int
    latency: Latency | None
    cpu: float


@dataclass(frozen=True)
class Summary:
    """What a run came to.

    Attributes:
        ended: why it ended.
        frames, windows: how many went through.
        dropped: frames left out because a live source was ahead of us.
        failed: frames that a stage could not work on.
        seconds, fps: duration and mean rate.
        latency: milliseconds from capture to publish over windows; None without windows.
        stages: every stage's figures at the end.
        actions: how often each action was seen to begin.
        bank: class to the number of windows in its support set.
        published: messages sent, by topic kind.
        reconnects: outages of the source that were overcome.
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
    failed: int = 0
    reconnects: int = 0
    stages: dict[str, StageFigures] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-ready values."""
        return asdict(self)

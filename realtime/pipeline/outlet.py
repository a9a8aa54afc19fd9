"""The last stage: messages leave, and what is to be kept is written."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from bank.errors import InputError
from realtime.pipeline.recognition import Outcome
from realtime.publishing import EventLog, Publisher
from realtime.sources import RecordingWriter
from realtime.statistics import Meter

_KEPT = 10_000  # latencies from capture to publish


class Outlet:
    """Sends messages first, and writes log and recording afterwards.

    A file that cannot be written is given up: the run ends for it, but what is left to be said is
    still published.

    Args:
        publisher: where messages go.
        log: takes every message.
        recording: takes every frame's bodies.
        failed: told when a file cannot be written.

    Attributes:
        meter: counts messages; its latencies are from capture to publish, windows only.
    """

    def __init__(
        self,
        publisher: Publisher,
        log: EventLog | None,
        recording: RecordingWriter | None,
        failed: Callable[[InputError], None],
    ) -> None:
        self.meter = Meter(_KEPT)
        self._publisher = publisher
        self._log = log
        self._recording = recording
        self._failed = failed
        self._unwritten: deque[dict[str, Any]] = deque()
        self._writing = threading.Lock()

    def __call__(self, outcome: Outcome) -> None:
        """Send a frame's messages and keep what is to be kept."""
        for draft in outcome.drafts:
            now = time.monotonic()
            fields = draft.fields
            if draft.t_mono is not None:
                self.meter.took(now - draft.t_mono)
                fields = fields | {"latency_ms": (now - draft.t_mono) * 1e3}
            self._keep(self._publisher.publish(draft.kind, fields))
            self.meter.tick()
        self._write()
        if outcome.frame is not None and self._recording is not None:
            try:
                self._recording.write(outcome.frame)
            except InputError as error:
                self._recording = None
                self._failed(error)

    def status(self, fields: dict[str, Any]) -> None:
        """Send a status; from any thread. Does not wait for a disk that hangs."""
        self._keep(self._publisher.publish("status", fields))
        self._write(patience=0.5)

    def _keep(self, message: dict[str, Any]) -> None:
        if self._log is not None:
            self._unwritten.append(message)

    def _write(self, patience: float = -1) -> None:
        if self._log is None or not self._writing.acquire(timeout=patience):
            return  # whoever is writing now, or writes next, takes what is left
        try:
            while self._unwritten and self._log is not None:
                self._log.write(self._unwritten.popleft())
        except InputError as error:
            self._log = None
            self._failed(error)
        finally:
            self._writing.release()

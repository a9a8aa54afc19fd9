"""Says once a second how the run is doing, whether frames come or not, and notices what hangs."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from realtime.pipeline.keeper import BankKeeper
from realtime.pipeline.outlet import Outlet
from realtime.pipeline.recognition import RecogniseWork, health_fields
from realtime.pipeline.stages import Stage, StageError
from realtime.sources import Source
from realtime.statistics import Latency

_EVERY: Final = 1.0  # seconds between messages
_TICK: Final = 0.1  # seconds between looks
_SILENCE: Final = 2.0  # seconds without a frame before a run counts as stalled
_HUNG: Final = 30  # messages during which a stage works on one and the same item


class Watchdog(threading.Thread):
    """Sends status messages and reports stages that hang.

    A stage hangs when thirty messages in a row find it at the same item. Messages are counted, not
    seconds, so that a process that was stopped for a while is not taken for one that hangs.

    Args:
        source, stages, work, outlet: what to look at, and where to say it.
        keeper: keeps the bank, if it is kept.
        failed: told when a stage hangs.
    """

    def __init__(
        self,
        source: Source,
        stages: Sequence[Stage],
        work: RecogniseWork,
        outlet: Outlet,
        keeper: BankKeeper | None,
        failed: Callable[[StageError], None],
    ) -> None:
        super().__init__(name="pgfa watchdog", daemon=True)
        self._source = source
        self._stages = stages
        self._work = work
        self._outlet = outlet
        self._keeper = keeper
        self._failed = failed
        self._over = threading.Event()
        self._began = time.monotonic()
        self._news = 0
        self._failures = 0
        self._at: dict[str, tuple[int, int]] = {}

    def run(self) -> None:
        """Look around until :meth:`stop`."""
        due = 0.0
        while not self._over.is_set():
            if time.monotonic() >= due or self._news != self._work.news_count:
                due = time.monotonic() + _EVERY
                self._outlet.status(self.status())
                self._look_for_hung()
            self._over.wait(_TICK)

    def stop(self) -> None:
        """Say no more."""
        self._over.set()
        if self.is_alive():
            self.join()

    def status(self, ended: str | None = None) -> dict[str, Any]:
        """The fields of a status message.

        Args:
            ended: why the run has ended, empty where it went well; None while it lasts.
        """
        silence = min(self._work.meter.silence, time.monotonic() - self._began)
        scene, bank = self._work.scene, self._work.bank
        state = self.state(silence) if ended is None else "ended"
        return {
            "t_capture": time.time() if scene is None else scene.frame.t_capture,
            "state": state,
            "frames": self._work.meter.count,
            "windows": self._work.windows,
            "dropped": self.dropped,
            "failed": self.failed,
            "fps": self._work.meter.rate,
            "latency_ms": _milliseconds(self._outlet.meter.latency),
            "stages": {stage.called: self._stage(stage) for stage in self._stages},
            "attempts": self._source.attempts,
            "reconnects": self._source.reconnects,
            "bank": bank.support,
            "bank_state": {
                "mode": bank.mode,
                "frozen": bank.frozen,
                "enrolled": bank.enrolled,
                "health": health_fields(bank.health),
                "saved": self._saved(),
            },
            "message": self._message(state, silence) if ended is None else ended,
        }

    @property
    def dropped(self) -> int:
        """Frames left out on the way, by the source or between stages."""
        return self._source.dropped + sum(stage.figures().dropped for stage in self._stages)

    @property
    def failed(self) -> int:
        """Frames that a stage could not work on."""
        return sum(stage.failed for stage in self._stages)

    def state(self, silence: float) -> str:
        """What a running run is in: ``running``, ``reconnecting`` or ``stalled``."""
        if self._source.state != "running":
            return "reconnecting"
        return "stalled" if silence > _SILENCE else "running"

    def _message(self, state: str, silence: float) -> str:
        """What there is to say, for people."""
        said = []
        fresh = self._work.news_count - self._news
        if fresh:
            self._news += fresh
            said += list(self._work.news)[-fresh:]
        if state == "reconnecting":
            said.append(f"{self._source.reason}; attempt {self._source.attempts}")
        elif state == "stalled":
            said.append(f"no frame for {silence:.0f} s")
        if self.failed > self._failures:
            self._failures = self.failed
            said += [stage.trouble for stage in self._stages if stage.trouble]
        if self._keeper is not None and self._keeper.trouble:
            said.append(self._keeper.trouble)
        return "; ".join(said)

    def _stage(self, stage: Stage) -> dict[str, Any]:
        figures = asdict(stage.figures())
        del figures["cpu"]
        return figures

    def _saved(self) -> dict[str, Any] | None:
        if self._keeper is None or self._keeper.saved_at is None:
            return None
        return {"time": self._keeper.saved_at, "samples": self._keeper.saved_samples}

    def _look_for_hung(self) -> None:
        for stage in self._stages:
            item = stage.item_started
            number, looks = self._at.get(stage.called, (0, 0))
            looks = looks + 1 if item is not None and item == number else 0
            self._at[stage.called] = (item or 0, looks)
            if looks == _HUNG:
                self._failed(
                    StageError(f"{stage.called} has been at item {item} for {_HUNG} s and hangs")
                )


def _milliseconds(latency: Latency | None) -> Mapping[str, float] | None:
    return None if latency is None else asdict(latency)

"""A stage: one thread, what comes in, what it does with it, what goes out."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from bank.errors import InputError
from realtime.pipeline.queues import BoundedQueue
from realtime.statistics import Meter, StageFigures

_PATIENCE: Final = 5  # failures in a row that are counted and passed over


class StageError(InputError):
    """A stage failed for a reason of its own; says which, at what, and why."""


class Stage(threading.Thread):
    """Works on items one after another, and never dies in silence.

    An item that the work fails on is counted and left out. After five in a row the stage is
    repaired, where it can be, at most three times without a success between; then the stage fails:
    it lets go of both its queues, so that its neighbours end too, and says why.

    Attributes:
        failed: items it could not work on.
        restarts: repairs.
        trouble: the latest failure, one line; empty before the first.
        failure: why the stage ended, if not by the end of its items.
        cpu: seconds of processor time its thread has used.
        item_started: running number of the item in hand; None between items.

    Args:
        name: what messages and figures call it.
        items: what comes in; None means that nothing came for a while.
        work: what to do with an item; a result other than None goes out.
        outbox: where it goes.
        meter: keeps its rate and latencies; given where the work itself says what to time.
        patient: whether a failing item may be passed over at all.
        repair: builds anew what keeps failing.
        idle: called when nothing came for a while, and after every item; what it returns goes out.
        finish: called after the last item, also after a failure; what it returns goes out.
        ended: told when the stage has ended, for whatever reason.
    """

    def __init__(
        self,
        name: str,
        items: Iterable[Any],
        work: Callable[[Any], Any],
        outbox: BoundedQueue[Any] | None = None,
        *,
        meter: Meter | None = None,
        patient: bool = False,
        repair: Callable[[], None] | None = None,
        idle: Callable[[], Any] | None = None,
        finish: Callable[[], Any] | None = None,
        ended: Callable[["Stage"], None] | None = None,
    ) -> None:
        super().__init__(name=f"pgfa {name}", daemon=True)
        self.called = name
        self.meter = meter or Meter()
        self.failed = 0
        self.trouble = ""
        self.restarts = 0
        self.failure: InputError | None = None
        self.cpu = 0.0
        self.item_started: int | None = None
        self._timed = meter is None
        self._refused = False
        self._number = 0
        self._items = items
        self._work = work
        self._outbox = outbox
        self._patient = patient
        self._repair = repair
        self._idle = idle
        self._finish = finish
        self._ended = ended
        self._in_a_row = 0
        self._repairs_in_a_row = 0

    @property
    def inbox(self) -> BoundedQueue[Any] | None:
        """The queue before it; None for the first stage."""
        return self._items if isinstance(self._items, BoundedQueue) else None

    def figures(self) -> StageFigures:
        """How it is doing."""
        inbox = self.inbox
        return StageFigures(
            fps=self.meter.rate,
            queue=inbox.depth if inbox is not None else 0,
            dropped=inbox.dropped if inbox is not None else 0,
            failed=self.failed,
            restarts=self.restarts,
            latency=self.meter.latency,
            cpu=self.cpu,
        )

    def run(self) -> None:
        """Work until the items end."""
        try:
            for item in self._items:
                if item is not None:
                    self._send(self._step(item))
                if self._idle is not None:
                    self._send(self._idle())
                if self._refused:  # nobody wants the results any more
                    break
        except Exception as error:  # whatever it is, the run must hear of it
            self.failure = self._explained(error)
        try:
            if self._finish is not None:
                self._send(self._finish())
        except Exception as error:
            self.failure = self.failure or self._explained(error)
        if self.inbox is not None:
            self.inbox.close()
        if self._outbox is not None:
            self._outbox.close()
        self.cpu = time.thread_time()
        if self._ended is not None:
            self._ended(self)

    def _step(self, item: Any) -> Any:
        self._number += 1
        self.item_started = self._number
        began = time.monotonic()
        try:
            result = self._work(item)
        except Exception as error:
            self.failed += 1
            self._in_a_row += 1
            self.trouble = str(self._explained(error))
            if not self._patient:
                raise
            if self._in_a_row % _PATIENCE == 0:
                self._mend(error)
            return None
        finally:
            self.item_started = None
            self.cpu = time.thread_time()
        if self._timed:
            self.meter.took(time.monotonic() - began)
        self._in_a_row = self._repairs_in_a_row = 0
        self.meter.tick()
        return result

    def _mend(self, error: Exception) -> None:
        if self._repair is None or self._repairs_in_a_row == 3:
            raise StageError(
                f"{self.called} failed on {self._in_a_row} frames in a row "
                f"({self._explained(error)})"
            ) from error
        self._repairs_in_a_row += 1
        self.restarts += 1
        self._repair()

    def _send(self, result: Any) -> None:
        if result is not None and self._outbox is not None:
            self._refused = not self._outbox.put(result)

    def _explained(self, error: Exception) -> InputError:
        """The error as one line for people."""
        if isinstance(error, InputError):
            return error
        what = " ".join(str(error).split())[:200]
        explained = StageError(
            f"{self.called}: {type(error).__name__}{f': {what}' if what else ''}"
        )
        explained.__cause__ = error
        return explained

"""The way of a frame as threads: capture, pose, recognise, publish; and who watches over them."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from bank.errors import InputError
from realtime.display import Display, View
from realtime.frames import BodyFrame, VideoFrame, longest_gap
from realtime.pipeline.commands import Command, KeyReader
from realtime.pipeline.keeper import BankKeeper
from realtime.pipeline.outlet import Outlet
from realtime.pipeline.poses import Estimator, PoseWork
from realtime.pipeline.queues import BoundedQueue, Policy
from realtime.pipeline.recognition import Outcome, RecogniseWork, Scene
from realtime.pipeline.stages import Stage, StageError
from realtime.pipeline.watchdog import Watchdog
from realtime.publishing import EventLog, Publisher
from realtime.recogniser import ActionSegmenter, Recogniser
from realtime.sources import RecordingWriter, Source
from realtime.statistics import Meter, Summary
from realtime.tracks import Tracker
from realtime.windows import Windower

_PICTURES: Final = 1  # that wait for the pose model: of a camera only the newest is wanted
_BODIES: Final = 8  # that wait to be recognised: a window takes as long as some of them
_FILE: Final = 4  # of either, from a file: enough to keep both sides busy
_OUTCOMES: Final = 16
_GRACE: Final = 10.0  # seconds that stages have to end once the run is to
_LOOK: Final = 0.02  # seconds between looks at the keys
_NEWS_SECONDS: Final = 4.0  # for which the display shows what a key did


class Pipeline:
    """Runs one source through the whole house until it ends or somebody stops it.

    Every stage has a thread of its own; the display is drawn by the thread that calls :meth:`run`,
    which should be the main one, and holds nobody up. Between stages stand bounded queues: what is
    live drops the oldest frame when a stage is behind, what comes from a file waits and loses
    nothing. Messages always wait.

    Args:
        source: gives video frames, or bodies straight away.
        estimator: builds what turns a video frame into bodies, now and again when it keeps
            failing; needed when the source gives video frames.
        recogniser: answers windows.
        publisher: where messages go.
        windower, tracker, segmenter: the parts between.
        display: shows a view now and then.
        recording: takes every frame's bodies.
        log: takes every message.
        keeper: saves the recogniser's bank.
        max_seconds: seconds after which the run ends by itself.
    """

    def __init__(
        self,
        source: Source,
        estimator: Callable[[], Estimator] | None,
        recogniser: Recogniser,
        publisher: Publisher,
        *,
        windower: Windower | None = None,
        tracker: Tracker | None = None,
        segmenter: ActionSegmenter | None = None,
        display: Display | None = None,
        recording: RecordingWriter | None = None,
        log: EventLog | None = None,
        keeper: BankKeeper | None = None,
        max_seconds: float | None = None,
    ) -> None:
        self.source = source
        self.recogniser = recogniser
        self.publisher = publisher
        self.display = display
        self.keeper = keeper
        self.max_seconds = max_seconds
        self._ended: str | None = None
        self._failure: InputError | None = None
        self._over = threading.Event()
        self._keys = KeyReader(recogniser.classes)
        self._news_until = (0, 0.0)
        self._work = RecogniseWork(
            recogniser,
            windower or Windower(recogniser.lengths[-1], max_gap=longest_gap(source.fps)),
            tracker or Tracker(),
            segmenter or ActionSegmenter(),
            live=source.live,
            keeper=keeper,
        )
        self._outlet = Outlet(publisher, log, recording, self._fail)
        self._pose: PoseWork | None = None
        if source.gives == "frames":
            if estimator is None:
                raise InputError("a source of pictures needs a pose estimator")
            self._pose = PoseWork(estimator)
        self._stages = self._make_stages()
        self._watchdog = Watchdog(
            source, self._stages, self._work, self._outlet, keeper, self._fail
        )

    def stop(self, reason: str) -> None:
        """End the run after the frames in hand, also where the source has nothing to give.

        May be called from any thread and from a signal handler.
        """
        self._ended = self._ended or reason
        self.source.stop()

    def command(self, command: Command) -> None:
        """Do what a key would; from any thread."""
        self._work.command(command)

    def run(self) -> Summary:
        """Run to the end of the source, the time limit, a signal or the quit key.

        Raises:
            InputError: the source or a stage failed, or a file cannot be written.
        """
        with _signals(self.stop), _time_limit(self.max_seconds, self.stop):
            for stage in self._stages:
                stage.start()
            self._watchdog.start()
            self._wait()
        self._watchdog.stop()
        self._keep_bank()
        self._ended = self._ended or "end of source"
        self._outlet.status(self._watchdog.status("" if self._failure is None else self._ended))
        if self._pose is not None and not self._hung():
            self._pose.close()
        if self._failure is not None:
            raise self._failure
        return self.summary()

    def summary(self) -> Summary:
        """The figures of the run so far."""
        meter = self._work.meter
        return Summary(
            ended=self._ended or "running",
            frames=meter.count,
            windows=self._work.windows,
            dropped=self._watchdog.dropped,
            failed=self._watchdog.failed,
            seconds=meter.seconds,
            fps=meter.mean_rate,
            latency=self._outlet.meter.latency,
            stages={stage.called: stage.figures() for stage in self._stages},
            actions=dict(self._work.actions),
            bank=self._work.bank.support,
            published=self.publisher.counts,
            reconnects=self.source.reconnects,
            notes=list(self.source.notes),
        )

    def _make_stages(self) -> list[Stage]:
        """The stages and the queues between them, in the order of a frame's way."""
        live = self.source.live
        policy: Policy = "drop-oldest" if live else "wait"
        outcomes: BoundedQueue[Outcome] = BoundedQueue(_OUTCOMES, "wait")
        bodies: BoundedQueue[BodyFrame] = BoundedQueue(_BODIES if live else _FILE, policy)
        decoding = Meter()

        def capture(frame: VideoFrame | BodyFrame) -> VideoFrame | BodyFrame:
            if isinstance(frame, VideoFrame):
                decoding.took(frame.decode)
            return frame

        stages = []
        captured: BoundedQueue[Any] = bodies
        if self._pose is not None:
            captured = BoundedQueue(_PICTURES if live else _FILE, policy)
            stages.append(
                Stage(
                    "pose",
                    captured,
                    self._pose,
                    bodies,
                    patient=True,
                    repair=self._pose.repair,
                    ended=self._stage_ended,
                )
            )
        recognise = Stage(
            "recognise",
            bodies,
            self._work,
            outcomes,
            meter=self._work.meter,
            patient=True,
            idle=self._work.between,
            finish=self._work.finish,
            ended=self._stage_ended,
        )
        publish = Stage("publish", outcomes, self._outlet, ended=self._stage_ended)
        first = Stage(
            "capture", self.source, capture, captured, meter=decoding, ended=self._stage_ended
        )
        return [first, *stages, recognise, publish]

    def _stage_ended(self, stage: Stage) -> None:
        if stage.failure is not None:
            self._fail(stage.failure)
        if stage is self._stages[-1]:
            self._over.set()

    def _fail(self, error: InputError) -> None:
        """End the run for a reason that the user must hear of; the first one counts."""
        if self._failure is None:
            self._failure = error
            self._ended = str(error)
        self.stop(str(error))

    def _wait(self) -> None:
        """Show what there is to see until all stages have ended."""
        give_up: float | None = None
        look = _LOOK if self.display is not None else 0.1
        while not self._over.wait(look):
            self._show()
            if self._ended is None:
                continue
            give_up = give_up or time.monotonic() + _GRACE
            if time.monotonic() > give_up:
                stuck = ", ".join(self._hung())
                self._fail(StageError(f"{stuck} did not end within {_GRACE:.0f} s"))
                return

    def _hung(self) -> list[str]:
        return [stage.called for stage in self._stages if stage.is_alive()]

    def _keep_bank(self) -> None:
        """Save the bank as it is at the end, unless somebody is still at it."""
        if self.keeper is None or "recognise" in self._hung():
            return
        try:
            self.keeper.finish(self.recogniser.bank)
        except InputError as error:
            self._fail(error)

    def _show(self) -> None:
        if self.display is None:
            return
        try:
            key = self.display.show(self._view())
        except Exception as error:  # whoever cannot see must be told
            self.display = None
            self._fail(StageError(f"display: {type(error).__name__}: {error}"))
            return
        if key == "q":
            self.stop("quit key")
        elif key is not None and (command := self._keys.press(key)) is not None:
            self.command(command)

    def _view(self) -> View:
        latency = self._outlet.meter.latency
        scene = self._work.scene or Scene(BodyFrame((), 0, 0.0, time.time()), {}, [], {}, {})
        bank = self._work.bank
        return View(
            frame=scene.frame,
            top=scene.top,
            timeline=scene.timeline,
            fps=self._work.meter.rate,
            latency_ms=None if latency is None else latency.p50,
            support=bank.support,
            aspect=self.source.aspect,
            prompt=self._keys.prompt or self._news(),
            source_state=self._source_state(),
            states=scene.states,
            partners=scene.partners,
            frozen=bank.frozen,
            health=bank.health,
        )

    def _news(self) -> str:
        """What the latest key came to, for a moment."""
        count, until = self._news_until
        if count != self._work.news_count:
            until = time.monotonic() + _NEWS_SECONDS
            self._news_until = (self._work.news_count, until)
        return self._work.news[-1] if time.monotonic() < until else ""

    def _source_state(self) -> str:
        if self.source.state == "running":
            return ""
        return f"{self.source.state} ({self.source.attempts})"


@contextmanager
def _time_limit(seconds: float | None, stop: Callable[[str], None]) -> Iterator[None]:
    """Stop the run after so many seconds, whether frames come or not."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, stop, ("time limit",))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _signals(stop: Callable[[str], None]) -> Iterator[None]:
    """SIGINT and SIGTERM end the run in good order instead of killing it."""
    if threading.current_thread() is not threading.main_thread():
        yield  # handlers can be set by the main thread only
        return

    def handle(number: int, _: FrameType | None) -> None:
        stop(signal.Signals(number).name)

    before = {s: signal.signal(s, handle) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

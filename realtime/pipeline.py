"""The way of a frame: source, poses, tracks, windows, recogniser, publisher, display."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from bank.errors import InputError
from realtime.display import Display, View
from realtime.frames import BodyFrame, VideoFrame, longest_gap
from realtime.publishing import EventLog, Publisher
from realtime.recogniser import ActionEvent, ActionSegmenter, Recogniser, Recognition
from realtime.sources import RecordingWriter, Source
from realtime.statistics import Meter, Summary
from realtime.timeline import Timeline
from realtime.tracks import Tracker
from realtime.windows import Windower

_STATUS_EVERY = 1.0  # seconds


class Pipeline:
    """Runs one source through the whole house until it ends or somebody stops it.

    Args:
        source: gives video frames, or bodies straight away.
        estimate: turns a video frame into bodies; needed when the source gives video frames.
        recogniser: answers windows.
        publisher: where messages go.
        windower, tracker, segmenter: the stages between.
        display: shows a view of every frame.
        recording: takes every frame's bodies.
        log: takes every message.
        max_seconds: seconds after which the run ends by itself.
    """

    def __init__(
        self,
        source: Source,
        estimate: Callable[[VideoFrame], BodyFrame] | None,
        recogniser: Recogniser,
        publisher: Publisher,
        *,
        windower: Windower | None = None,
        tracker: Tracker | None = None,
        segmenter: ActionSegmenter | None = None,
        display: Display | None = None,
        recording: RecordingWriter | None = None,
        log: EventLog | None = None,
        max_seconds: float | None = None,
    ) -> None:
        self.source = source
        self.estimate = estimate
        self.recogniser = recogniser
        self.publisher = publisher
        self.windower = windower or Windower(max_gap=longest_gap(source.fps))
        self.tracker = tracker or Tracker(max_gap=longest_gap(source.fps))
        self.segmenter = segmenter or ActionSegmenter()
        self.display = display
        self.recording = recording
        self.log = log
        self.max_seconds = max_seconds
        self.meter = Meter()
        self._timeline = Timeline()
        self._stop: str | None = None
        self._next_status = 0.0
        self._frame: BodyFrame | None = None

    def stop(self, reason: str) -> None:
        """End the run after the frame in hand, also where the source has nothing to give."""
        self._stop = self._stop or reason
        self.source.stop()

    def run(self) -> Summary:
        """Run to the end of the source, the time limit, a signal or the quit key.

        Raises:
            InputError: the source fails, or a file cannot be written.
        """
        try:
            with _signals(self.stop), _time_limit(self.max_seconds, self.stop):
                for item in self.source:
                    if self._stop:
                        break
                    self._step(self._bodies(item))
        except InputError as error:  # subscribers hear of it before the user does
            self._stop = str(error)
            self._end(str(error))
            raise
        self._stop = self._stop or "end of source"
        self._end()
        return self.summary()

    def _end(self, message: str = "") -> None:
        """Tell subscribers that what was going on has ended, and the run with it."""
        for event in self.segmenter.finish_all():
            self._send_action(event)
        if self._frame is not None:
            self._send_status(self._frame, "ended", message)

    def summary(self) -> Summary:
        """The figures of the run so far."""
        return Summary(
            ended=self._stop or "running",
            frames=self.meter.frames,
            windows=self.meter.windows,
            dropped=self.source.dropped,
            seconds=self.meter.seconds,
            fps=self.meter.fps,
            latency=self.meter.latency,
            actions=dict(self.meter.actions),
            bank=self._support(),
            published=self.publisher.counts,
            notes=list(self.source.notes),
        )

    def _bodies(self, item: VideoFrame | BodyFrame) -> BodyFrame:
        if isinstance(item, BodyFrame):
            return item
        assert self.estimate is not None, "a source of video frames needs a pose estimator"
        return self.estimate(item)

    def _step(self, frame: BodyFrame) -> None:
        frame = self.tracker(frame)
        self._frame = frame
        self.meter.frame()
        if self.recording is not None:
            self.recording.write(frame)
        for answer in self.recogniser(self.windower.push(frame)):
            self._answer(answer)
        for event in self.segmenter.finish_absent(frame.time, self.windower.max_gap * 2):
            self._send_action(event)
        if time.monotonic() >= self._next_status:
            self._next_status = time.monotonic() + _STATUS_EVERY
            self._send_status(frame, "running")
        if self.display is not None and self.display.show(self._view(frame)) == "q":
            self.stop("quit key")

    def _answer(self, answer: Recognition) -> None:
        sent = self._send(
            "window",
            t_capture=answer.window.t_capture,
            track=answer.window.track,
            frame=answer.window.frame,
            label=answer.label,
            score=answer.score,
            top=[list(pair) for pair in answer.top],
            entropy=answer.entropy,
        )
        self.meter.window(sent["t_publish"] - sent["t_capture"])
        self._timeline.answer(answer)
        for event in self.segmenter.push(answer):
            self._send_action(event)

    def _send_action(self, event: ActionEvent) -> None:
        if event.phase == "start":
            self.meter.actions[event.label] += 1
        self._timeline.action(event)
        self._send(
            "action",
            t_capture=event.t_capture,
            phase=event.phase,
            track=event.track,
            label=event.label,
            t_start=event.t_start,
            t_end=event.t_end,
        )

    def _send_status(self, frame: BodyFrame, state: str, message: str = "") -> None:
        latency = self.meter.latency
        self._send(
            "status",
            t_capture=frame.t_capture,
            state=state,
            frames=self.meter.frames,
            windows=self.meter.windows,
            dropped=self.source.dropped,
            fps=self.meter.recent_fps,
            latency_ms=None if latency is None else {"p50": latency.p50, "p95": latency.p95},
            bank=self._support(),
            message=message,
        )

    def _send(self, kind: str, **fields: Any) -> dict[str, Any]:
        sent = self.publisher.publish(kind, fields)
        if self.log is not None:
            self.log.write(sent)
        return sent

    def _support(self) -> dict[str, int]:
        counts = self.recogniser.bank.support
        return dict(zip(self.recogniser.classes, counts.tolist(), strict=True))

    def _view(self, frame: BodyFrame) -> View:
        latency = self.meter.latency
        return View(
            frame=frame,
            top=self._timeline.top(frame),
            timeline=self._timeline.actions(),
            fps=self.meter.recent_fps,
            latency_ms=None if latency is None else latency.p50,
            support=self._support(),
            aspect=self.source.aspect,
        )


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

    def handle(number: int, _: FrameType | None) -> None:
        stop(signal.Signals(number).name)

    before = {s: signal.signal(s, handle) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""What goes on by itself and may fail: cameras, network streams, sensors, senders of poses."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, Literal

from bank.errors import InputError
from realtime.frames import BodyFrame, VideoFrame
from realtime.sources.capture import aspect_of, redact
from realtime.sources.feed import Feed, LostError, backoff
from realtime.sources.source import Source

_SILENCE: Final = 10.0  # seconds without a frame after which a source counts as lost
_STEADY: Final = 10.0  # seconds after which a connection counts as good: waiting begins anew, short
_HUNG: Final = 60.0  # seconds after which a call into a driver is not waited for any longer
_ABANDONED: Final = 3  # calls that may hang at one time before we give up
_SLICE: Final = 0.1  # seconds after which whoever waits looks whether it should stop
_BODIES: Final = 30  # bodies are small and quick to go through: a second of them may wait
_USUAL_FPS: Final = 30.0

Frame = VideoFrame | BodyFrame


class NewestFirst:
    """Holds the newest frames for whoever asks next; older ones nobody asked for are dropped.

    Args:
        most: how many may wait.
    """

    def __init__(self, most: int = 1) -> None:
        self.dropped = 0
        self._held: deque[Frame] = deque()
        self._most = most
        self._changed = threading.Condition()

    def put(self, frame: Frame) -> None:
        """Take a frame; never waits."""
        with self._changed:
            if len(self._held) == self._most:
                self._held.popleft()
                self.dropped += 1
            self._held.append(frame)
            self._changed.notify()

    def get(self, timeout: float) -> Frame | None:
        """Hand over a frame, waiting so many seconds for one; None when none came."""
        with self._changed:
            if not self._held:
                self._changed.wait(timeout)
            return self._held.popleft() if self._held else None


class LiveSource(Source):
    """Reads a feed in a thread of its own, and opens it again when it is lost.

    Reading begins at once; frames that come before the iteration starts are not counted as
    dropped. Frame times are seconds since the first frame of the iteration, by a monotonic clock
    that goes on through an outage; frame numbers jump by about as many as were missed. What comes
    back may have another frame size.

    Args:
        connect: opens the feed, raising InputError where it cannot; called again, after 0.5, 1,
            2, ... at most 30 seconds, whenever the feed is lost.
        called: what messages call it.
        name: the stream's name in topics.
        gives: whether the feed's frames are pictures or bodies.
        give_up: seconds an outage may last; None tries for ever.
        notes: where the feed puts what the user should know.

    Raises:
        InputError: it cannot be opened, or nothing comes. Later failures are outages.
    """

    def __init__(
        self,
        connect: Callable[[], Feed],
        called: str,
        name: str,
        gives: Literal["frames", "bodies"] = "frames",
        give_up: float | None = None,
        notes: list[str] | None = None,
    ) -> None:
        feed = connect()
        super().__init__(name, gives, True, feed.fps, feed.aspect)
        self.notes = self.notes if notes is None else notes
        self._connect = connect
        self._called = called
        self._give_up = give_up
        self._newest = NewestFirst(1 if gives == "frames" else _BODIES)
        self._failure: InputError | None = None
        self._delays = backoff()
        self._connected = self._lost = time.monotonic()
        self._index = 0  # of the next frame
        self._last = 0.0  # when the latest one was taken
        self._threads: list[threading.Thread] = []
        self._begin(feed)
        try:
            first = self._next()
        except InputError:
            self.close()
            raise
        if isinstance(first, VideoFrame):
            self.aspect = aspect_of(first.image)

    def __iter__(self) -> Iterator[Frame]:
        """Frames, newest first, until :meth:`stop` is called.

        Raises:
            InputError: an outage lasted longer than ``give_up``, or calls into the driver hang.
        """
        start: Frame | None = None
        before = 0
        while (frame := self._next()) is not None:
            if start is None:
                start = frame
                before = self._newest.dropped
            self.dropped = self._newest.dropped - before
            if isinstance(frame, VideoFrame):
                self.aspect = aspect_of(frame.image)
            yield replace(frame, index=frame.index - start.index, time=frame.time - start.time)

    def close(self) -> None:
        """Stop reading and let go of the device."""
        super().close()
        self._threads[-1].join(timeout=2.0)  # a read that hangs goes on in its daemon thread

    # The reader of frames: one that waits, and sees that the reading thread does not hang.

    def _next(self) -> Frame | None:
        """The newest frame; None when there will be no more.

        Raises:
            InputError: given up.
        """
        while not self._stopped:
            frame = self._newest.get(_SLICE)
            if frame is not None:
                return frame
            if self._failure is not None:
                raise self._failure
            self._watch()
        return None

    def _watch(self) -> None:
        quiet = time.monotonic() - self._beat
        if quiet > 1.5 * _SILENCE:  # by itself a feed gives up after the silence
            self._lose(f"no answer for {quiet:.0f} seconds")
        if quiet > _HUNG:
            if sum(thread.is_alive() for thread in self._threads) > _ABANDONED:
                self._failure = InputError(
                    f"{self._called}: its driver does not answer any more; restart the machine"
                )
            else:
                self._begin(None)

    def _begin(self, feed: Feed | None) -> None:
        """Start the reading thread; one that hung before is no longer listened to."""
        self._beat = time.monotonic()
        thread = threading.Thread(
            target=self._read, args=(feed,), name=f"read {self.name}", daemon=True
        )
        self._threads = [*(t for t in self._threads if t.is_alive()), thread]
        thread.start()

    # The reading thread.

    def _on_duty(self) -> bool:
        """Whether the thread that asks should go on; the asking shows that it does not hang."""
        if threading.current_thread() is not self._threads[-1]:
            return False
        self._beat = time.monotonic()
        return not self._stopped and self._failure is None

    def _read(self, feed: Feed | None) -> None:
        while True:
            if feed is None:
                feed = self._reconnect()
            if feed is None:
                return
            reason = ""
            try:
                self._listen(feed)
            except LostError as lost:
                reason = str(lost)
            except (Exception, SystemExit) as error:  # it must not end the thread in silence
                reason = f"cannot be read on ({redact(str(error)) or type(error).__name__})"
            with contextlib.suppress(Exception, SystemExit):
                feed.close()  # here, never while a read is under way
            if not self._on_duty():
                return
            self._lose(reason)
            feed = None

    def _listen(self, feed: Feed) -> None:
        heard = self._connected = time.monotonic()
        while self._on_duty():
            frame = feed.read()
            now = time.monotonic()
            if frame is not None:
                heard = now
                if self._on_duty():
                    self._take(feed, frame)
            elif now - heard > _SILENCE:
                what = "picture" if self.gives == "frames" else "pose"
                reason = f"no {what} for {_SILENCE:.0f} seconds; {feed.hint}"
                if not feed.patient:
                    raise LostError(reason)
                self._lose(reason)
                self._check_patience()

    def _take(self, feed: Feed, frame: Frame) -> None:
        moment = max(frame.t_mono, self._last + 1e-6)
        self.fps = feed.fps if feed.fps is not None else self.fps
        self.aspect = feed.aspect if feed.aspect is not None else self.aspect
        if self.state == "reconnecting":
            self._index += round((moment - self._last) * (self.fps or _USUAL_FPS))
            self.reconnects += 1
            self.attempts = 0
            self.state = "running"
        self._newest.put(replace(frame, index=self._index, time=moment))
        self._index += 1
        self._last = moment

    def _lose(self, reason: str) -> None:
        reason = f"{self._called}: {reason}"
        if self._index == 0:  # at the beginning nobody wants to wait for what may never come
            self._failure = self._failure or InputError(reason)
            return
        self.reason = reason
        if self.state == "running":
            self._lost = time.monotonic()
            if self._lost - self._connected > _STEADY:
                self._delays = backoff()
            self.state = "reconnecting"

    def _check_patience(self) -> None:
        if self._give_up is not None and time.monotonic() - self._lost >= self._give_up:
            self._failure = InputError(f"{self.reason}; given up after {self._give_up:g} seconds")

    def _reconnect(self) -> Feed | None:
        """The feed, opened again; None when there is no use in going on."""
        while self._on_duty():
            until = time.monotonic() + next(self._delays)
            while self._on_duty() and (left := until - time.monotonic()) > 0:
                self._check_patience()
                time.sleep(min(left, _SLICE))
            if not self._on_duty():
                break
            self.attempts += 1
            try:
                return self._connect()
            except InputError as error:
                self.reason = str(error)
            except (Exception, SystemExit) as error:
                self.reason = f"{self._called}: cannot be opened ({redact(str(error))})"
        return None

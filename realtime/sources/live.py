"""Video without an end: cameras and network streams."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from bank.errors import InputError
from realtime.frames import VideoFrame
from realtime.sources.capture import aspect_of, nominal_fps, read_image
from realtime.sources.source import Source

_SILENCE: Final = 10.0  # seconds without a picture before a source is given up
_SLICE: Final = 0.1  # seconds after which a waiting reader looks whether it should stop


class NewestFirst:
    """Holds the newest frame for whoever asks next; an older one nobody asked for is dropped."""

    def __init__(self) -> None:
        self.dropped = 0
        self._held: deque[VideoFrame] = deque(maxlen=1)
        self._changed = threading.Condition()

    def put(self, frame: VideoFrame) -> None:
        """Take a frame; never waits."""
        with self._changed:
            self.dropped += len(self._held)
            self._held.append(frame)
            self._changed.notify()

    def get(self, timeout: float) -> VideoFrame | None:
        """Hand over the frame, waiting so many seconds for one; None when none came."""
        with self._changed:
            if not self._held:
                self._changed.wait(timeout)
            return self._held.popleft() if self._held else None


class LiveSource(Source):
    """A camera or stream, read in a thread of its own so that the newest frame is at hand.

    Reading begins at once; frames that come before the iteration starts are not counted as
    dropped. Frame times are seconds since the first frame of the iteration, by a monotonic clock.

    Args:
        capture: a ``cv2.VideoCapture``, opened; closed by this source.
        called: what messages call it.
        name: the stream's name in topics.
        ends: whether an end of pictures is the stream's end (a note is made) and not a failure.

    Raises:
        InputError: no picture comes.
    """

    def __init__(self, capture: Any, called: str, name: str, ends: bool = False) -> None:
        super().__init__(name, "frames", True, nominal_fps(capture), None)
        self._capture = capture
        self._called = called
        self._ends = ends
        self._newest = NewestFirst()
        self._failure: InputError | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, name=f"read {name}", daemon=True)
        self._thread.start()
        first = self._next()
        if first is None:
            self.close()
            raise InputError(f"{called}: opens but gives no picture; is another program using it?")
        self.aspect = aspect_of(first.image)

    def __iter__(self) -> Iterator[VideoFrame]:
        """Frames, newest first, until the stream ends or :meth:`stop` is called.

        Raises:
            InputError: the camera stopped giving pictures, or none came for ten seconds.
        """
        start: VideoFrame | None = None
        before = 0
        frames = 0
        while (frame := self._next()) is not None:
            if start is None:
                start = frame
                before = self._newest.dropped
            self.dropped = self._newest.dropped - before
            frames += 1
            yield replace(frame, index=frame.index - start.index, time=frame.time - start.time)
        if self._stopped:
            return
        if not self._ends:
            raise InputError(
                f"{self._called}: stopped giving pictures after {frames} frames; check its cable"
            )
        self.notes.append(f"{self._called}: ended after {frames} frames")

    def close(self) -> None:
        """Stop reading and let go of the device."""
        super().close()
        self._thread.join(timeout=2.0)  # a read that hangs goes on in its daemon thread

    def _next(self) -> VideoFrame | None:
        """The newest frame; None when there will be no more.

        Raises:
            InputError: silence, or a failure of the reader.
        """
        give_up = time.monotonic() + _SILENCE
        while not self._stopped:
            over = self._over.is_set()  # asked first: what was read before the end still counts
            frame = self._newest.get(0.0 if over else _SLICE)
            if frame is not None:
                return frame
            if self._failure is not None:
                raise self._failure
            if over:
                return None
            if time.monotonic() >= give_up:
                raise InputError(
                    f"{self._called}: no picture for {_SILENCE:.0f} seconds; is it still there?"
                )
        return None

    def _read(self) -> None:
        index = 0
        last = 0.0
        try:
            while not self._stopped and (image := read_image(self._capture)) is not None:
                last = max(time.perf_counter(), last + 1e-6)
                self._newest.put(VideoFrame(image, index, last, time.time()))
                index += 1
        except Exception as error:  # whatever it is, it must not end the thread in silence
            self._failure = InputError(f"{self._called}: cannot be read on ({error})")
        finally:
            self._over.set()
            self._capture.release()  # here, never while a read is under way

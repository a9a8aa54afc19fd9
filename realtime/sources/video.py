"""Video that has an end: a file, or a file behind an address."""

import math
import time
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from realtime.frames import VideoFrame
from realtime.sources.capture import aspect_of, frame_count, nominal_fps, position, read_image
from realtime.sources.pace import Pacer
from realtime.sources.source import Source

_USUAL_FPS: Final = 30.0  # for files that say neither rate nor times
_TOLERATED: Final = 0.95  # a container's frame count may be an estimate


class VideoSource(Source):
    """Every frame of a video, each with the time that the file gives it.

    Args:
        capture: a ``cv2.VideoCapture``, opened, nothing read yet; closed by this source.
        called: what messages call it.
        name: the stream's name in topics.
        realtime: hold frames back until they are due instead of giving them as fast as it goes.

    Raises:
        InputError: it holds no picture that can be decoded.
    """

    def __init__(self, capture: Any, called: str, name: str, realtime: bool = False) -> None:
        began = time.monotonic()
        first = read_image(capture)
        self._decode = time.monotonic() - began  # seconds that the latest picture took
        if first is None:
            capture.release()
            raise InputError(f"{called}: holds no picture that can be decoded; is it a video?")
        super().__init__(name, "frames", False, nominal_fps(capture), aspect_of(first))
        self._capture = capture
        self._called = called
        self._expected = frame_count(capture)
        self._pacer = Pacer(lambda: self._stopped) if realtime else None
        self._first: NDArray[np.uint8] | None = first

    def __iter__(self) -> Iterator[VideoFrame]:
        """Frames; at the end a note is made if the file announces many more than it has."""
        image, self._first = self._first, None
        index = 0
        last = -math.inf
        while image is not None and not self._stopped:
            last = self._time(index, last)
            if self._pacer is not None:
                self._pacer.wait(last)
                if self._stopped:
                    break
            # As if it were taken now and then decoded, so that latencies hold the decoding.
            taken, t_capture = time.monotonic() - self._decode, time.time() - self._decode
            yield VideoFrame(image, index, last, t_capture, taken, self._decode)
            index += 1
            began = time.monotonic()
            image = read_image(self._capture)
            self._decode = time.monotonic() - began
        if not self._stopped and index < self._expected * _TOLERATED:
            self.notes.append(
                f"{self._called}: ends after {index} of {self._expected} frames; "
                "the file is cut short or damaged"
            )

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._capture.release()

    def _time(self, index: int, last: float) -> float:
        """Seconds of the frame just read; always later than the frame before."""
        moment = position(self._capture)
        period = 1 / (self.fps or _USUAL_FPS)
        if index == 0:
            return moment if math.isfinite(moment) else 0.0
        return moment if last < moment < math.inf else last + period

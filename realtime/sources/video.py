"""Webcams, video files and network streams through OpenCV."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

from bank.errors import InputError
from realtime.frames import VideoFrame
from realtime.sources.opencv import load_opencv, without_credentials
from realtime.sources.source import Pace, Source, stream_name

_LEAST_STEP = 1e-3  # seconds between frames whose stamps stand still or go back
_SILENCE = 10.0  # seconds a live source may say nothing
_USUAL_FPS = 30.0


class VideoSource(Source):
    """A video file, every frame of it.

    Args:
        path: the file.
        realtime: play at the file's own speed.
        name: of the stream; the file's by default.

    Raises:
        InputError: missing, or not a video that OpenCV can read.
    """

    gives: ClassVar[Literal["frames", "bodies"]] = "frames"
    live: ClassVar[bool] = False

    def __init__(self, path: Path, realtime: bool = False, name: str | None = None) -> None:
        if not path.is_file():
            raise InputError(f"{path}: no such video file")
        self._cv2 = load_opencv()
        self._capture = self._cv2.VideoCapture(str(path))
        if not self._capture.isOpened():
            raise InputError(f"{path}: not a video that can be read; is it complete?")
        self.path = path
        self._pace = Pace(realtime)
        super().__init__(name or stream_name(path.stem), _rate(self._cv2, self._capture))

    def __iter__(self) -> Iterator[VideoFrame]:
        step = 1.0 / (self.fps or _USUAL_FPS)
        index, last = 0, -step
        while True:
            taken, image = self._capture.read()
            if not taken:
                break
            stamp = self._capture.get(self._cv2.CAP_PROP_POS_MSEC) / 1e3
            # Some containers give no stamps, or the same one again; then frames count.
            last = stamp if stamp > last + _LEAST_STEP else last + step
            self._pace.wait(last)
            yield VideoFrame(image, index, last, time.time())
            index += 1
        if index == 0:
            raise InputError(f"{self.path}: no frame can be read; is the file complete?")
        promised = int(self._capture.get(self._cv2.CAP_PROP_FRAME_COUNT))
        if index < 0.95 * promised - 1:
            self.notes.append(f"{self.path} ends early: {index} of {promised} frames were readable")

    def close(self) -> None:
        """Close the file."""
        self._capture.release()


class CameraSource(Source):
    """A webcam or network stream, read by a thread; only the newest frame is kept.

    Args:
        device: number of a webcam, or URL of a stream.
        name: of the stream.

    Raises:
        InputError: it cannot be opened.
    """

    gives: ClassVar[Literal["frames", "bodies"]] = "frames"
    live: ClassVar[bool] = True

    def __init__(self, device: int | str, name: str | None = None) -> None:
        cv2 = load_opencv()
        self._shown = f"camera {device}" if isinstance(device, int) else without_credentials(device)
        self._capture = cv2.VideoCapture(device)
        if not self._capture.isOpened():
            mend = (
                "plug it in, or try another number"
                if isinstance(device, int)
                else "is the address right, and the sender running?"
            )
            raise InputError(f"{self._shown} cannot be opened; {mend}")
        super().__init__(name or stream_name(self._shown), _rate(cv2, self._capture))
        self._fresh = threading.Condition()
        self._frame: VideoFrame | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._read, name="capture", daemon=True)

    def __iter__(self) -> Iterator[VideoFrame]:
        self._thread.start()
        seen = -1
        while True:
            with self._fresh:
                if not self._fresh.wait_for(
                    lambda: self._frame is not None or self._ended, timeout=_SILENCE
                ):
                    raise InputError(f"{self._shown} has given no frame for {_SILENCE:.0f} s")
                frame, self._frame = self._frame, None
            if frame is None:
                break
            self.dropped += frame.index - seen - 1
            seen = frame.index
            yield frame
        if seen < 0:
            raise InputError(f"{self._shown} was opened but gives no frames; is it in use?")

    def close(self) -> None:
        """Stop the thread and give the device back."""
        with self._fresh:
            self._ended = True
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)
        self._capture.release()

    def _read(self) -> None:
        index, began = 0, time.monotonic()
        while not self._ended:
            taken, image = self._capture.read()
            with self._fresh:
                if not taken:
                    self._ended = True
                else:
                    now = time.monotonic() - began
                    self._frame = VideoFrame(image, index, now, time.time())
                self._fresh.notify()
            index += 1


def _rate(cv2: Any, capture: Any) -> float | None:
    """Frames per second as the container or driver says, if it says anything sensible."""
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return fps if 1.0 <= fps <= 1000.0 else None

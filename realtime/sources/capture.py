"""OpenCV's video capture: opening, reading, and what it says of itself."""

import re
import time
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from realtime.frames import VideoFrame
from realtime.sources.feed import LostError
from realtime.sources.opencv import load_opencv

_OPENING_MS: Final = 10_000
_READING_MS: Final = 10_000
_UNDECODABLE: Final = 30  # pictures in a row before a camera counts as lost
# FFmpeg plays text files, as pictures of a terminal; nobody means that here.
_ANSI_ART: Final = int.from_bytes(b"ansi", "little")
_FASTEST: Final = 1000.0  # frames per second; beyond it a file's figure is a time base, not a rate


def redact(address: str) -> str:
    """An address without user, password and query, for messages.

    >>> redact("rtsp://me:secret@camera:554/live?token=1")
    'rtsp://***@camera:554/live?***'
    """
    address = re.sub(r"(?s)(?<=://).*@", "***@", address)  # a password may hold any character
    return re.sub(r"(?s)\?.+", "?***", address)


def open_capture(target: int | str) -> Any:
    """Open a camera by number, or a file, device or URL.

    Opening a URL takes at most ten seconds, waiting for one of its frames as long.

    Returns:
        A ``cv2.VideoCapture``; None when it cannot be opened.

    Raises:
        InputError: OpenCV cannot be loaded.
    """
    cv2 = load_opencv()
    try:
        if isinstance(target, str) and "://" in target:
            capture = cv2.VideoCapture(
                target,
                cv2.CAP_FFMPEG,
                [
                    *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPENING_MS),
                    *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READING_MS),
                ],
            )
        else:
            capture = cv2.VideoCapture(target)
            if isinstance(target, int):
                capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest picture, where it can be had
    except cv2.error:
        return None
    if not capture.isOpened() or int(capture.get(cv2.CAP_PROP_FOURCC)) == _ANSI_ART:
        capture.release()
        return None
    return capture


def read_image(capture: Any) -> NDArray[np.uint8] | None:
    """The next picture, (H, W, 3) uint8 BGR; None at the end or when none could be decoded.

    Raises:
        InputError: it is not a picture of 8 bits a channel.
    """
    cv2 = load_opencv()
    try:
        ok, image = capture.read()
    except cv2.error:
        return None
    return _in_colour(image) if ok and image is not None and image.size else None


class CaptureFeed:
    """A camera or stream, opened; a :class:`realtime.sources.feed.Feed`.

    Args:
        capture: a ``cv2.VideoCapture``, opened; closed by this feed.
        hint: what to look at when no picture comes.
    """

    patient = False

    def __init__(self, capture: Any, hint: str) -> None:
        self._capture = capture
        self._failed = 0
        self.fps = nominal_fps(capture)
        self.aspect: float | None = None
        self.hint = hint

    def read(self) -> VideoFrame | None:
        """See :class:`realtime.sources.feed.Feed`."""
        if not self._capture.grab():
            raise LostError(f"stopped giving pictures; {self.hint}")
        taken, t_capture = time.monotonic(), time.time()
        try:
            ok, image = self._capture.retrieve()
        except load_opencv().error:
            ok, image = False, None
        if ok and image is not None and image.size:
            self._failed = 0
            decode = time.monotonic() - taken
            return VideoFrame(_in_colour(image), 0, taken, t_capture, taken, decode)
        self._failed += 1  # a cable or a decoder that stumbles now and then is no outage
        if self._failed >= _UNDECODABLE:
            raise LostError(f"gives pictures that cannot be decoded; {self.hint}")
        return None

    def close(self) -> None:
        """Let go of the device."""
        self._capture.release()


def _in_colour(image: NDArray[Any]) -> NDArray[np.uint8]:
    if image.ndim == 2:
        cv2 = load_opencv()
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    if image.dtype != np.uint8 or image.shape[2] != 3:
        raise InputError(f"pictures of {image.dtype} {image.shape} are not supported: convert them")
    return cast(NDArray[np.uint8], image)


def nominal_fps(capture: Any) -> float | None:
    """Frames per second as the device or file says; None when it says nothing sensible."""
    fps = float(capture.get(load_opencv().CAP_PROP_FPS))
    return fps if 0 < fps <= _FASTEST else None


def frame_count(capture: Any) -> int:
    """Number of frames as the file says; 0 for what has no end."""
    count = capture.get(load_opencv().CAP_PROP_FRAME_COUNT)
    return int(count) if 0 < count < 1e12 else 0


def position(capture: Any) -> float:
    """Seconds at which the frame just read is shown, as the file says; may be nonsense."""
    return float(capture.get(load_opencv().CAP_PROP_POS_MSEC)) / 1e3


def aspect_of(image: NDArray[np.uint8]) -> float:
    """Width over height."""
    height, width = image.shape[:2]
    return float(width / height)

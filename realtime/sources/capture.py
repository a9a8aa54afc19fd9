"""OpenCV's video capture, quiet and with errors in one line."""

import os
import re
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError

_TIMEOUT_MS: Final = 10_000
_FASTEST: Final = 1000.0  # frames per second; beyond it a file's figure is a time base, not a rate


def redact(address: str) -> str:
    """An address without user, password and query, for messages.

    >>> redact("rtsp://me:secret@camera:554/live?token=1")
    'rtsp://***@camera:554/live?***'
    """
    address = re.sub(r"(?<=://)[^/?#]*@", "***@", address)
    return re.sub(r"\?.+", "?***", address)


def open_capture(target: int | str) -> cv2.VideoCapture | None:
    """Open a camera by number, or a file, device or URL; None when it cannot be opened.

    Opening a URL and waiting for its frames take at most ten seconds.
    """
    # What goes wrong is said once, by us; both libraries would say it in many lines on stderr.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        if isinstance(target, str) and "://" in target:
            capture = cv2.VideoCapture(
                target,
                cv2.CAP_FFMPEG,
                [
                    *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS),
                    *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS),
                ],
            )
        else:
            capture = cv2.VideoCapture(target)
            if isinstance(target, int):
                capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest picture, where it can be had
    except cv2.error:
        return None
    return capture if capture.isOpened() else None


def read_image(capture: cv2.VideoCapture) -> NDArray[np.uint8] | None:
    """The next picture, (H, W, 3) uint8 BGR; None at the end or when none could be decoded.

    Raises:
        InputError: it is not a picture of 8 bits a channel.
    """
    try:
        ok, image = capture.read()
    except cv2.error:
        return None
    if not ok or image is None or image.size == 0:
        return None
    if image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    if image.dtype != np.uint8 or image.shape[2] != 3:
        raise InputError(f"pictures of {image.dtype} {image.shape} are not supported: convert them")
    return cast(NDArray[np.uint8], image)


def nominal_fps(capture: cv2.VideoCapture) -> float | None:
    """Frames per second as the device or file says; None when it says nothing sensible."""
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return fps if 0 < fps <= _FASTEST else None


def frame_count(capture: cv2.VideoCapture) -> int:
    """Number of frames as the file says; 0 for what has no end."""
    count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    return int(count) if 0 < count < 1e12 else 0


def aspect_of(image: NDArray[np.uint8]) -> float:
    """Width over height."""
    return image.shape[1] / image.shape[0]

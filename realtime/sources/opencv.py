"""OpenCV, loaded when first needed and with its own chatter turned off."""

import os
import re
from typing import Any

from bank.errors import InputError


def load_opencv() -> Any:
    """The module cv2.

    Raises:
        InputError: a system library that it wants is missing.
    """
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_VIDEOIO_DEBUG", "0")
    try:
        import cv2
    except ImportError as error:
        missing = re.search(r"lib[\w.+-]+\.so[.\d]*", str(error))
        what = missing.group() if missing else str(error).splitlines()[0]
        raise InputError(
            f"OpenCV cannot be loaded ({what} is missing); on Debian and Ubuntu: "
            "apt-get install libgl1 libglib2.0-0"
        ) from None
    return cv2


def without_credentials(url: str) -> str:
    """A URL that may be shown: user name and password left out."""
    return re.sub(r"(?<=://)[^/@]*@", "", url)

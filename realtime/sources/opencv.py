"""OpenCV, loaded when first needed and with its own chatter turned off."""

import os
import re
from functools import cache
from typing import Any

from bank.errors import InputError


@cache
def load_opencv() -> Any:
    """The module cv2.

    Loaded late, so that a recording can be replayed on a machine without OpenCV's libraries, and
    quietly: what goes wrong is said once, by us; OpenCV and FFmpeg would say it in many lines.

    Raises:
        InputError: it is not installed, or a library of the system that it wants is missing.
    """
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        import cv2
    except ImportError as error:
        library = re.search(r"lib[\w.+-]+\.so[.\d]*", str(error))
        what = library.group() if library else str(error).splitlines()[0]
        raise InputError(
            f"OpenCV cannot be loaded ({what}); on Debian and Ubuntu: "
            "apt-get install libgl1 libglib2.0-0"
        ) from None
    # Somebody else may have loaded it before us; then the environment came too late.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return cv2

"""MediaPipe's native side: loading it, and keeping its start-up chatter from the terminal."""

import contextlib
import importlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import Any, Final

from bank.errors import InputError

_SHARED_LIBRARY: Final = re.compile(r"(lib[\w+.-]+?\.(?:so|dylib)[.\d]*)")
_DEBIAN_PACKAGE: Final = {
    "libGLESv2": "libgles2",
    "libEGL": "libegl1",
    "libGL": "libgl1",
    "libGLX": "libglx0",
    "libOpenGL": "libopengl0",
    "libglib-2.0": "libglib2.0-0",
    "libgthread-2.0": "libglib2.0-0",
    "libxcb": "libxcb1",
    "libX11": "libx11-6",
    "libSM": "libsm6",
    "libXext": "libxext6",
}
# Informational lines of glog and TensorFlow Lite; errors (E, F) pass.
_CHATTER: Final = re.compile(rb"(?:[IW]\d{4} |INFO: |WARNING: All log messages before)")


def load(module: str) -> Any:
    """Import a module that comes with or needs native libraries.

    Args:
        module: full name, e.g. ``mediapipe`` or ``cv2``.

    Raises:
        InputError: it is not installed, or a library of the system is missing.
    """
    try:
        return importlib.import_module(module)
    except (ImportError, OSError) as error:
        raise explain(error) from None


def explain(error: ImportError | OSError) -> InputError:
    """Say which library of the system an import or a load failed for, and how to get it."""
    if isinstance(error, ModuleNotFoundError):
        package = (error.name or "mediapipe").split(".")[0]
        package = {"cv2": "opencv-contrib-python"}.get(package, package)
        return InputError(f"pose estimation needs the Python package {package}: pip install it")
    found = _SHARED_LIBRARY.search(str(error))
    if found is None:
        return InputError(f"pose estimation cannot start: {_one_line(error)}; reinstall mediapipe")
    library = found.group(1)
    package = _DEBIAN_PACKAGE.get(library.split(".so")[0].split(".dylib")[0], "")
    how = f"apt-get install {package}" if package else "install the package it belongs to"
    return InputError(f"pose estimation needs {library}, which cannot be loaded: {how}")


def failed_to_load(error: BaseException) -> bool:
    """Whether an exception is the dynamic loader's and not about a file of ours."""
    return (
        isinstance(error, OSError)
        and error.errno is None
        and _SHARED_LIBRARY.search(str(error)) is not None
    )


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Keep informational lines of native code off standard error.

    No environment variable silences them in this version of MediaPipe, so the file descriptor
    itself is caught meanwhile; every line that is not known chatter is handed on afterwards.
    """
    try:
        sys.stderr.flush()
        terminal = os.dup(2)
    except (OSError, AttributeError, ValueError):  # no standard error to keep quiet
        yield
        return
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(terminal, 2)
            caught.seek(0)
            for line in caught:
                if not _CHATTER.match(line):
                    os.write(terminal, line)
            os.close(terminal)

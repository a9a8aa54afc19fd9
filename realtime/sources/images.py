"""A folder of pictures, numbered or with their times in their names."""

import re
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from realtime.frames import VideoFrame
from realtime.publishing.wire import stream_name
from realtime.sources.capture import aspect_of
from realtime.sources.opencv import load_opencv
from realtime.sources.pace import Pacer
from realtime.sources.source import Source

_KINDS: Final = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
_USUAL_FPS: Final = 30.0


class ImageFolder(Source):
    """The pictures of a folder in the order of the last number in their names.

    A name that is a unix time (``1760000000.25.png``, or whole milli-, micro- or nanoseconds) gives
    its picture's time. Else picture n is shown at n / fps seconds, so that a missing number is a
    gap; names without numbers count in alphabetical order. Other files are no pictures and are left
    out; what cannot be decoded is left out too, and noted.

    Args:
        folder: where they are; folders in it are not searched.
        fps: frames per second, also where names are times; by default 30, or as names say.
        realtime: hold pictures back until they are due instead of giving them as fast as it goes.
        name: the stream's name in topics; by default one that looks like the folder's.

    Raises:
        InputError: no such folder, no picture in it, or two of the same number or time.
    """

    def __init__(
        self,
        folder: Path,
        fps: float | None = None,
        realtime: bool = False,
        name: str | None = None,
    ) -> None:
        self.folder = folder
        paths = _pictures(folder)
        self._shots = _in_order(folder, paths, fps)
        self._undecodable: list[Path] = []
        first = next(filter(None, map(self._decoded, self._shots)), None)
        if first is None:
            raise InputError(f"{folder}: none of its {len(paths)} pictures can be decoded")
        self._undecodable.clear()
        times = [seconds for _, _, seconds in self._shots]
        step = float(np.median(np.diff(times))) if len(times) > 1 else 1 / (fps or _USUAL_FPS)
        name = name or stream_name(folder.resolve().name)
        super().__init__(name, "frames", False, 1 / step, aspect_of(first[2]))
        self._pacer = Pacer(lambda: self._stopped) if realtime else None

    def __iter__(self) -> Iterator[VideoFrame]:
        """Frames; at the end a note is made of pictures that could not be decoded."""
        for shot in self._shots:
            began = time.monotonic()
            decoded = self._decoded(shot)
            if decoded is None:
                continue
            index, seconds, image = decoded
            decode = time.monotonic() - began
            if self._pacer is not None:
                self._pacer.wait(seconds)
            if self._stopped:
                return
            taken = time.monotonic() - decode
            yield VideoFrame(image, index, seconds, time.time() - decode, taken, decode)
        if self._undecodable:
            self.notes.append(
                f"{self.folder}: {len(self._undecodable)} of {len(self._shots)} pictures cannot be "
                f"decoded and were left out; the first: {self._undecodable[0].name}"
            )

    def _decoded(
        self, shot: tuple[Path, int, float]
    ) -> tuple[int, float, NDArray[np.uint8]] | None:
        path, index, seconds = shot
        image = _decode(path)
        if image is None:
            self._undecodable.append(path)
            return None
        return index, seconds, image


def _decode(path: Path) -> NDArray[np.uint8] | None:
    cv2: Any = load_opencv()
    try:  # read by us: OpenCV opens no path beyond the system's code page on Windows
        data = np.frombuffer(path.read_bytes(), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error):
        return None
    return cast("NDArray[np.uint8] | None", image)


def _pictures(folder: Path) -> list[Path]:
    try:
        found = sorted(p for p in folder.iterdir() if p.suffix.lower() in _KINDS and p.is_file())
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror})") from None
    if not found:
        raise InputError(f"{folder}: no pictures in it ({', '.join(_KINDS)})")
    return found


def _in_order(folder: Path, paths: list[Path], fps: float | None) -> list[tuple[Path, int, float]]:
    """Path, index and seconds of each picture, growing."""
    keys = _all(_unix_time, paths)
    timed = keys is not None
    keys = keys or _all(_last_number, paths) or [float(n) for n in range(len(paths))]
    order = sorted(range(len(paths)), key=lambda i: keys[i])
    for before, after in pairwise(order):
        if keys[before] == keys[after]:
            raise InputError(
                f"{folder}: {paths[before].name} and {paths[after].name} have the same number; "
                "keep one series of pictures in a folder"
            )
    start = keys[order[0]]
    if timed and fps is None:
        return [(paths[i], n, keys[i] - start) for n, i in enumerate(order)]
    rate = fps or _USUAL_FPS
    places = range(len(paths)) if timed else [int(keys[i] - start) for i in order]
    return [(paths[i], n, n / rate) for i, n in zip(order, places, strict=True)]


def _all(of: Callable[[str], float | None], paths: list[Path]) -> list[float] | None:
    """What every name says; None if one of them does not."""
    found = [value for path in paths if (value := of(path.stem)) is not None]
    return found if len(found) == len(paths) else None


def _unix_time(stem: str) -> float | None:
    if not re.fullmatch(r"[1-4]\d{9}(\.\d+|\d{3}|\d{6}|\d{9})?", stem, re.ASCII):
        return None
    fraction = stem[10:].lstrip(".")
    return int(stem[:10]) + (float(f"0.{fraction}") if fraction else 0.0)


def _last_number(stem: str) -> float | None:
    found = re.findall(r"\d{1,15}", stem, re.ASCII)
    return float(found[-1]) if found else None

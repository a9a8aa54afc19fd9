"""Pose recordings: ``.poses`` files, gzipped JSON Lines.

The first line is a header: ``format`` "pgfa-poses", ``version`` 1, ``layout`` "ntu-25", ``fps``.
Every further line is a frame: ``i`` index, ``t`` seconds, ``bodies``, each with ``track``,
``confidence``, ``joints`` (75 whole millimetres, null where not seen) and ``pixels`` (50 whole
ten-thousandths of width and height, or null).
"""

import gzip
import json
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from realtime.frames import Body, BodyFrame
from realtime.sources.source import Pace, Source, stream_name
from train.skeletons.joints import JOINTS

_FORMAT: Final = "pgfa-poses"
_VERSION: Final = 1
_LAYOUT: Final = "ntu-25"
_MM: Final = 1e3
_PIXEL: Final = 1e4
_FLUSH_EVERY: Final = 30  # frames; what a killed process can lose at most


class RecordingWriter:
    """Writes bodies as they come; a killed process leaves a readable file.

    Args:
        path: a new file.
        fps: nominal rate, for the header.

    Raises:
        InputError: the file is there already, or cannot be written.
    """

    def __init__(self, path: Path, fps: float | None = None) -> None:
        self.path = path
        if path.exists() and path.stat().st_size:
            raise InputError(f"{path}: is there already; remove it or choose another name")
        try:
            self._file = gzip.open(path, "wt", encoding="utf-8", compresslevel=9)  # noqa: SIM115
        except OSError as error:
            raise InputError(f"{path}: poses cannot be written ({error.strerror})") from None
        self._frames = 0
        self._line({"format": _FORMAT, "version": _VERSION, "layout": _LAYOUT, "fps": fps})

    def write(self, frame: BodyFrame) -> None:
        """Append one frame.

        Raises:
            InputError: the disk is full.
        """
        bodies = [
            {
                "track": body.track,
                "confidence": round(body.confidence, 3),
                "joints": _integers(body.joints, _MM),
                "pixels": None if body.pixels is None else _integers(body.pixels, _PIXEL),
            }
            for body in frame.bodies
        ]
        self._line({"i": frame.index, "t": round(frame.time, 4), "bodies": bodies})
        self._frames += 1
        if self._frames % _FLUSH_EVERY == 0:
            self._guarded(self._file.flush)

    def close(self) -> None:
        """Finish the file."""
        self._guarded(self._file.close)

    def _line(self, values: dict[str, Any]) -> None:
        line = json.dumps(values, separators=(",", ":")) + "\n"
        self._guarded(lambda: self._file.write(line))

    def _guarded(self, action: Any) -> None:
        try:
            action()
        except OSError as error:
            raise InputError(f"{self.path}: poses cannot be written ({error.strerror})") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class RecordingSource(Source):
    """Plays a pose recording.

    Args:
        path: the file; gzipped or plain.
        realtime: play at its own speed.
        name: of the stream; the file's by default.

    Raises:
        InputError: missing, or not a recording of this version. A frame that cannot be understood
            raises while iterating; a file that was cut short ends early and says so in ``notes``.
    """

    gives: ClassVar[Literal["frames", "bodies"]] = "bodies"
    live: ClassVar[bool] = False

    def __init__(self, path: Path, realtime: bool = False, name: str | None = None) -> None:
        self.path = path
        self._pace = Pace(realtime)
        try:
            with path.open("rb") as file:
                zipped = file.read(2) == b"\x1f\x8b"
        except OSError as error:
            raise InputError(f"{path}: recording cannot be read ({error.strerror})") from None
        self._open = gzip.open if zipped else open
        header = next(self._lines(), None)
        if not isinstance(header, dict) or header.get("format") != _FORMAT:
            raise InputError(f"{path}: not a pose recording of pgfa-live --record")
        if header.get("version") != _VERSION or header.get("layout") != _LAYOUT:
            raise InputError(
                f"{path}: version {header.get('version')} with {header.get('layout')} joints; "
                f"this program reads version {_VERSION} with {_LAYOUT}"
            )
        super().__init__(name or stream_name(path.stem), header.get("fps"))

    def __iter__(self) -> Iterator[BodyFrame]:
        lines = self._lines()
        next(lines, None)
        count, last = 0, -np.inf
        for values in lines:
            try:
                at = float(values["t"])
                bodies = tuple(_body(body) for body in values["bodies"])
                index = int(values["i"])
            except (KeyError, TypeError, ValueError):
                raise InputError(f"{self.path}: frame {count} is damaged") from None
            if not np.isfinite(at) or at <= last:
                raise InputError(f"{self.path}: frame {count} is not later than the one before")
            last = at
            self._pace.wait(at)
            yield BodyFrame(bodies, index, at, time.time())
            count += 1

    def _lines(self) -> Iterator[Any]:
        """Parsed lines up to the end, or to where the file was cut short."""
        read = 0
        with self._open(self.path, "rb") as file:
            while True:
                try:
                    line = file.readline()
                except (EOFError, zlib.error, gzip.BadGzipFile):
                    self._cut_short(read)
                    return
                if not line:
                    return
                try:
                    yield json.loads(line)
                except ValueError:
                    if read and not line.endswith(b"\n"):
                        self._cut_short(read)
                        return
                    raise InputError(f"{self.path}: line {read + 1} is not JSON") from None
                read += 1

    def _cut_short(self, read: int) -> None:
        if read == 0:
            raise InputError(f"{self.path}: damaged from its beginning")
        self.notes.append(f"{self.path} is cut short: {read - 1} frames were readable")


def _integers(values: NDArray[np.float32], scale: float) -> list[int | None]:
    return [round(float(v) * scale) if np.isfinite(v) else None for v in values.reshape(-1)]


def _floats(values: Sequence[int | None], shape: tuple[int, int], scale: float) -> Any:
    array = np.array([np.nan if v is None else float(v) for v in values], dtype=np.float32)
    return array.reshape(shape) / np.float32(scale)


def _body(values: dict[str, Any]) -> Body:
    pixels = values.get("pixels")
    return Body(
        joints=_floats(values["joints"], (JOINTS, 3), _MM),
        pixels=None if pixels is None else _floats(pixels, (JOINTS, 2), _PIXEL),
        confidence=float(values.get("confidence", 1.0)),
        track=int(values.get("track", -1)),
    )

"""Pose recordings: everybody's joints in a file, to be replayed without a camera.

The file is described in :mod:`realtime.sources.recording_format`.
"""

import gzip
import math
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from io import BufferedIOBase, FileIO
from pathlib import Path
from typing import Final, Self

from bank.errors import InputError
from realtime.frames import BodyFrame
from realtime.publishing.wire import stream_name
from realtime.sources.capture import aspect_of
from realtime.sources.pace import Pacer
from realtime.sources.recording_format import BadLineError, Header, frame_from_line, frame_to_line
from realtime.sources.source import Source

_GZIP: Final = b"\x1f\x8b"
_FLUSH_EVERY: Final = 1.0  # seconds
_LONGEST: Final = 1 << 20  # bytes a line may have; ten people in a frame take some 7,000


def is_recording(path: Path) -> bool:
    """Whether a file is one by its name or by its first bytes (gzip or JSON).

    Raises:
        InputError: it cannot be read.
    """
    if path.suffix == ".poses":
        return True
    try:
        with path.open("rb") as file:
            start = file.read(2)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    return start == _GZIP or start[:1] == b"{"


class RecordingWriter:
    """Writes bodies to a recording as they come.

    What was written more than a second ago can be read even if the process is killed.

    Args:
        path: the file, in a folder that exists. A recording is never overwritten.
        fps: nominal frames per second, if known.
        aspect: width over height of the picture; by default that of the first frame's picture.
        note: for people, e.g. where the recording comes from.

    Attributes:
        frames: how many were written.

    Raises:
        InputError: the file cannot be written, or there is something in it.
    """

    def __init__(
        self, path: Path, fps: float | None = None, aspect: float | None = None, note: str = ""
    ) -> None:
        self.path = path
        self.frames = 0
        self._header = Header(fps, aspect, note)
        self._last = (-1, -math.inf)
        self._flush_at = 0.0
        self._compressor = zlib.compressobj(9, wbits=31)
        try:
            if path.exists() and path.stat().st_size:
                raise InputError(
                    f"{path}: there is a file already; remove it or record to another one"
                )
            self._file: FileIO | None = path.open("wb", buffering=0)
        except OSError as error:
            raise self._failed(error) from None

    def write(self, frame: BodyFrame) -> None:
        """Append one frame; its picture is left out.

        Raises:
            InputError: the disk is full, or the like.
            ValueError: the frame is not later than the last one.
        """
        if not (frame.index > self._last[0] and frame.time > self._last[1]):
            raise ValueError(f"frame {(frame.index, frame.time)} after {self._last}")
        self._last = (frame.index, frame.time)
        data = frame_to_line(frame)
        if self.frames == 0:
            data = self._first_line(frame) + data
        self.frames += 1
        data = self._compressor.compress(data)
        if time.monotonic() >= self._flush_at:
            self._flush_at = time.monotonic() + _FLUSH_EVERY
            data += self._compressor.flush(zlib.Z_SYNC_FLUSH)
        self._append(data)

    def close(self) -> None:
        """Finish the file.

        Raises:
            InputError: the disk is full, or the like.
        """
        if self._file is None:
            return
        data = b"" if self.frames else self._compressor.compress(self._header.to_line())
        self._append(data + self._compressor.flush(zlib.Z_FINISH))
        self._file.close()
        self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _first_line(self, frame: BodyFrame) -> bytes:
        header = self._header
        if header.aspect is None and frame.image is not None:
            header = Header(header.fps, aspect_of(frame.image), header.note)
        return header.to_line()

    def _append(self, data: bytes) -> None:
        assert self._file is not None, "the recording is closed"
        try:
            while data:  # a disk that runs full takes a part first
                data = data[self._file.write(data) :]
        except OSError as error:
            self._file.close()
            self._file = None
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> InputError:
        return InputError(f"{self.path}: poses cannot be recorded ({error.strerror})")


class RecordingSource(Source):
    """Replays a recording, whole or cut short, compressed or plain.

    Frames carry the indices and times of the recording; they count as captured when they are given.

    Args:
        path: the file.
        realtime: hold frames back until they are due instead of giving them as fast as it goes.
        name: the stream's name in topics; by default one that looks like the file's name.

    Attributes:
        header: the recording's first line.

    Raises:
        InputError: missing, or not a pose recording.
    """

    def __init__(self, path: Path, realtime: bool = False, name: str | None = None) -> None:
        self.path = path
        self._lines = _Lines(path)
        line = next(self._lines, None)
        if line is None:
            self._lines.close()
            raise InputError(f"{path}: not a pose recording, or one without a single frame")
        try:
            self.header = Header.from_line(line)
        except BadLineError as error:
            self._lines.close()
            raise InputError(f"{path}: {error}") from None
        super().__init__(
            name or stream_name(path.stem), "bodies", False, self.header.fps, self.header.aspect
        )
        self._pacer = Pacer(lambda: self._stopped) if realtime else None

    def __iter__(self) -> Iterator[BodyFrame]:
        """Frames as they were; at the end a note is made if the file was cut short.

        Raises:
            InputError: a line is damaged, or there is no frame at all.
        """
        frames = 0
        last = (-1, -math.inf)
        for number, line in enumerate(self._lines, start=2):
            try:
                frame = frame_from_line(line, time.time())
                if not (frame.index > last[0] and frame.time > last[1]):
                    raise BadLineError("the frame is not later than the one before")
            except BadLineError as error:
                raise InputError(f"{self.path}, line {number}: {error}") from None
            last = (frame.index, frame.time)
            frames += 1
            if self._pacer is not None:
                self._pacer.wait(frame.time)
                frame = replace(frame, t_capture=time.time(), t_mono=time.monotonic())
            if self._stopped:
                return
            yield frame
        if frames == 0:
            raise InputError(f"{self.path}: not one frame can be read; record it anew")
        if self._lines.cut:
            self.notes.append(f"{self.path}: cut short; {frames} frames could be read")

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._lines.close()


class _Lines:
    """Whole lines of a file, decompressed; a last one that is not whole is left out.

    Attributes:
        cut: whether the file ends, or becomes unreadable, in the middle.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cut = False
        try:
            with path.open("rb") as file:
                compressed = file.read(2) == _GZIP
            self._file: BufferedIOBase = (gzip.open if compressed else open)(path, "rb")
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        try:
            line = self._file.readline(_LONGEST)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            self.cut = True
            raise StopIteration from None
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read ({error.strerror})") from None
        if len(line) == _LONGEST:
            raise InputError(f"{self.path}: a line is longer than any frame; the file is damaged")
        if line.endswith(b"\n"):
            return line
        self.cut = bool(line)
        raise StopIteration

    def close(self) -> None:
        self._file.close()

"""From what the user names to a source."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from bank.errors import InputError
from realtime.publishing.wire import check_stream, stream_name
from realtime.sources.capture import frame_count, open_capture, redact
from realtime.sources.live import LiveSource
from realtime.sources.recording import RecordingSource, is_recording
from realtime.sources.source import Source
from realtime.sources.video import VideoSource

_FILE_LIKE: Final = ("http", "https")  # may lead to a file, which has an end, or to a stream
_STREAMS: Final = ("rtsp", "rtsps", "rtmp", "rtmps", "rtp", "srt", "tcp", "udp")


def open_source(spec: str | int, *, realtime: bool = False, name: str | None = None) -> Source:
    """Open a camera, video file, stream or pose recording.

    Args:
        spec: a camera's number; or the path of a video, of a pose recording or of a camera device;
            or a URL (rtsp, rtmp, http, ... as FFmpeg reads them).
        realtime: play a file at its own speed instead of as fast as it goes.
        name: the stream's name in topics; by default one that looks like ``spec``.

    Raises:
        InputError: there is no such thing, or nothing can be read from it. Credentials in a URL
            are never part of the message.
    """
    if name is not None:
        check_stream(name)
    if isinstance(spec, int):
        return _camera(spec, f"camera {spec}", name or f"camera-{spec}")
    scheme, separator, _ = spec.partition("://")
    if separator and scheme.lower() != "file":
        return _address(spec, scheme.lower(), realtime, name)
    path = Path(unquote(urlsplit(spec).path)) if separator else Path(spec)
    return _path(path, realtime, name or stream_name(path.stem))


def _camera(target: int | str, called: str, name: str) -> Source:
    capture = open_capture(target)
    if capture is None:
        raise InputError(
            f"{called}: no such camera, or another program uses it; "
            "check its cable and your right to read it"
        )
    return LiveSource(capture, called, name)


def _address(address: str, scheme: str, realtime: bool, name: str | None) -> Source:
    called = redact(address)
    if scheme not in (*_FILE_LIKE, *_STREAMS):
        known = ", ".join((*_FILE_LIKE, *_STREAMS))
        raise InputError(f"{called}: no source speaks {scheme!r}; these do: {known}")
    capture = open_capture(address)
    if capture is None:
        raise InputError(
            f"{called}: cannot be opened as video; check address, network, user and password"
        )
    # All after the credentials, with or without a port.
    place = re.sub(r".*://(\*\*\*@)?|\?\*\*\*$", "", called)
    name = name or stream_name(place)
    if scheme in _FILE_LIKE and frame_count(capture) > 0:
        return VideoSource(capture, called, name, realtime)
    return LiveSource(capture, called, name, ends=True)


def _path(path: Path, realtime: bool, name: str) -> Source:
    if not path.exists():
        hint = f"; for a camera give --camera {path}" if str(path).isdecimal() else ""
        raise InputError(f"{path}: no such file{hint}")
    if path.is_char_device():
        return _camera(str(path), str(path), name)
    if not path.is_file():
        raise InputError(f"{path}: not a file; give a video or a pose recording")
    if is_recording(path):
        return RecordingSource(path, realtime, name)
    capture = open_capture(str(path))
    if capture is None:
        raise InputError(f"{path}: cannot be read as video; the file is damaged or not a video")
    return VideoSource(capture, str(path), name, realtime)

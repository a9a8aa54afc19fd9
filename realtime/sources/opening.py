"""From what the user names to a source."""

import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from bank.errors import InputError
from realtime.publishing.wire import check_endpoint, check_stream, stream_name
from realtime.sources.azure_kinect import load_azure_kinect, open_azure_kinect
from realtime.sources.capture import CaptureFeed, frame_count, open_capture, redact
from realtime.sources.images import ImageFolder
from realtime.sources.kinect_v2 import load_kinect_v2, open_kinect_v2
from realtime.sources.live import LiveSource
from realtime.sources.pose_input import PoseInput
from realtime.sources.recording import RecordingSource, is_recording
from realtime.sources.skeleton_file import SkeletonFile
from realtime.sources.source import Source
from realtime.sources.video import VideoSource

_FILE_LIKE: Final = ("http", "https")  # may lead to a file, which has an end, or to a stream
_STREAMS: Final = ("rtsp", "rtsps", "rtmp", "rtmps", "rtp", "srt", "tcp", "udp")
_POSES: Final = ("zmq+tcp", "zmq+ipc")
_SENSORS: Final = ("kinect-v2", "azure-kinect")


def open_source(
    spec: str | int,
    *,
    realtime: bool = False,
    name: str | None = None,
    fps: float | None = None,
    give_up: float | None = None,
    vendor: Any = None,
) -> Source:
    """Open a camera, video, stream, folder of pictures, sensor, or recorded or sent poses.

    Args:
        spec: a camera's number; or the path of a video, of a folder of pictures, of a pose
            recording, of an NTU ``.skeleton`` file or of a camera device; or a URL (rtsp, rtmp,
            http, ... as FFmpeg reads them); or ``zmq+tcp://host:port`` for poses sent to us; or
            ``kinect-v2`` or ``azure-kinect``.
        realtime: play a file at its own speed instead of as fast as it goes.
        name: the stream's name in topics; by default one that looks like ``spec``.
        fps: frames per second, of a folder or a ``.skeleton`` file, which do not say.
        give_up: seconds that an outage of what is live may last; None tries for ever.
        vendor: a sensor's runtime to use instead of the one installed: what ``load_kinect_v2`` or
            ``load_azure_kinect`` give.

    Raises:
        InputError: there is no such thing, or nothing can be read from it. Credentials in a URL
            are never part of the message.
    """
    if name is not None:
        check_stream(name)
    if fps is not None and not (Path(str(spec)).is_dir() or str(spec).endswith(".skeleton")):
        raise InputError(f"{redact(str(spec))}: says itself how fast it is; leave --fps out")
    if isinstance(spec, int):
        return _camera(spec, f"camera {spec}", name or f"camera-{spec}", give_up)
    if spec in _SENSORS:
        return _sensor(spec, name or spec, give_up, vendor)
    scheme, separator, rest = spec.partition("://")
    if separator and scheme.lower() in _POSES:
        return _poses(scheme.lower().removeprefix("zmq+"), rest, name, give_up)
    if separator and scheme.lower() != "file":
        return _address(spec, scheme.lower(), realtime, name, give_up)
    path = Path(unquote(urlsplit(spec).path)) if separator else Path(spec)
    return _path(path, realtime, name, fps, give_up)


def _camera(target: int | str, called: str, name: str, give_up: float | None) -> Source:
    def connect() -> CaptureFeed:
        capture = open_capture(target)
        if capture is None:
            raise InputError(
                f"{called}: no such camera, or another program uses it; "
                "check its cable and your right to read it"
            )
        return CaptureFeed(capture, "check its cable; is another program using it?")

    return LiveSource(connect, called, name, give_up=give_up)


def _sensor(spec: str, name: str, give_up: float | None, vendor: Any) -> Source:
    if spec == "kinect-v2":
        start = vendor or load_kinect_v2()
        return LiveSource(lambda: open_kinect_v2(start), spec, name, "bodies", give_up)
    library = vendor or load_azure_kinect()
    return LiveSource(lambda: open_azure_kinect(library), spec, name, "bodies", give_up)


def _poses(transport: str, place: str, name: str | None, give_up: float | None) -> Source:
    endpoint = f"{transport}://{place}"
    try:
        if transport == "tcp" and re.search(r"[@?/]", place):
            raise InputError("ZeroMQ knows no user, path or query")
        check_endpoint(endpoint)
    except InputError:
        raise InputError(
            f"zmq+{redact(endpoint)}: not an endpoint; give one like zmq+tcp://127.0.0.1:5560"
        ) from None
    notes: list[str] = []
    name = name or stream_name(place)
    return LiveSource(
        lambda: PoseInput(endpoint, notes), endpoint, name, "bodies", give_up, notes=notes
    )


def _address(
    address: str, scheme: str, realtime: bool, name: str | None, give_up: float | None
) -> Source:
    called = redact(address)
    if scheme not in (*_FILE_LIKE, *_STREAMS):
        known = ", ".join((*_FILE_LIKE, *_STREAMS, *_POSES))
        raise InputError(f"{called}: no source speaks {scheme!r}; these do: {known}")

    def connect() -> Any:
        capture = open_capture(address)
        if capture is None:
            raise InputError(
                f"{called}: cannot be opened as video; check address, network, user and password"
            )
        return capture

    # All after the credentials, with or without a port.
    place = re.sub(r".*://(\*\*\*@)?|\?\*\*\*$", "", called)
    name = name or stream_name(place)
    first = [connect()]
    if scheme in _FILE_LIKE and frame_count(first[0]) > 0:
        return VideoSource(first[0], called, name, realtime)
    return LiveSource(
        lambda: CaptureFeed(first.pop() if first else connect(), "is it still there?"),
        called,
        name,
        give_up=give_up,
    )


def _path(
    path: Path, realtime: bool, name: str | None, fps: float | None, give_up: float | None
) -> Source:
    if not path.exists():
        hint = f"; for a camera give --camera {path}" if str(path).isdecimal() else ""
        raise InputError(f"{path}: no such file or folder{hint}")
    if path.is_dir():
        return ImageFolder(path, fps, realtime, name)
    name = name or stream_name(path.stem)
    if path.is_char_device():
        return _camera(str(path), str(path), name, give_up)
    if not path.is_file():
        raise InputError(f"{path}: not a file; give a video or a pose recording")
    if path.suffix.lower() == ".skeleton":
        return SkeletonFile(path, fps, realtime, name)
    if is_recording(path):
        return RecordingSource(path, realtime, name)
    capture = open_capture(str(path))
    if capture is None:
        raise InputError(f"{path}: cannot be read as video; the file is damaged or not a video")
    return VideoSource(capture, str(path), name, realtime)

"""From what a user names to a source."""

from pathlib import Path

from realtime.sources.recording import RecordingSource
from realtime.sources.source import Source, stream_name
from realtime.sources.video import CameraSource, VideoSource


def open_source(spec: int | str, realtime: bool = False, name: str | None = None) -> Source:
    """Open a camera, a file or a stream.

    Args:
        spec: number of a camera, URL of a stream, path of a pose recording (``.poses``) or video.
        realtime: play a file at its own speed.
        name: of the stream; made from ``spec`` by default.

    Raises:
        InputError: it is missing or cannot be read.
    """
    chosen = stream_name(name) if name else None
    if isinstance(spec, int) or "://" in spec:
        return CameraSource(spec, chosen)
    path = Path(spec)
    if path.suffix == ".poses":
        return RecordingSource(path, realtime, chosen)
    return VideoSource(path, realtime, chosen)

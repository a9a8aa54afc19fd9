"""Where frames come from."""

from realtime.sources.open import open_source
from realtime.sources.recording import RecordingSource, RecordingWriter
from realtime.sources.source import Source
from realtime.sources.video import CameraSource, VideoSource

__all__ = [
    "CameraSource",
    "RecordingSource",
    "RecordingWriter",
    "Source",
    "VideoSource",
    "open_source",
]

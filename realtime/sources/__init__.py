"""Where pictures or bodies come from: cameras, video files, streams, pose recordings."""

from realtime.sources.live import LiveSource
from realtime.sources.opening import open_source
from realtime.sources.pace import Pacer
from realtime.sources.recording import RecordingSource, RecordingWriter
from realtime.sources.source import Source
from realtime.sources.video import VideoSource

__all__ = [
    "LiveSource",
    "Pacer",
    "RecordingSource",
    "RecordingWriter",
    "Source",
    "VideoSource",
    "open_source",
]

"""Where pictures or bodies come from: cameras, streams, files, sensors, others that send poses."""

from realtime.sources.images import ImageFolder
from realtime.sources.live import LiveSource
from realtime.sources.opening import open_source
from realtime.sources.pace import Pacer
from realtime.sources.recording import RecordingSource, RecordingWriter
from realtime.sources.skeleton_file import SkeletonFile
from realtime.sources.source import Source
from realtime.sources.video import VideoSource

__all__ = [
    "ImageFolder",
    "LiveSource",
    "Pacer",
    "RecordingSource",
    "RecordingWriter",
    "SkeletonFile",
    "Source",
    "VideoSource",
    "open_source",
]

"""A clip of NTU RGB+D as bodies: what Kinect v2 saw."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from realtime.frames import Body, BodyFrame
from realtime.publishing.wire import stream_name
from realtime.sources.pace import Pacer
from realtime.sources.source import Source
from train.data.readers.skeleton_file import read_skeleton

_FPS: Final = 30.0  # Kinect v2's; the file does not say


class SkeletonFile(Source):
    """The bodies of a ``.skeleton`` file; who is who is left to the tracker.

    Args:
        path: the file.
        fps: frames per second; by default 30.
        realtime: hold frames back until they are due instead of giving them as fast as it goes.
        name: the stream's name in topics; by default one that looks like the file's.

    Raises:
        InputError: missing, cut short or damaged.
    """

    def __init__(
        self,
        path: Path,
        fps: float | None = None,
        realtime: bool = False,
        name: str | None = None,
    ) -> None:
        self._skeletons = read_skeleton(path)  # (T, M, 25, 3)
        self._rate = fps or _FPS
        super().__init__(name or stream_name(path.stem), "bodies", False, self._rate, None)
        self._pacer = Pacer(lambda: self._stopped) if realtime else None

    def __iter__(self) -> Iterator[BodyFrame]:
        """Frames, with nobody in them where Kinect saw nobody."""
        for index, people in enumerate(self._skeletons):
            if self._pacer is not None:
                self._pacer.wait(index / self._rate)
            if self._stopped:
                return
            there = np.isfinite(people).all(axis=-1).any(axis=-1)
            bodies = tuple(Body(joints) for joints in people[there])
            yield BodyFrame(bodies, index, index / self._rate, time.time())

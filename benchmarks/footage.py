"""Real recordings as sources without an end, for benchmarks and soaks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.frames import Body, BodyFrame, VideoFrame
from realtime.sources import Source

DEMO: Final = Path(__file__).parents[1] / "apps" / "demo"
CLIPS: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "video"
SIZE: Final = (640, 360)


class Looped(Source):
    """A source played again and again, its clock and its numbers going on.

    Args:
        opened: opens it anew for every round.
        live: whether it is to be taken for a camera: frames are then dropped, not waited with.
        pause: seconds of the stream's clock between rounds.
    """

    def __init__(
        self, opened: Callable[[], Source], live: bool = False, pause: float = 1.0
    ) -> None:
        self._opened = opened
        self._round = opened()
        self._pause = pause
        first = self._round
        super().__init__(first.name, first.gives, live, first.fps, first.aspect)

    def __iter__(self) -> Iterator[VideoFrame | BodyFrame]:
        """Frames without an end."""
        index, begin = 0, 0.0
        while not self._stopped:
            end = begin
            for frame in self._round:
                if self._stopped:
                    return
                end = begin + frame.time
                yield replace(frame, index=index, time=end)
                index += 1
            self._round.close()
            begin = end + self._pause
            self._round = self._opened()

    def stop(self) -> None:
        """See :class:`Source`."""
        super().stop()
        self._round.stop()

    def close(self) -> None:
        """See :class:`Source`."""
        super().close()
        self._round.close()


class Crowd(Source):
    """Several people from the recording of one, each somewhere else and at another moment of it.

    Args:
        frames: the recording, one person a frame or nobody.
        people: how many.
        rounds: how often it is played.
        fps: frames per second of the recording.
    """

    def __init__(
        self, frames: Sequence[BodyFrame], people: int, rounds: int, fps: float | None
    ) -> None:
        super().__init__(f"crowd-{people}", "bodies", False, fps, None)
        self._frames = [frame for frame in frames if frame.bodies]
        self._people = people
        self._rounds = rounds

    def __iter__(self) -> Iterator[BodyFrame]:
        """All frames, as fast as they are taken."""
        step = 1 / (self.fps or 25.0)
        count = len(self._frames)
        for index in range(count * self._rounds):
            if self._stopped:
                return
            bodies = tuple(
                self._moved(self._frames[(index + who * count // 8) % count].bodies[0], who)
                for who in range(self._people)
            )
            yield BodyFrame(bodies, index, index * step, 0.0)

    def _moved(self, body: Body, who: int) -> Body:
        """Two metres apart, side by side."""
        joints = body.joints + np.array([2.0 * who, 0.0, 0.0], np.float32)
        return Body(joints, None, body.confidence)


def shrunk(clip: Path, to: Path) -> Path:
    """A clip as a 640 x 360 video at its own rate, with black at the sides where it is narrower."""
    capture = cv2.VideoCapture(str(clip))
    fps = capture.get(cv2.CAP_PROP_FPS)
    writer = cv2.VideoWriter(str(to), cv2.VideoWriter.fourcc(*"mp4v"), fps, SIZE)
    while True:
        good, image = capture.read()
        if not good:
            break
        writer.write(fitted(image))
    writer.release()
    capture.release()
    return to


def fitted(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture as large as it fits into 640 x 360."""
    width, height = SIZE
    scale = min(width / image.shape[1], height / image.shape[0])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = np.zeros((height, width, 3), np.uint8)
    y, x = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    canvas[y : y + small.shape[0], x : x + small.shape[1]] = small
    return canvas

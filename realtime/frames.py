"""What travels through the live house: video frames, then bodies."""

from dataclasses import dataclass, field
from time import monotonic

import numpy as np
from numpy.typing import NDArray


def longest_gap(fps: float | None, least: float = 0.5) -> float:
    """Seconds a person may be unseen and still be the same: of a slow source, three frames.

    Args:
        fps: nominal frames per second of the source; None where unknown.
        least: what it is at usual rates.
    """
    return max(least, 3 / fps) if fps else least


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """One picture from a camera, a file or a stream.

    Attributes:
        image: (H, W, 3) uint8, BGR, as OpenCV gives it.
        index: running number in its stream, from 0; a number that is missing was
            dropped, or missed in an outage.
        time: seconds on the stream's own clock, strictly increasing (a file's media time, a
            camera's monotonic capture time).
        t_capture: unix seconds at which the picture was taken (read, for a file): for people, and
            for other machines. The wall clock may be set while we run.
        t_mono: the same moment by ``time.monotonic()``: what latencies are taken from.
        decode: seconds that decoding took, as far as it can be told from waiting for the picture.
    """

    image: NDArray[np.uint8]
    index: int
    time: float
    t_capture: float
    t_mono: float = field(default_factory=monotonic)
    decode: float = 0.0


@dataclass(frozen=True, eq=False)
class Body:
    """One person in one frame.

    Attributes:
        joints: (25, 3) float32, NTU-25, metres, camera space, y up; NaN where not seen.
        pixels: (25, 2) float32 image positions, as fractions of width and height, or None.
        confidence: 0..1, the estimator's own.
        track: who it is across frames; -1 before tracking.
        rough: whether it comes from one picture by itself, and trembles.
    """

    joints: NDArray[np.float32]
    pixels: NDArray[np.float32] | None = None
    confidence: float = 1.0
    track: int = -1
    rough: bool = False


@dataclass(frozen=True, eq=False)
class BodyFrame:
    """Everybody seen at one moment. Fields as in :class:`VideoFrame`; the image is optional."""

    bodies: tuple[Body, ...]
    index: int
    time: float
    t_capture: float
    image: NDArray[np.uint8] | None = None
    t_mono: float = field(default_factory=monotonic)

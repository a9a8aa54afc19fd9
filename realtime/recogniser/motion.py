"""How much a person moves, and where the limbs are."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from train.skeletons.joints import INDEX

# Everything but hands, feet and what is filled in between: those tremble most and say least more.
_MOVERS: Final = [
    INDEX[name]
    for name in (
        *("Head", "SpineShoulder", "ShoulderLeft", "ElbowLeft", "WristLeft", "ShoulderRight"),
        *("ElbowRight", "WristRight", "KneeLeft", "AnkleLeft", "KneeRight", "AnkleRight"),
    )
]
_BASE: Final = INDEX["SpineBase"]
_STEP: Final = 0.2  # seconds over which positions are averaged: trembling goes, movement stays
_STEPS: Final = 3
_FASTEST: Final = 3  # joints that count
_SHORT: Final = 0.1  # seconds, likewise, where it matters when a movement halts
_SHORTS: Final = 5
REACH: Final = _SHORT * _SHORTS  # seconds that are looked at for it
SPAN: Final = _STEP * _STEPS  # seconds that are looked at

Places = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Limbs:
    """Where a person's limbs are at the end of a window, and how fast they came there.

    Attributes:
        places: (12, 3) metres from the base of the spine, means of the last 0.1 s; NaN where not
            seen.
        speed: metres per second over the last 0.2 s, of the three fastest joints.
        peak: the greatest such speed within the last 0.5 s.
    """

    places: Places
    speed: float
    peak: float


def motion(joints: NDArray[np.float32], times: NDArray[np.float64]) -> float:
    """Metres per second of the three fastest joints, over the last 0.6 seconds of a window.

    Positions are taken relative to the base of the spine, which takes out the camera's and the
    pose model's common drift (worst in depth), and averaged over steps of 0.2 s, which takes out
    the trembling of single frames. Who walks or jumps moves the limbs too.

    Args:
        joints: (T, M, 25, 3) metres, NaN where not seen; body 0 counts.
        times: (T,) seconds, increasing.

    Returns:
        The speed; 0 where there are not two steps to compare.
    """
    means = [step for step in _steps(joints, times, _STEP, _STEPS) if step is not None]
    if len(means) < 2:
        return 0.0
    speeds = np.linalg.norm(np.diff(np.stack(means), axis=0), axis=-1) / _STEP
    return _greatest(np.nan_to_num(speeds, nan=0.0).mean(axis=0))


def limbs(joints: NDArray[np.float32], times: NDArray[np.float64]) -> Limbs:
    """Where the limbs are at the end of a window, and how fast they came there.

    Args:
        joints: (T, M, 25, 3) metres, NaN where not seen; body 0 counts.
        times: (T,) seconds, increasing.
    """
    steps = _steps(joints, times, _SHORT, _SHORTS)
    # Over two steps at a time: of one alone, at 30 frames a second, trembling makes too much.
    speeds = [
        0.0 if here is None or before is None else distance(here, before) / (2 * _SHORT)
        for here, before in zip(steps[:-2], steps[2:], strict=True)
    ]
    places = steps[0]
    assert places is not None  # the last frame is in it
    return Limbs(places, speeds[0], max(speeds))


def posture(joints: NDArray[np.float32]) -> Places:
    """(12, 3) the mean posture of a window (T, M, 25, 3): metres from the base of the spine."""
    return _mean(_relative(joints[:, 0]))


def distance(places: Places, others: Places) -> float:
    """Metres between two postures: the mean of the three joints that are farthest apart."""
    return _greatest(np.nan_to_num(np.linalg.norm(places - others, axis=-1), nan=0.0))


def _greatest(values: NDArray[np.float32]) -> float:
    return float(np.sort(values)[-_FASTEST:].mean())


def _steps(
    joints: NDArray[np.float32], times: NDArray[np.float64], seconds: float, count: int
) -> list[Places | None]:
    """Mean places of steps back from a window's end, the latest first; None without a frame."""
    number = ((times[-1] - times) / seconds).astype(int)
    recent = number < count
    relative, number = _relative(joints[recent, 0]), number[recent]
    return [
        _mean(relative[number == step]) if (number == step).any() else None for step in range(count)
    ]


def _relative(bodies: NDArray[np.float32]) -> Places:
    """(T, 12, 3) places of the limbs of (T, 25, 3) joints, seen from the base of the spine."""
    return bodies[:, _MOVERS] - bodies[:, _BASE, None]


def _mean(values: NDArray[np.float32]) -> Places:
    """Over the first axis, of what is there; NaN where nothing is."""
    there = np.isfinite(values)
    count = there.sum(axis=0)
    total = np.where(there, values, 0).sum(axis=0)
    mean: Places = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean

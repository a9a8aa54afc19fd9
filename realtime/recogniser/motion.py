"""How much a person moves: what tells standing still from doing something."""

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
SPAN: Final = _STEP * _STEPS  # seconds that are looked at


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
    step = ((times[-1] - times) / _STEP).astype(int)
    bodies = joints[step < _STEPS, 0]
    relative = bodies[:, _MOVERS] - bodies[:, _BASE, None]
    step = step[step < _STEPS]
    means = [_mean(relative[step == number]) for number in range(_STEPS) if (step == number).any()]
    if len(means) < 2:
        return 0.0
    speeds = np.linalg.norm(np.diff(np.stack(means), axis=0), axis=-1) / _STEP
    mean = np.nan_to_num(speeds, nan=0.0).mean(axis=0)
    return float(np.sort(mean)[-_FASTEST:].mean())


def _mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Over the first axis, of what is there; NaN where nothing is."""
    there = np.isfinite(values)
    count = there.sum(axis=0)
    total = np.where(there, values, 0).sum(axis=0)
    mean: NDArray[np.float32] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean

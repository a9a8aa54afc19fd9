"""Who stands near whom: the second body of a window."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from train.skeletons.joints import INDEX

NEAR: Final = 1.5  # metres between two who may act on each other: arms reach, and a step
SHARE: Final = 0.5  # of a window's frames in which both must be seen
_PELVIS: Final = INDEX["SpineBase"]

Seen = tuple[Sequence[float], Sequence[NDArray[np.float32]]]


def partner_of(
    joints: NDArray[np.float32],
    times: NDArray[np.float64],
    others: Mapping[int, Seen],
    frames: int,
) -> tuple[int, NDArray[np.float32]] | None:
    """The nearest person to somebody, where one is near for half of a window.

    Args:
        joints: (T, 25, 3) the person's own, metres.
        times: (T,) seconds of the frames in which the person was seen.
        others: of everybody else the times of their frames and their joints, (25, 3) each.
        frames: how many there were in the window, whoever was seen.

    Returns:
        The other's number and joints (T, 25, 3) at the person's times, NaN where not seen; None
        where nobody is near.
    """
    nearest, found = NEAR, None
    for track, (when, theirs) in others.items():
        other = _at(times, when, theirs)
        apart = np.linalg.norm(other[:, _PELVIS] - joints[:, _PELVIS], axis=1)
        apart = apart[np.isfinite(apart)]
        if len(apart) and len(apart) >= SHARE * frames and (d := float(np.median(apart))) < nearest:
            nearest, found = d, (track, other)
    return found


def _at(
    times: NDArray[np.float64], when: Sequence[float], joints: Sequence[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """(T, 25, 3) somebody's joints in the frames of those times; NaN in others."""
    out = np.full((len(times), *joints[0].shape), np.nan, np.float32)
    _, here, there = np.intersect1d(times, np.asarray(when), return_indices=True)
    for row, place in zip(here.tolist(), there.tolist(), strict=True):
        out[row] = joints[place]
    return out

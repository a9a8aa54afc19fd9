"""Skeletons of other makers as NTU-25, in metres and in the axes of Kinect's camera space."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from train.skeletons.kinect_v1 import fill_from_20

# Azure Kinect's joint for each of NTU-25: pelvis, navel, neck, head, arms, legs, chest, hands.
_AZURE: Final = (
    *(0, 1, 3, 26),
    *(5, 6, 7, 8, 12, 13, 14, 15),
    *(18, 19, 20, 21, 22, 23, 24, 25),
    *(2, 9, 10, 16, 17),
)
# The depth camera has x to its right and y down; Kinect v2 has x to its left and y up.
_AZURE_TO_METRES: Final = np.array((-0.001, -0.001, 0.001))
_MEDIAPIPE_TO_CAMERA: Final = np.array((-1.0, -1.0, 1.0))

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Layout:
    """How a maker orders, measures and turns joints.

    Attributes:
        joints: how many there are.
        positions: (joints, 3) of the maker's to (25, 3) of ours.
        places: (joints, C) to (25, C), units and axes untouched: for positions in a picture.
    """

    joints: int
    positions: Callable[[Points], Points]
    places: Callable[[Points], Points]


def _same(points: Points) -> Points:
    return points


def _from_azure(points: Points) -> Points:
    return points[_AZURE, :]


def _from_azure_metres(points: Points) -> Points:
    return np.asarray(points[_AZURE, :] * _AZURE_TO_METRES, dtype=np.float64)


def _from_kinect_v1(points: Points) -> Points:
    return fill_from_20(points.astype(np.float32)).astype(np.float64)


def _from_mediapipe(points: Points) -> Points:
    from realtime.poses import kinect  # late: it brings torch along, which others need not wait for

    absent = np.isnan(points[:, 0])
    joints = kinect.blend(np.nan_to_num(points))
    joints[(kinect.BLEND[:, absent] != 0).any(axis=1)] = np.nan
    return joints


def _from_mediapipe_metres(points: Points) -> Points:
    return np.asarray(_from_mediapipe(points) * _MEDIAPIPE_TO_CAMERA, dtype=np.float64)


LAYOUTS: Final[dict[str, Layout]] = {
    "ntu-25": Layout(25, _same, _same),
    "kinect-v1-20": Layout(20, _from_kinect_v1, _from_kinect_v1),
    "azure-32": Layout(32, _from_azure_metres, _from_azure),
    "mediapipe-33": Layout(33, _from_mediapipe_metres, _from_mediapipe),
}

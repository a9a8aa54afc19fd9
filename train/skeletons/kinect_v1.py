"""Older sensors' skeletons as NTU-25: what they lack is put where Kinect v2 would see it."""

import numpy as np
from numpy.typing import NDArray

# Kinect v1 joints in SDK order, as places in NTU-25.
_SDK_20 = (0, 1, 20, 3, *range(4, 20))
# How far along the line from shoulder centre to head the neck sits.
_NECK = np.float32(0.35)
# Hand tips and thumbs, and the hand each is put on.
_TIPS = ((21, 7), (22, 7), (23, 11), (24, 11))
# Joints that a 15-joint skeleton has no point for, and the one that stands in: hand, ankle.
_STAND_INS_15 = ((6, 7), (10, 11), (15, 14), (19, 18))


def fill_from_20(joints: NDArray[np.float32]) -> NDArray[np.float32]:
    """Kinect v1 to NTU-25.

    Args:
        joints: (..., 20, 3) in SDK order: HipCenter, Spine, ShoulderCenter, Head, arms, legs.

    Returns:
        (..., 25, 3); the neck between shoulders and head, tips and thumbs on the hands.
    """
    full = np.full((*joints.shape[:-2], 25, 3), np.nan, dtype=np.float32)
    full[..., _SDK_20, :] = joints
    return _fill(full)


def fill_from_15(named: dict[int, NDArray[np.float32]]) -> NDArray[np.float32]:
    """A 15-joint skeleton to NTU-25.

    Args:
        named: NTU-25 index to (..., 3) positions: head 3, shoulder centre 20, torso 1, shoulders
            4 and 8, elbows 5 and 9, hands 7 and 11, hips 12 and 16, knees 13 and 17, ankles 14
            and 18.

    Returns:
        (..., 25, 3); the spine's base between the hips, wrists on the hands, feet on the ankles.
    """
    shape = next(iter(named.values())).shape[:-1]
    full = np.full((*shape, 25, 3), np.nan, dtype=np.float32)
    for index, position in named.items():
        full[..., index, :] = position
    full[..., 0, :] = (full[..., 12, :] + full[..., 16, :]) / 2
    for missing, stand_in in _STAND_INS_15:
        full[..., missing, :] = full[..., stand_in, :]
    return _fill(full)


def _fill(full: NDArray[np.float32]) -> NDArray[np.float32]:
    full[..., 2, :] = full[..., 20, :] + _NECK * (full[..., 3, :] - full[..., 20, :])
    for tip, hand in _TIPS:
        full[..., tip, :] = full[..., hand, :]
    return full

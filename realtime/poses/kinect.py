"""From MediaPipe's 33 landmarks to the 25 joints of NTU RGB+D (Kinect v2).

MediaPipe marks points on the body's surface anatomy (ears, hip joints, knuckles, toes); Kinect
marks the joints of a depth skeleton, whose hips sit close together and whose ankles sit on the
shin. Every joint is therefore a fixed blend of landmarks. The weights are round numbers that bring
segment lengths, in units of the torso, to those Kinect v2 gives; ``docs/poses.md`` holds the table.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from train.skeletons.joints import NTU_25

LANDMARKS: Final = 33

_LEFT_EAR, _RIGHT_EAR = 7, 8
# The left landmark of each pair; the right one follows it.
_SHOULDER, _ELBOW, _WRIST, _PINKY, _INDEX, _THUMB = 11, 13, 15, 17, 19, 21
_HIP, _KNEE, _ANKLE, _TOES = 23, 25, 27, 31
LIMBS: Final[tuple[int, ...]] = tuple(
    pair + side for pair in (_SHOULDER, _ELBOW, _WRIST, _HIP, _KNEE, _ANKLE) for side in (0, 1)
)

# MediaPipe: x to the right in the picture, y down, z away from the camera, metres.
# Kinect camera space: x to the sensor's left, y up, z away. Half a turn about z joins the two.
_TO_CAMERA_SPACE: Final = np.array([-1.0, -1.0, 1.0])

_Row = NDArray[np.float64]


def _towards(start: _Row, end: _Row, share: float) -> _Row:
    """The point a share of the way from one blend to another (more than 1 goes beyond)."""
    return start + share * (end - start)


def _blends() -> Mapping[str, _Row]:
    mark: NDArray[np.float64] = np.eye(LANDMARKS)
    hips = (mark[_HIP] + mark[_HIP + 1]) / 2
    neck_base = (mark[_SHOULDER] + mark[_SHOULDER + 1]) / 2
    head = (mark[_LEFT_EAR] + mark[_RIGHT_EAR]) / 2
    torso = hips - neck_base
    rows = {
        "SpineBase": hips,
        "SpineMid": _towards(hips, neck_base, 0.57),
        "SpineShoulder": neck_base,
        "Neck": _towards(neck_base, head, 0.33),
        "Head": head,
    }
    for side, name in enumerate(("Left", "Right")):
        wrist, knee = mark[_WRIST + side], mark[_KNEE + side]
        knuckles = (mark[_PINKY + side] + mark[_INDEX + side]) / 2
        palm = _towards(wrist, knuckles, 0.8)
        shin = _towards(mark[_ANKLE + side], knee, 0.15)
        rows |= {
            f"Shoulder{name}": _towards(neck_base, mark[_SHOULDER + side], 0.9) + 0.075 * torso,
            f"Elbow{name}": mark[_ELBOW + side],
            f"Wrist{name}": wrist,
            f"Hand{name}": palm,
            f"HandTip{name}": _towards(wrist, knuckles, 1.5),
            f"Thumb{name}": palm + 1.5 * (mark[_THUMB + side] - wrist),
            f"Hip{name}": _towards(hips, mark[_HIP + side], 0.57),
            f"Knee{name}": _towards(knee, mark[_HIP + side], 0.1),
            f"Ankle{name}": shin,
            f"Foot{name}": _towards(shin, mark[_TOES + side], 0.6),
        }
    return rows


def _weights() -> NDArray[np.float64]:
    blends = _blends()
    weights: NDArray[np.float64] = np.stack([blends[name] for name in NTU_25])
    weights.flags.writeable = False
    return weights


# (25, 33), rows summing to 1: moving all landmarks moves all joints alike.
BLEND: Final = _weights()


def blend(landmarks: NDArray[Any]) -> NDArray[np.float64]:
    """Joints where their landmarks are, in the landmarks' own coordinates.

    Args:
        landmarks: (..., 33, C), e.g. image positions.

    Returns:
        (..., 25, C), NTU-25 order.
    """
    return np.asarray(BLEND @ landmarks, dtype=np.float64)


def to_camera_space(world: NDArray[Any]) -> NDArray[np.float64]:
    """Turn world landmarks into the axes of Kinect's camera space.

    Args:
        world: (..., 3), metres, MediaPipe's axes (x right in the picture, y down, z away).

    Returns:
        (..., 3), metres: x to the sensor's left, so that the left of a person who faces the camera
        lies at smaller x, as in NTU; y up; z away.
    """
    return np.asarray(world * _TO_CAMERA_SPACE, dtype=np.float64)


def to_ntu25(world: NDArray[Any]) -> NDArray[np.float64]:
    """The 25 joints of world landmarks, still centred between the hips.

    Args:
        world: (..., 33, 3), metres, as MediaPipe gives them.

    Returns:
        (..., 25, 3), metres, NTU-25 order, axes of Kinect's camera space.
    """
    return to_camera_space(blend(world))

"""The canonical skeleton: 25 joints in NTU RGB+D (Kinect v2) order.

Coordinates are metres in camera space, y up. ``Left`` is the person's own left.
Absent joints, and bodies that are not there, are NaN, never zero.
"""

from typing import Final

NTU_25: Final[tuple[str, ...]] = (
    "SpineBase",
    "SpineMid",
    "Neck",
    "Head",
    "ShoulderLeft",
    "ElbowLeft",
    "WristLeft",
    "HandLeft",
    "ShoulderRight",
    "ElbowRight",
    "WristRight",
    "HandRight",
    "HipLeft",
    "KneeLeft",
    "AnkleLeft",
    "FootLeft",
    "HipRight",
    "KneeRight",
    "AnkleRight",
    "FootRight",
    "SpineShoulder",
    "HandTipLeft",
    "ThumbLeft",
    "HandTipRight",
    "ThumbRight",
)

JOINTS: Final = len(NTU_25)
INDEX: Final[dict[str, int]] = {name: index for index, name in enumerate(NTU_25)}

SPINE_BASE: Final = INDEX["SpineBase"]
SPINE_SHOULDER: Final = INDEX["SpineShoulder"]
SHOULDER_LEFT: Final = INDEX["ShoulderLeft"]
SHOULDER_RIGHT: Final = INDEX["ShoulderRight"]

# (joint, the joint it hangs from), with SpineShoulder (20) as the root. ST-GCN's graph is built on
# these; as published, a hand tip hangs from the thumb and the thumb from the hand.
BONES: Final[tuple[tuple[int, int], ...]] = (
    (0, 1),
    (1, 20),
    (2, 20),
    (3, 2),
    (4, 20),
    (5, 4),
    (6, 5),
    (7, 6),
    (8, 20),
    (9, 8),
    (10, 9),
    (11, 10),
    (12, 0),
    (13, 12),
    (14, 13),
    (15, 14),
    (16, 0),
    (17, 16),
    (18, 17),
    (19, 18),
    (21, 22),
    (22, 7),
    (23, 24),
    (24, 11),
)


def _other_side(name: str) -> str:
    if "Left" in name:
        return name.replace("Left", "Right")
    return name.replace("Right", "Left")


# MIRROR[j] is the joint on the other side of the body (j itself on the midline).
MIRROR: Final[tuple[int, ...]] = tuple(INDEX[_other_side(name)] for name in NTU_25)

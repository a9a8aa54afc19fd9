"""People as stick figures: where they stand in a picture, and how they are drawn there."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from realtime.display.palette import INK, Colour, mix
from realtime.display.shapes import Image, dot, line, ring
from realtime.frames import Body, BodyFrame
from train.skeletons.joints import INDEX, SPINE_BASE

Points = NDArray[np.floating[Any]]

# What people look like, which is not the tree of the network's graph: hand tip and thumb both
# hang from the hand.
_PARENT: Final = {
    "SpineBase": ("SpineMid", "HipLeft", "HipRight"),
    "SpineMid": ("SpineShoulder",),
    "SpineShoulder": ("Neck", "ShoulderLeft", "ShoulderRight"),
    "Neck": ("Head",),
    **{
        f"{a}{side}": tuple(f"{b}{side}" for b in ends)
        for side in ("Left", "Right")
        for a, ends in {
            "Shoulder": ("Elbow",),
            "Elbow": ("Wrist",),
            "Wrist": ("Hand",),
            "Hand": ("HandTip", "Thumb"),
            "Hip": ("Knee",),
            "Knee": ("Ankle",),
            "Ankle": ("Foot",),
        }.items()
    },
}
BONES: Final = tuple((INDEX[a], INDEX[b]) for a, ends in _PARENT.items() for b in ends)
_LEFT: Final = frozenset(i for name, i in INDEX.items() if "Left" in name)
_RIGHT: Final = frozenset(i for name, i in INDEX.items() if "Right" in name)
_NECK, HEAD = INDEX["Neck"], INDEX["Head"]
_FINE: Final = frozenset(i for name, i in INDEX.items() if name.startswith(("HandTip", "Thumb")))

_TALL: Final = 2.3  # metres that the height of a picture without pixels shows
_ELBOW_ROOM: Final = 0.8  # metres beside the outermost people


def place(
    frame: BodyFrame, width: float, height: float, use_pixels: bool
) -> list[tuple[Body, Points]]:
    """Where everybody's joints are in a picture of some size.

    Args:
        frame: the bodies.
        width: of the picture.
        height: of the picture.
        use_pixels: the picture has the shape that ``Body.pixels`` refer to. Bodies without pixels,
            and everybody otherwise, are seen from the front without perspective, as a camera sees
            them: the person's left on the right.

    Returns:
        Every body with its points, (25, 2) x and y; NaN where a joint was not seen.
    """
    placed: list[tuple[Body, Points]] = []
    spatial: list[Body] = []
    for body in frame.bodies:
        if use_pixels and body.pixels is not None:
            placed.append((body, body.pixels * np.array((width, height))))
        else:
            spatial.append(body)
    return placed + _from_space(spatial, width, height)


def _from_space(bodies: list[Body], width: float, height: float) -> list[tuple[Body, Points]]:
    seen = [(body, root) for body in bodies if (root := _root(body)) is not None]
    if not seen:
        return []
    roots = np.stack([root for _, root in seen])
    middle = (roots.min(axis=0) + roots.max(axis=0)) / 2
    spread = float(np.ptp(roots[:, 0])) + 2 * _ELBOW_ROOM
    scale = min(height / _TALL, width / spread)
    return [
        (body, (body.joints[:, :2] - middle) * (-scale, -scale) + (width / 2, height / 2))
        for body, _ in seen
    ]


def _root(body: Body) -> Points | None:
    """Where a body stands, x and y in metres; None where nothing of it was seen."""
    base = body.joints[SPINE_BASE, :2]
    if np.isfinite(base).all():
        return base
    seen = body.joints[np.isfinite(body.joints).all(axis=1), :2]
    return seen.mean(axis=0) if len(seen) else None


def draw_figure(image: Image, points: Points, colour: Colour) -> None:
    """Draw one person; the left side is lighter, the right side darker.

    Args:
        image: to draw in.
        points: (25, 2) pixels; NaN where not seen.
        colour: BGR.
    """
    seen = np.asarray(np.isfinite(points).all(axis=1))
    if not seen.any():
        return
    span = float(np.ptp(points[seen], axis=0).max())
    thick = int(np.clip(round(span / 70), 2, 8))
    outline = mix(colour, (0, 0, 0), 0.82)
    bones = [(a, b) for a, b in BONES if seen[a] and seen[b]]
    head = head_radius(points, seen)
    for wide, colours in ((thick + 2, dict.fromkeys("lrm", outline)), (thick, _shades(colour))):
        for a, b in bones:
            if b == HEAD and head:
                continue
            fine = b in _FINE
            line(image, points[a], points[b], colours[_side(b)], max(wide - 2, 1) if fine else wide)
        if head:
            ring(image, points[HEAD], head, wide - thick / 3, colours["m"])
    joint = max(thick * 0.5, 1.0)
    for index in np.flatnonzero(seen):
        if index not in _FINE and not (index == HEAD and head):
            dot(image, points[index], joint, INK)


def head_radius(points: Points, seen: NDArray[np.bool_]) -> float:
    """Of the circle around the head joint, so that it stands on the neck; 0 when not seen."""
    if not (seen[_NECK] and seen[HEAD]):
        return 0.0
    return float(np.linalg.norm(points[HEAD] - points[_NECK])) * 0.75


def _side(joint: int) -> str:
    return "l" if joint in _LEFT else "r" if joint in _RIGHT else "m"


def _shades(colour: Colour) -> dict[str, Colour]:
    return {"m": colour, "l": mix(colour, INK, 0.45), "r": mix(colour, (0, 0, 0), 0.28)}

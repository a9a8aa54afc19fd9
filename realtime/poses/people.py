"""Which of the poses that were found are people, and each of them once."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from realtime.frames import Body
from train.skeletons.joints import SPINE_SHOULDER

# Two poses of one person lie within 0.03 of each other, people side by side more than 0.15 apart.
SAME: Final = 0.1
_EDGE: Final = 0.02  # of the picture: how far inside the shoulders must lie


def real_people(bodies: Sequence[Body], aspect: float) -> list[Body]:
    """Drop ghosts and duplicates.

    A ghost is a body whose shoulders lie outside the picture or on its edge: shown nothing but
    legs, the model invents somebody who hangs from the upper edge. A duplicate is the less
    confident of two poses that lie on each other.

    Args:
        bodies: of one frame, with pixels.
        aspect: height over width of the picture.

    Returns:
        Those that are left, in the given order.
    """
    seen = [body for body in bodies if body.pixels is None or _inside(body.pixels[SPINE_SHOULDER])]
    kept: list[Body] = []
    for body in sorted(seen, key=lambda body: -body.confidence):
        if all(distance(body, other, aspect) > SAME for other in kept):
            kept.append(body)
    return [body for body in seen if any(body is other for other in kept)]


def _inside(point: NDArray[Any]) -> bool:
    return bool(((point > _EDGE) & (point < 1 - _EDGE)).all())


def distance(a: Body, b: Body, aspect: float) -> float:
    """Mean distance in the picture between the same joints of two bodies, over the larger's size.

    It asks what the field's object keypoint similarity (OKS) asks, with one tolerance for all
    joints. Bodies without pixels, or without a joint in common, are infinitely far apart.
    """
    if a.pixels is None or b.pixels is None:
        return float("inf")
    square = np.array((1.0, aspect))
    one, other = a.pixels * square, b.pixels * square
    common = np.isfinite(one).all(axis=1) & np.isfinite(other).all(axis=1)
    if not common.any():
        return float("inf")
    one, other = one[common], other[common]
    size = max(float(np.ptp(points, axis=0).max()) for points in (one, other))
    return float(np.linalg.norm(one - other, axis=1).mean()) / max(size, 1e-6)

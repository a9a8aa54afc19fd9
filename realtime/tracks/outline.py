"""What of a body is compared from frame to frame: its joints as the camera sees them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from realtime.frames import Body

_NEAREST: Final = 0.2  # metres; nearer than this nothing is projected
_FAR_OFF: Final = 1e6


@dataclass(frozen=True, eq=False)
class Outline:
    """A body in the plane of the picture.

    Attributes:
        points: (25, 2) NaN where not seen; the unit is the same in both directions.
        centre: (2,) middle of the points seen.
        size: their larger extent, above 0.
    """

    points: NDArray[np.float64]
    centre: NDArray[np.float64]
    size: float

    def distance(self, other: "Outline", shift: NDArray[np.float64]) -> float:
        """Mean distance between the same joints, over the mean size of the two.

        Args:
            other: the body to compare with.
            shift: (2,) to add to this one's points first.
        """
        off = np.linalg.norm(self.points + shift - other.points, axis=1)
        off = off[np.isfinite(off)]
        apart = off.mean() if len(off) else np.linalg.norm(self.centre + shift - other.centre)
        return float(min(2 * apart / (self.size + other.size), _FAR_OFF))


def outline_of(body: Body) -> Outline:
    """A body's outline.

    Joints in camera space are projected (x and y over z), which suits every source: those of the
    pose estimator fall onto the picture again, whose shape need not be known. Where
    they have no depth, image positions serve, or the joints seen from the front.
    """
    joints = np.asarray(body.joints, np.float64)
    seen = np.isfinite(joints).all(axis=1)
    if (joints[seen, 2] >= _NEAREST).all() and seen.any():
        points = joints[:, :2] / joints[:, 2:]
    elif body.pixels is not None:
        points = np.asarray(body.pixels, np.float64)
    else:
        points = joints[:, :2]
    points = np.where(np.abs(points) < _FAR_OFF, points, np.nan)
    seen = np.isfinite(points).all(axis=1)
    if not seen.any():
        return Outline(np.full_like(points, np.nan), np.zeros(2), 1.0)
    size = float(np.ptp(points[seen], axis=0).max())
    return Outline(points, points[seen].mean(axis=0), max(size, 1e-3))

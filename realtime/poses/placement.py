"""Where a body stands: the translation that projects its landmarks onto their image positions."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NEAREST = 0.1  # metres; nobody's hips are nearer to a lens


def locate(
    points: NDArray[Any],
    image: NDArray[Any],
    weights: NDArray[Any],
    *,
    aspect: float,
    horizontal_fov: float,
) -> NDArray[np.float64] | None:
    """Find the camera-space position of a hip-centred body by linear least squares.

    A pinhole camera sees the point (X, Y, Z) of camera space (x to the sensor's left, y up, z away)
    at u = 1/2 - f X / Z from the left edge, in units of the image's width. Multiplied by Z, with
    the unknown translation added to the body's own points, that is linear in the translation, and
    so is the equation of the rows. Depth rests on the assumed field of view and on the body's
    size, which the pose model guesses: it is a fair guess of where people stand, no measurement.

    Args:
        points: (N, 3) hip-centred points, metres, camera-space axes.
        image: (N, 2) their positions as fractions of the image's width and height.
        weights: (N,) how much each counts, not negative.
        aspect: height / width of the image.
        horizontal_fov: degrees.

    Returns:
        (3,) metres to add to every point, or None where no place before the camera fits.
    """
    focal = 0.5 / math.tan(math.radians(horizontal_fov) / 2)
    right = image[:, 0] - 0.5
    down = (image[:, 1] - 0.5) * aspect
    root = np.sqrt(np.clip(weights, 0.0, None))
    zero, one = np.zeros(len(points)), np.full(len(points), focal)
    equations = (
        np.concatenate([np.stack([one, zero, right], 1), np.stack([zero, one, down], 1)])
        * np.tile(root, 2)[:, None]
    )
    wanted = -np.concatenate(
        [focal * points[:, 0] + right * points[:, 2], focal * points[:, 1] + down * points[:, 2]]
    ) * np.tile(root, 2)
    if not (np.isfinite(equations).all() and np.isfinite(wanted).all()):
        return None
    place, _, rank, _ = np.linalg.lstsq(equations, wanted, rcond=None)
    if rank < 3 or place[2] < _NEAREST:
        return None
    return np.asarray(place, dtype=np.float64)

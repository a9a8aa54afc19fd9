"""What is there: a joint is present where all its coordinates are finite, a body where any is."""

import numpy as np
from numpy.typing import NDArray


def joints_present(joints: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(..., 3) coordinates to (...) bool."""
    return np.asarray(np.isfinite(joints).all(axis=-1))


def bodies_present(joints: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(..., 25, 3) bodies to (...) bool."""
    return np.asarray(joints_present(joints).any(axis=-1))

"""Where somebody who is not seen is by now: a Kalman filter that lets people slow down."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SLOWING: Final = 0.8  # seconds in which a speed that is no longer seen falls to a third
_AGILITY: Final = 1.5  # body sizes per second that speed wanders in a second
_ERROR: Final = 0.03  # body sizes by which a seen centre is off
_FIRST_SPEED: Final = 1.0  # body sizes per second, of somebody who has just come


class Motion:
    """Centre and velocity of one person in the plane of the picture.

    Velocity follows an Ornstein-Uhlenbeck process: it is kept for a moment and forgotten after
    that, for a hidden person sooner or later stands still or turns, and a constant velocity would
    carry them out of the picture. Both axes share one covariance.

    Args:
        centre: (2,) where the person is.
        size: the person's extent, in the same unit.
    """

    def __init__(self, centre: NDArray[np.float64], size: float) -> None:
        self._state = np.stack([centre, np.zeros(2)])  # position, velocity
        self._spread = size**2 * np.diag((_ERROR**2, _FIRST_SPEED**2))
        self._size = size

    def step(self, seconds: float) -> None:
        """Let time pass."""
        kept = math.exp(-seconds / _SLOWING)
        move = np.array(((1.0, _SLOWING * (1 - kept)), (0.0, kept)))
        wander = (self._size * _AGILITY) ** 2 * seconds
        noise = wander * np.array(
            ((seconds**2 / 3, seconds / 2), (seconds / 2, 1.0))
        )  # of white acceleration, right for steps shorter than the slowing
        self._state = move @ self._state
        self._spread = move @ self._spread @ move.T + noise

    def see(self, centre: NDArray[np.float64], size: float, doubt: float = 1.0) -> None:
        """Take a sighting.

        Args:
            centre: (2,) where the person was seen.
            size: their extent.
            doubt: how many times further off than usual the centre may be.
        """
        self._size = size
        error = (size * _ERROR * doubt) ** 2
        gain = self._spread[:, 0] / (self._spread[0, 0] + error)
        self._state = self._state + np.outer(gain, centre - self._state[0])
        self._spread = self._spread - np.outer(gain, self._spread[0])

    @property
    def centre(self) -> NDArray[np.float64]:
        """(2,) the most likely place."""
        return np.asarray(self._state[0])

    @property
    def velocity(self) -> NDArray[np.float64]:
        """(2,) likewise, a second."""
        return np.asarray(self._state[1])

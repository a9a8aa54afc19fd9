"""Trembling joints made calm, person by person, without holding fast ones back."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from realtime.frames import Body, BodyFrame
from train.skeletons.joints import SPINE_BASE

_LEAST: Final = 1.5  # Hz that a joint at rest passes: what trembles faster is noise
_GROWS: Final = 10.0  # Hz more for every metre a second
_SPEED: Final = 1.0  # Hz that the speed itself is smoothed to
_GAP: Final = 0.5  # seconds unseen after which a person's joints begin anew
_HEIGHT: Final = 1.6  # metres that the joints of a standing person extend over


class OneEuro:
    """The One Euro filter (Casiez, Roussel and Vogel 2012) for some points.

    A low-pass filter of first order whose cut-off grows with speed: at rest it takes out trembling,
    in movement it hardly lags. A point's axes share the cut-off, so that paths keep their
    direction.

    Args:
        least: Hz, the cut-off at rest.
        grows: Hz for every unit a second.
        speed: Hz, the cut-off for the speed.
    """

    def __init__(self, least: float = _LEAST, grows: float = _GROWS, speed: float = _SPEED) -> None:
        self._least, self._grows, self._speed = least, grows, speed
        self._points: NDArray[np.float64] | None = None
        self._velocity: NDArray[np.float64] = np.zeros(0)

    def __call__(
        self, points: NDArray[np.floating], seconds: float, unit: float = 1.0
    ) -> NDArray[np.float64]:
        """Take the next points.

        Args:
            points: (P, D); NaN where not seen. Such a point begins anew when it is back.
            seconds: since the last ones.
            unit: how much of a metre is in one of the points' units.

        Returns:
            (P, D), smoothed.
        """
        new = np.asarray(points, np.float64)
        if self._points is None:
            self._points, self._velocity = new, np.zeros_like(new)
            return new
        old = np.where(np.isfinite(self._points), self._points, new)
        velocity = np.nan_to_num((new - old) / seconds)
        self._velocity += _share(self._speed, seconds) * (velocity - self._velocity)
        speed = np.linalg.norm(self._velocity, axis=1, keepdims=True) * unit
        self._points = old + _share(self._least + self._grows * speed, seconds) * (new - old)
        return self._points

    def follow(self, points: NDArray[np.floating], seconds: float) -> None:
        """Take points that are smooth already; what comes next goes on from them."""
        new = np.asarray(points, np.float64)
        if self._points is not None:
            self._velocity = np.nan_to_num((new - self._points) / seconds)
        else:
            self._velocity = np.zeros_like(new)
        self._points = new


def _share(cutoff: float | NDArray[np.float64], seconds: float) -> float | NDArray[np.float64]:
    """How much of a step is taken at once."""
    way = 2 * math.pi * seconds * cutoff
    return way / (way + 1)


@dataclass
class _Person:
    time: float
    root: OneEuro
    joints: OneEuro
    pixels: OneEuro


class Smoother:
    """Smooths everybody's joints who come from one picture at a time (:attr:`Body.rough`).

    The place of the pelvis and the joints around it are smoothed apart, so that who walks does not
    thereby let the hands tremble.
    """

    def __init__(self) -> None:
        self._people: dict[int, _Person] = {}

    def __call__(self, frame: BodyFrame) -> BodyFrame:
        """The same frame, its bodies' tracks known, with smooth joints and pixels."""
        bodies = tuple(self._smooth(body, frame.time) for body in frame.bodies)
        self._people = {t: p for t, p in self._people.items() if frame.time - p.time <= _GAP}
        return replace(frame, bodies=bodies)

    def _smooth(self, body: Body, time: float) -> Body:
        person = self._people.get(body.track)
        if person is None or not 0 < time - person.time <= _GAP:
            person = self._people[body.track] = _Person(time - 1, OneEuro(), OneEuro(), OneEuro())
        passed, person.time = time - person.time, time
        root = body.joints[SPINE_BASE, None]
        around = body.joints - root
        if not (body.rough and np.isfinite(root).all()):
            person.root.follow(root, passed)
            person.joints.follow(around, passed)
            if body.pixels is not None:
                person.pixels.follow(body.pixels, passed)
            return body
        joints = person.root(root, passed) + person.joints(around, passed)
        pixels = body.pixels
        if pixels is not None:
            size = float(np.nanmax(np.ptp(pixels, axis=0)))
            pixels = person.pixels(pixels, passed, _HEIGHT / max(size, 1e-3)).astype(np.float32)
        return replace(body, joints=joints.astype(np.float32), pixels=pixels, rough=False)

"""Strokes of the limbs away from where they rest, and back."""

import math

import numpy as np

from realtime.recogniser.motion import REACH, Limbs, Places, distance
from realtime.recogniser.rules import Rules


class Excursion:
    """Follows how a person's limbs leave the resting posture, halt somewhere and come back.

    The resting posture is the mean one of the first window to begin with, follows those in which
    the person stands still, and gives way to one in which the person stands still for long.

    A stroke is a movement that reaches :attr:`Rules.stroke`; it halts where the limbs have slowed
    down to :attr:`Rules.halt` of its greatest speed. That is where a gesture shows most: the arms
    are up, the foot is out. A halt is *away* or *back*: how near the resting posture it is,
    compared with the farthest that the limbs have been since they left it.

    Args:
        rules: speeds and shares.
        rest: (12, 3) the posture to begin with, metres from the base of the spine.

    Attributes:
        halted: seconds on the stream's clock, the latest halt that nothing was said of.
        back: whether the limbs are nearer to rest than to the farthest they have been.
        latest_halt: as ``halted``, whether anything was said of it or not.
    """

    def __init__(self, rules: Rules, rest: Places) -> None:
        self._rules = rules
        self._rest = rest
        self._still = 0.0  # seconds on end
        self._farthest = 0.0
        self._peak = 0.0
        self.halted = -math.inf
        self.latest_halt = -math.inf
        self.back = True

    def push(self, limbs: Limbs, time: float, passed: float, still: bool) -> None:
        """Take the limbs of one window.

        Args:
            limbs: at the window's end.
            time: of the window's end.
            passed: seconds since the window before.
            still: whether the person stands still.
        """
        rules = self._rules
        away = distance(limbs.places, self._rest)
        self._farthest = max(self._farthest, away)
        # What limbs did before they halted is no new stroke.
        recent = limbs.peak if time - self.latest_halt >= REACH else limbs.speed
        self._peak = max(self._peak, recent)
        if self._peak >= rules.stroke and limbs.speed <= rules.halt * self._peak:
            self.halted = self.latest_halt = time
            self._peak = 0.0
        self.back = away < max(rules.near, rules.back * self._farthest)
        if still:
            self._peak = 0.0
            self._settle(limbs, passed)
        else:
            self._still = 0.0

    def said(self) -> None:
        """An action has been said of the halt, if there was one."""
        if not self.back:
            self.halted = -math.inf

    def end(self) -> None:
        """The limbs are back: the next movement is another excursion."""
        self._farthest = 0.0
        self.halted = -math.inf

    def _settle(self, limbs: Limbs, passed: float) -> None:
        """Standing still moves the resting posture along; after long enough it is that."""
        self._still += passed
        share = 1.0 if self._still >= self._rules.settled else min(1.0, passed / self._rules.rest)
        known = np.where(np.isfinite(self._rest), self._rest, limbs.places)
        moved = known + np.float32(share) * (limbs.places - known)
        self._rest = np.where(np.isfinite(limbs.places), moved, known)

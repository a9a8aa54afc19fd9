"""When an action begins and ends: the numbers."""

import math
from dataclasses import dataclass
from typing import Final

from bank.errors import InputError


@dataclass(frozen=True)
class Rules:
    """When an action begins and ends.

    An action is said where a stroke of the limbs halts (:mod:`realtime.recogniser.excursion`): away
    from rest at once, if its class is likely enough; back at rest only of a movement of which
    nothing was said before. The way back itself is never an action. What goes on without a halt,
    as walking does, is said once its class has stayed first long enough.

    Attributes:
        likely: probability that the first class must have at a halt away from rest.
        sure: the same back at rest, and all the time of an action without halts.
        stroke: metres per second that a movement must reach to be a stroke.
        halt: share of a stroke's greatest speed at which it halts.
        back: share of the greatest distance from rest, under which the limbs are back.
        near: metres, under which they are back in any case.
        rest: seconds of standing still in which the resting posture follows by about two thirds.
        settled: seconds of standing still on end that make a posture the resting one.
        late: seconds after a halt within which its class may still become likely.
        apart: seconds between the beginnings of two actions of a person, at least.
        steady: seconds that the class of an action without halts must have been first.
        end: probability; an action whose class is below it for ``gap`` seconds ends.
        gap: seconds that an action outlasts its class, and a person's standing still.

    The defaults are those of docs/events.md, chosen on other persons than are reported there.

    Raises:
        InputError: a probability or share is not within 0 and 1, or another number is negative.
    """

    likely: float = 0.4
    sure: float = 0.9
    stroke: float = 0.4
    halt: float = 0.3
    back: float = 0.5
    near: float = 0.05
    rest: float = 20.0
    settled: float = 3.0
    late: float = 0.3
    apart: float = 0.6
    steady: float = 2.0
    end: float = 0.1
    gap: float = 0.5

    def __post_init__(self) -> None:
        shares = (self.likely, self.sure, self.halt, self.back, self.end)
        if not all(0 <= share <= 1 for share in shares):
            raise InputError("likely, sure, halt, back and end are shares, from 0 to 1")
        numbers = (self.stroke, self.near, self.late, self.apart, self.steady, self.gap)
        if min(*numbers, self.settled) < 0 or self.rest <= 0:
            raise InputError("speeds, distances and times of rules are not below 0, rest is above")


RULES: Final = Rules()
# Every window's first class counts, whatever the person does: what the rules are measured against.
EVERY_WINDOW: Final = Rules(stroke=math.inf, sure=0, apart=0, steady=0, end=0, gap=0)

"""Actions with a beginning and an end, from the answers to overlapping windows."""

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from realtime.recogniser.answers import Recognition
from realtime.recogniser.motion import SPAN


@dataclass(frozen=True)
class ActionEvent:
    """An action begins or ends.

    Attributes:
        phase: which of the two.
        track: who does it.
        label: what.
        t_start: seconds on the stream's clock: when the person began to move, as far as that is
            known, else when the class came up.
        t_end: likewise; None at the start.
        t_capture: unix seconds of the frame that decided it.
        t_decided: the same moment on the stream's clock.
    """

    phase: Literal["start", "end"]
    track: int
    label: str
    t_start: float
    t_end: float | None
    t_capture: float
    t_decided: float = math.nan


@dataclass(frozen=True)
class Rules:
    """When an action begins and ends.

    A class's probability, averaged over the recent past, has to stay above ``start`` for a while,
    and from then on only above ``end``: a doubtful window neither makes an action nor breaks one.
    Windows of people who stand still, or who do none of the classes, count as probability 0 of all.

    Attributes:
        start, end: probabilities; ``end`` is the lower one.
        smooth: seconds, the time constant of the average; 0 takes every window as it is.
        minimum: seconds a class must stay above ``start`` before its action is said to have begun.
        gap: seconds an action may stay below ``end`` and go on.

    The defaults are those of docs/events.md, chosen on other persons than are reported there.

    Raises:
        InputError: not 0 <= end <= start <= 1, or a time is negative.
    """

    start: float = 0.8
    end: float = 0.4
    smooth: float = 0.2
    minimum: float = 0.25
    gap: float = 0.25

    def __post_init__(self) -> None:
        if not 0 <= self.end <= self.start <= 1:
            raise InputError(
                f"an action's end threshold {self.end} and start threshold {self.start} must keep "
                "0 <= end <= start <= 1"
            )
        if min(self.smooth, self.minimum, self.gap) < 0:
            raise InputError("smooth, minimum and gap are seconds, none below 0")


# Every window's first class counts, whatever the person does: what the rules are measured against.
EVERY_WINDOW: Final = Rules(start=0.0, end=0.0, smooth=0.0, minimum=0.0, gap=0.0)


@dataclass
class _Action:
    label: int
    since: float
    until: float


@dataclass
class _Person:
    time: float  # of the latest answer
    t_capture: float
    classes: tuple[str, ...]
    smoothed: NDArray[np.float64]
    moving_since: float | None = None
    candidate: int = -1
    candidate_since: float = 0.0
    ended: float = -math.inf
    action: _Action | None = None


class ActionSegmenter:
    """Joins the answers to one person's windows into actions.

    Args:
        rules: when actions begin and end.
    """

    def __init__(self, rules: Rules = Rules()) -> None:
        self.rules = rules
        self._people: dict[int, _Person] = {}

    def push(self, answer: Recognition) -> list[ActionEvent]:
        """Take one answer; return what begins or ends with it."""
        window, rules = answer.window, self.rules
        now = float(window.times[-1])
        known = answer.state == "known"
        fresh = np.asarray(answer.probabilities, np.float64) * known
        person = self._people.get(window.track)
        if person is None:
            person = _Person(now, window.t_capture, answer.classes, fresh)
            self._people[window.track] = person
        else:
            passed = max(0.0, now - person.time)
            share = 1.0 - math.exp(-passed / rules.smooth) if rules.smooth else 1.0
            person.smoothed += share * (fresh - person.smoothed)
        person.time, person.t_capture = now, window.t_capture
        if answer.state == "idle":
            person.moving_since = None
        elif person.moving_since is None:
            person.moving_since = max(now - SPAN, float(window.times[0]))
        return self._ended(person, window.track, known) + self._begun(person, window.track, known)

    def finish(self, track: int) -> list[ActionEvent]:
        """A person has gone: end what they were doing."""
        person = self._people.pop(track, None)
        if person is None or person.action is None:
            return []
        return [_end(track, person, person.action)]

    def finish_absent(self, time: float, max_gap: float) -> list[ActionEvent]:
        """End the actions of everybody who has had no answer in the last ``max_gap`` seconds."""
        gone = [t for t, person in self._people.items() if time - person.time > max_gap]
        return [event for track in gone for event in self.finish(track)]

    def finish_all(self) -> list[ActionEvent]:
        """The stream is over: end everything."""
        return [event for track in list(self._people) for event in self.finish(track)]

    def _ended(self, person: _Person, track: int, known: bool) -> list[ActionEvent]:
        """What ends with the answer just taken."""
        action = person.action
        if action is None:
            return []
        best = int(person.smoothed.argmax())
        overtaken = known and best != action.label and self._strong(person, best)
        if not overtaken:
            if known and person.smoothed[action.label] >= self.rules.end:
                action.until = person.time
            if person.time - action.until <= self.rules.gap:
                return []
        person.action, person.ended = None, action.until
        return [_end(track, person, action)]

    def _begun(self, person: _Person, track: int, known: bool) -> list[ActionEvent]:
        """What begins with it."""
        best = int(person.smoothed.argmax())
        if person.action is not None or not known or not self._strong(person, best):
            person.candidate = -1
            return []
        if person.candidate != best:
            person.candidate, person.candidate_since = best, person.time
        if person.time - person.candidate_since < self.rules.minimum - 1e-9:
            return []
        began = person.candidate_since if person.moving_since is None else person.moving_since
        person.action = _Action(best, max(began, person.ended), person.time)
        return [
            ActionEvent(
                phase="start",
                track=track,
                label=person.classes[best],
                t_start=person.action.since,
                t_end=None,
                t_capture=person.t_capture,
                t_decided=person.time,
            )
        ]

    def _strong(self, person: _Person, label: int) -> bool:
        return bool(person.smoothed[label] >= self.rules.start)


def _end(track: int, person: _Person, action: _Action) -> ActionEvent:
    return ActionEvent(
        phase="end",
        track=track,
        label=person.classes[action.label],
        t_start=action.since,
        t_end=action.until,
        t_capture=person.t_capture,
        t_decided=person.time,
    )

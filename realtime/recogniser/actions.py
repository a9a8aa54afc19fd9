"""Actions with a beginning and an end, from the answers to overlapping windows."""

import math
from dataclasses import dataclass
from typing import Literal

from realtime.recogniser.answers import Recognition
from realtime.recogniser.excursion import Excursion
from realtime.recogniser.motion import SPAN, posture
from realtime.recogniser.rules import RULES, Rules

_TINY = 1e-9  # seconds; times that are meant to be equal differ by rounding


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
    excursion: Excursion
    moving_since: float | None = None
    first: int = -1  # the class that has been first, and surely so, since first_since
    first_since: float = 0.0
    said: int = -1  # in this excursion
    said_at: float = -math.inf
    ended: float = -math.inf
    action: _Action | None = None


class ActionSegmenter:
    """Joins the answers to one person's windows into actions.

    Args:
        rules: when actions begin and end.
    """

    def __init__(self, rules: Rules = RULES) -> None:
        self.rules = rules
        self._people: dict[int, _Person] = {}

    def push(self, answer: Recognition) -> list[ActionEvent]:
        """Take one answer; return what begins or ends with it."""
        window = answer.window
        now = float(window.times[-1])
        still = answer.state == "idle"
        person = self._people.get(window.track)
        if person is None:
            excursion = Excursion(self.rules, posture(window.joints))
            person = _Person(now, window.t_capture, answer.classes, excursion)
            self._people[window.track] = person
        passed = max(0.0, now - person.time)
        person.time, person.t_capture = now, window.t_capture
        person.excursion.push(answer.limbs, now, passed, still)
        if still:
            person.moving_since = None
        elif person.moving_since is None:
            person.moving_since = max(now - SPAN, float(window.times[0]))
        events = self._faded(person, answer)
        label = self._to_say(person, answer)
        if label is not None:
            events += self._end(person, window.track)
            events.append(self._begin(person, window.track, label))
        return events + self._returned(person, window.track, still)

    def finish(self, track: int) -> list[ActionEvent]:
        """A person has gone: end what they were doing."""
        person = self._people.pop(track, None)
        return [] if person is None else self._end(person, track)

    def finish_absent(self, time: float, max_gap: float) -> list[ActionEvent]:
        """End the actions of everybody who has had no answer in the last ``max_gap`` seconds."""
        gone = [t for t, person in self._people.items() if time - person.time > max_gap]
        return [event for track in gone for event in self.finish(track)]

    def finish_all(self) -> list[ActionEvent]:
        """The stream is over: end everything."""
        return [event for track in list(self._people) for event in self.finish(track)]

    def _faded(self, person: _Person, answer: Recognition) -> list[ActionEvent]:
        """The end of an action that is not seen any more."""
        action = person.action
        if action is None:
            return []
        if answer.state == "known" and answer.probabilities[action.label] >= self.rules.end:
            action.until = person.time
        if person.time - action.until <= self.rules.gap:
            return []
        return self._end(person, answer.window.track)

    def _to_say(self, person: _Person, answer: Recognition) -> int | None:
        """The class whose action begins now, if one does."""
        rules, excursion, now = self.rules, person.excursion, person.time
        best = int(answer.probabilities.argmax())
        probability = float(answer.probabilities[best])
        known = answer.state == "known"
        sure = known and probability >= rules.sure
        if not sure or best != person.first:
            person.first, person.first_since = best if sure else -1, now
        if not known or now - person.said_at < rules.apart - _TINY:
            return None
        if now - excursion.halted <= rules.late + _TINY:
            if excursion.back:
                return best if person.said < 0 and sure else None
            return best if person.said != best and probability >= rules.likely else None
        if person.action is not None and person.action.label == best:
            return None
        since = max(person.first_since, excursion.latest_halt)
        return best if sure and now - since >= rules.steady - _TINY else None

    def _begin(self, person: _Person, track: int, label: int) -> ActionEvent:
        began = person.time if person.moving_since is None else person.moving_since
        person.action = _Action(label, max(began, person.ended), person.time)
        person.said, person.said_at = label, person.time
        person.excursion.said()
        return ActionEvent(
            phase="start",
            track=track,
            label=person.classes[label],
            t_start=person.action.since,
            t_end=None,
            t_capture=person.t_capture,
            t_decided=person.time,
        )

    def _end(self, person: _Person, track: int) -> list[ActionEvent]:
        action = person.action
        if action is None:
            return []
        person.action, person.ended = None, action.until
        return [
            ActionEvent(
                phase="end",
                track=track,
                label=person.classes[action.label],
                t_start=action.since,
                t_end=action.until,
                t_capture=person.t_capture,
                t_decided=person.time,
            )
        ]

    def _returned(self, person: _Person, track: int, still: bool) -> list[ActionEvent]:
        """The limbs are back at rest: what was said is over, the next movement is another."""
        excursion = person.excursion
        halted = person.time - excursion.halted <= self.rules.late + _TINY
        if not excursion.back or not (still or (halted and person.said >= 0)):
            return []
        person.said = -1
        excursion.end()
        if still:
            return []  # an action outlasts this by a little, see Rules.gap
        if person.action is not None:
            person.action.until = person.time
        person.moving_since = person.time
        return self._end(person, track)

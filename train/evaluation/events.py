"""Recognised actions held against the action points of a continuous recording."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

# What a gesture takes of a recording around its action point, seconds before and after: the rest
# is pause.
GESTURE: Final = (1.5, 0.8)
# An answer that comes farther from the action point than this belongs to another repetition.
REACH: Final = 1.5


class Moment(NamedTuple):
    """Something that happens at a point in time.

    Attributes:
        time: seconds.
        label: what.
    """

    time: float
    label: str


@dataclass(frozen=True)
class EventFigures:
    """How well events meet tags; figures of several recordings are added up.

    Attributes:
        tags, events: how many there are.
        matched: pairs of one event and one tag of the same label, near enough.
        moments: the same whatever the labels: something was noticed at the right time.
        wrong: tags without a matching event, but with one of another class near enough.
        displaced: tags whose class was said within :data:`REACH`, but not near enough.
        delays: of every tag whose class was said within reach, seconds from tag to event.
        alarms: events in pauses.
        pause: seconds of pause.
    """

    tags: int = 0
    events: int = 0
    matched: int = 0
    moments: int = 0
    wrong: int = 0
    displaced: int = 0
    delays: tuple[float, ...] = field(default=(), repr=False)
    alarms: int = 0
    pause: float = 0.0

    def __add__(self, other: "EventFigures") -> "EventFigures":
        """Figures of both."""
        return EventFigures(
            *(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__)
        )

    @property
    def precision(self) -> float:
        """Share of events that are right; 0 without any."""
        return self.matched / self.events if self.events else 0.0

    @property
    def recall(self) -> float:
        """Share of tags that were found; 0 without any."""
        return self.matched / self.tags if self.tags else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _f1(self.matched, self.events, self.tags)

    @property
    def moment_f1(self) -> float:
        """F1 if labels did not matter: what segmentation alone would allow."""
        return _f1(self.moments, self.events, self.tags)

    @property
    def silent(self) -> int:
        """Tags near which nothing was said at all."""
        return self.tags - self.matched - self.wrong - self.displaced

    @property
    def alarms_a_minute(self) -> float:
        """Events in pauses, each minute of pause; 0 without pauses."""
        return 60.0 * self.alarms / self.pause if self.pause else 0.0

    def delay(self, quantile: float) -> float | None:
        """Seconds from tag to event; None where there is none."""
        return float(np.quantile(self.delays, quantile)) if self.delays else None


def compare(
    events: Sequence[Moment],
    tags: Sequence[Moment],
    span: tuple[float, float],
    tolerance: float = 0.5,
) -> EventFigures:
    """Hold the events of one recording against its tags.

    Args:
        events: when each was said, and what.
        tags: action points.
        span: seconds from where to where the recording was listened to; tags outside do not count.
        tolerance: seconds between an event and the tag it meets, at most.
    """
    start, end = span
    tags = sorted(tag for tag in tags if start <= tag.time <= end)
    events = sorted(events)
    met = match(events, tags, tolerance)
    reached = match(events, tags, REACH)
    found = set(met.values())
    near = {
        number
        for number, tag in enumerate(tags)
        if any(abs(event.time - tag.time) <= tolerance for event in events)
    }
    wrong = near - found
    displaced = set(reached.values()) - found - wrong
    gestures = [(tag.time - GESTURE[0], tag.time + GESTURE[1]) for tag in tags]
    return EventFigures(
        tags=len(tags),
        events=len(events),
        matched=len(met),
        moments=len(match(_unlabelled(events), _unlabelled(tags), tolerance)),
        wrong=len(wrong),
        displaced=len(displaced),
        delays=tuple(events[e].time - tags[t].time for e, t in reached.items()),
        alarms=sum(not any(a <= event.time <= b for a, b in gestures) for event in events),
        pause=_uncovered(gestures, start, end),
    )


def match(events: Sequence[Moment], tags: Sequence[Moment], tolerance: float) -> dict[int, int]:
    """Pair events with tags of the same label, each at most once, as many as can be.

    Args:
        events: in order of time.
        tags: likewise.
        tolerance: seconds.

    Returns:
        Number of the event to number of the tag.
    """
    pairs: dict[int, int] = {}
    for label in {tag.label for tag in tags}:
        # Taking the earliest that fits for every tag in order loses no pair: all reach equally far.
        left = [number for number, event in enumerate(events) if event.label == label]
        for number, tag in enumerate(tags):
            if tag.label != label:
                continue
            while left and events[left[0]].time < tag.time - tolerance:
                left.pop(0)
            if left and events[left[0]].time <= tag.time + tolerance:
                pairs[left.pop(0)] = number
    return pairs


def _unlabelled(moments: Sequence[Moment]) -> list[Moment]:
    return [Moment(moment.time, "") for moment in moments]


def _uncovered(stretches: Sequence[tuple[float, float]], start: float, end: float) -> float:
    """Seconds from start to end that no stretch covers; the stretches are in order."""
    free, at = 0.0, start
    for a, b in stretches:
        free += max(0.0, min(a, end) - at)
        at = max(at, b)
    return free + max(0.0, end - at)


def _f1(right: int, said: int, wanted: int) -> float:
    return 2 * right / (said + wanted) if said + wanted else 0.0

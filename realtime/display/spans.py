"""Which actions a timeline shows, and in which lane."""

from typing import Final, NamedTuple

from realtime.display.view import View

SECONDS: Final = 20.0  # that a timeline shows; its right end is now


class Span(NamedTuple):
    """One action on a timeline.

    Attributes:
        label: what.
        start: its beginning as a fraction of the timeline, 0 at the left end.
        end: its end, likewise.
        lasting: whether it goes on.
        lane: from 0; actions that overlap in time have different ones.
        track: who does it; None where that is not known, or plain because all are one person's.
    """

    label: str
    start: float
    end: float
    lasting: bool
    lane: int
    track: int | None = None

    @property
    def name(self) -> str:
        """What is written on it."""
        return self.label if self.track is None else f"#{self.track} {self.label}"


def spans(view: View) -> list[Span]:
    """The actions of the last seconds, each in the lowest lane that is free."""
    begin = view.frame.time - SECONDS
    busy_until: list[float] = []
    shown = []
    for label, start, end, *who in sorted(view.timeline, key=lambda action: action[1]):
        until = view.frame.time if end is None else end
        if until <= begin:
            continue
        lane = next((i for i, busy in enumerate(busy_until) if busy <= start), len(busy_until))
        busy_until[lane : lane + 1] = [until]
        left, right = ((moment - begin) / SECONDS for moment in (max(start, begin), until))
        track = who[0] if who else None
        shown.append(Span(label, left, min(right, 1.0), end is None, lane, track))
    several = len({span.track for span in shown}) > 1
    return shown if several else [span._replace(track=None) for span in shown]

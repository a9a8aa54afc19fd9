"""Actions with a beginning and an end, from the answers to overlapping windows."""

from dataclasses import dataclass
from typing import Literal

from realtime.recogniser.recogniser import Recognition


@dataclass(frozen=True)
class ActionEvent:
    """An action begins or ends.

    Attributes:
        phase: which of the two.
        track: who does it.
        label: what.
        t_start: seconds on the stream's clock.
        t_end: likewise; None at the start.
        t_capture: unix seconds of the frame that decided it.
    """

    phase: Literal["start", "end"]
    track: int
    label: str
    t_start: float
    t_end: float | None
    t_capture: float


@dataclass
class _Current:
    label: str
    since: float
    until: float
    t_capture: float
    windows: int = 1
    started: bool = False


class ActionSegmenter:
    """Joins equal answers of one person into actions.

    Args:
        windows_to_start: equal answers in a row before an action is said to have begun.
    """

    def __init__(self, windows_to_start: int = 2) -> None:
        self.windows_to_start = windows_to_start
        self._current: dict[int, _Current] = {}

    def push(self, answer: Recognition) -> list[ActionEvent]:
        """Take one answer; return what begins or ends with it."""
        track, window = answer.window.track, answer.window
        events: list[ActionEvent] = []
        current = self._current.get(track)
        if current is None or current.label != answer.label:
            events += self.finish(track)
            current = _Current(
                answer.label, float(window.times[0]), float(window.times[-1]), window.t_capture
            )
            self._current[track] = current
        else:
            current.windows += 1
            current.until, current.t_capture = float(window.times[-1]), window.t_capture
        if not current.started and current.windows >= self.windows_to_start:
            current.started = True
            events.append(
                ActionEvent("start", track, current.label, current.since, None, window.t_capture)
            )
        return events

    def finish(self, track: int) -> list[ActionEvent]:
        """A person has gone: end what they were doing."""
        current = self._current.pop(track, None)
        if current is None or not current.started:
            return []
        return [
            ActionEvent(
                "end", track, current.label, current.since, current.until, current.t_capture
            )
        ]

    def finish_absent(self, time: float, max_gap: float) -> list[ActionEvent]:
        """End the actions of everybody who has had no answer in the last ``max_gap`` seconds."""
        gone = [t for t, current in self._current.items() if time - current.until > max_gap]
        return [event for track in gone for event in self.finish(track)]

    def finish_all(self) -> list[ActionEvent]:
        """The stream is over: end everything."""
        return [event for track in list(self._current) for event in self.finish(track)]

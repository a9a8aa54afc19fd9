"""What a viewer wants to see of the recent past."""

from collections import deque

from realtime.frames import BodyFrame
from realtime.recogniser import ActionEvent, Recognition

_KEPT = 32  # actions


class Timeline:
    """The latest answer of every person and the latest actions."""

    def __init__(self) -> None:
        self._answers: dict[int, Recognition] = {}
        self._actions: deque[ActionEvent] = deque(maxlen=_KEPT)

    def answer(self, answer: Recognition) -> None:
        """Take a window's answer."""
        self._answers[answer.window.track] = answer

    def action(self, event: ActionEvent) -> None:
        """Take the beginning of an action, or its end, which replaces its beginning."""
        if event.phase == "end":
            for index, begun in enumerate(self._actions):
                if (begun.track, begun.t_start) == (event.track, event.t_start):
                    self._actions[index] = event
                    return
        self._actions.append(event)

    def top(self, frame: BodyFrame) -> dict[int, tuple[tuple[str, float], ...]]:
        """Best classes of everybody in the frame who has an answer."""
        here = {body.track for body in frame.bodies}
        self._answers = {track: a for track, a in self._answers.items() if track in here}
        return {track: answer.top for track, answer in self._answers.items()}

    def states(self, frame: BodyFrame) -> dict[int, str]:
        """``idle`` or ``unknown`` for everybody in the frame who does none of the classes."""
        here = {body.track for body in frame.bodies}
        return {
            track: answer.state
            for track, answer in self._answers.items()
            if track in here and answer.state != "known"
        }

    def partners(self, frame: BodyFrame) -> dict[int, int]:
        """Who else is in the latest window of everybody in the frame, where it holds two."""
        here = {body.track for body in frame.bodies}
        return {
            track: answer.window.partner
            for track, answer in self._answers.items()
            if track in here and answer.window.partner is not None
        }

    def actions(self) -> list[tuple[str, float, float | None, int]]:
        """(label, start, end or None while it lasts, who), oldest first, seconds of the stream."""
        return [(event.label, event.t_start, event.t_end, event.track) for event in self._actions]

"""What there is to show, and what shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from realtime.frames import BodyFrame


@dataclass(frozen=True, eq=False)
class View:
    """Everything about one moment of a run.

    Attributes:
        frame: who is where, with the picture if there is one.
        top: for every track its most probable classes, best first.
        timeline: (label, start, end or None while it lasts) of the latest actions, seconds.
        fps: recent frames per second.
        latency_ms: median from capture to publish; None before the first window.
        support: class to the size of its support set.
        status: one line for people, e.g. where the pictures come from; may be empty.
        aspect: width over height of the picture that ``Body.pixels`` refer to, for frames without
            a picture; None when not known: bodies are then drawn from their joints in space.
    """

    frame: BodyFrame
    top: Mapping[int, Sequence[tuple[str, float]]]
    timeline: Sequence[tuple[str, float, float | None]]
    fps: float
    latency_ms: float | None
    support: Mapping[str, int]
    status: str = ""
    aspect: float | None = None

    @property
    def picture_aspect(self) -> float | None:
        """Width over height of the picture, shown or not; None when not known."""
        if self.frame.image is None:
            return self.aspect
        height, width = self.frame.image.shape[:2]
        return float(width / height)


class Display(Protocol):
    """Shows views."""

    def show(self, view: View) -> str | None:
        """Show one moment.

        Returns:
            The key that was pressed since, ``q`` also for Escape and a closed window; else None.
        """

    def close(self) -> None:
        """Take the display down; nothing is shown afterwards."""

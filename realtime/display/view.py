"""What there is to show, and what shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from realtime.frames import BodyFrame

KEYS: Final = "q quit · f freeze · r reset · s save · e + digit enroll"


class Health(Protocol):
    """How a bank is doing; ``bank.guards.Health`` is one.

    Attributes:
        fallen_back: whether it answers by text alone.
        share: of its most frequent answer, 0 to 1.
        disagreement: how often it answers otherwise than text alone would, 0 to 1.
        drift: how far features have moved from what was learned, 0 to 1.
        unknown: share of windows that are called unknown, 0 to 1.
    """

    @property
    def fallen_back(self) -> bool: ...  # noqa: D102
    @property
    def share(self) -> float: ...  # noqa: D102
    @property
    def disagreement(self) -> float: ...  # noqa: D102
    @property
    def drift(self) -> float: ...  # noqa: D102
    @property
    def unknown(self) -> float: ...  # noqa: D102


Action = tuple[str, float, float | None] | tuple[str, float, float | None, int]


@dataclass(frozen=True, eq=False)
class View:
    """Everything about one moment of a run.

    Attributes:
        frame: who is where, with the picture if there is one.
        top: for every track its most probable classes, best first.
        timeline: (label, start, end or None while it lasts) of the latest actions, seconds, and
            who does each where that is known.
        fps: recent frames per second.
        latency_ms: median from capture to publish; None before the first window.
        support: class to the size of its support set.
        status: one line for people, e.g. where the pictures come from; may be empty.
        prompt: one line about keys: what to press next, or what the last key did; may be empty.
            While it is empty, the keys there are stand in its place.
        source_state: what is amiss with the source, e.g. ``reconnecting (3)``; empty while pictures
            come.
        states: for every track that does none of the classes what it does instead: ``idle`` or
            ``unknown``.
        partners: for every track whose window holds somebody else too, who that is.
        frozen: whether the bank has been told to learn no more.
        health: how the bank is doing; None where it does not say.
        aspect: width over height of the picture that ``Body.pixels`` refer to, for frames without
            a picture; None when not known: bodies are then drawn from their joints in space.
    """

    frame: BodyFrame
    top: Mapping[int, Sequence[tuple[str, float]]]
    timeline: Sequence[Action]
    fps: float
    latency_ms: float | None
    support: Mapping[str, int]
    status: str = ""
    aspect: float | None = None
    prompt: str = ""
    source_state: str = ""
    states: Mapping[int, str] = field(default_factory=dict)
    partners: Mapping[int, int] = field(default_factory=dict)
    frozen: bool = False
    health: Health | None = None

    @property
    def picture_aspect(self) -> float | None:
        """Width over height of the picture, shown or not; None when not known."""
        if self.frame.image is None:
            return self.aspect
        height, width = self.frame.image.shape[:2]
        return float(width / height)


def bank_notes(view: View) -> list[str]:
    """What there is to say of the bank beside its support, most pressing first."""
    notes = ["frozen"] if view.frozen else []
    health = view.health
    if health is not None:
        if health.fallen_back:
            notes.append("text alone")
        notes.append(f"drift {health.drift:.0%}")
        notes.append(f"unknown {health.unknown:.0%}")
        notes.append(f"vs text {health.disagreement:.0%}")
    return notes


def digit(place: int) -> str:
    """The digit by which a class is enrolled; empty after the tenth."""
    return f"{(place + 1) % 10}" if place < 10 else ""


class Display(Protocol):
    """Shows views."""

    def show(self, view: View) -> str | None:
        """Show one moment.

        Returns:
            The key that was pressed since, ``q`` also for Escape and a closed window; else None.
        """

    def close(self) -> None:
        """Take the display down; nothing is shown afterwards."""

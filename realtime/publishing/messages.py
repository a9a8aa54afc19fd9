"""The three messages, as defined by ``schema.json`` beside this file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib.resources import files
from typing import Any, ClassVar, Literal

from realtime.publishing.wire import SCHEMA


@dataclass(frozen=True, kw_only=True)
class Message:
    """What every message says.

    Attributes:
        stream: name of the stream it is about.
        seq: running number in its topic, from 0 and without a gap.
        t_capture: unix seconds at which the last frame it is based on was captured.
        t_publish: unix seconds at which it was sent.
    """

    type: ClassVar[str]

    stream: str
    seq: int
    t_capture: float
    t_publish: float

    @property
    def topic(self) -> str:
        """``<type>.<stream>``."""
        return f"{self.type}.{self.stream}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values; floats to six decimals (microseconds, millionths)."""
        head: dict[str, Any] = {"schema": SCHEMA, "type": self.type}
        return head | {part.name: _plain(getattr(self, part.name)) for part in fields(self)}


@dataclass(frozen=True, kw_only=True)
class WindowMessage(Message):
    """The answer to one window of one person.

    Attributes:
        track: who it is.
        frame: index of the window's last frame.
        state: ``known``, or ``idle`` of who stands still, or ``unknown`` of who does none of the
            classes as far as can be told.
        label: the most probable class; ``idle`` or ``unknown`` where the state is that.
        score: the most probable class's probability.
        top: the most probable classes with their probabilities, best first.
        entropy: nats, of the distribution over the frozen class texts (Eq. 7).
        latency_ms: milliseconds from the capture of that frame to now, by a clock nobody can set.
        partner: who else is in the window, of two who stand near; None where it holds one person.
    """

    type: ClassVar[str] = "window"

    track: int
    frame: int
    label: str
    score: float
    top: Sequence[tuple[str, float]]
    entropy: float
    latency_ms: float | None = None
    state: Literal["known", "idle", "unknown"] = "known"
    partner: int | None = None


@dataclass(frozen=True, kw_only=True)
class ActionMessage(Message):
    """An action begins or ends.

    Attributes:
        phase: which of the two.
        track: who does it.
        label: what.
        t_start: its beginning, seconds on the stream's own clock.
        t_end: its end, likewise; None while it lasts.

    Raises:
        ValueError: an end without ``t_end``, or a start with one.
    """

    type: ClassVar[str] = "action"

    phase: Literal["start", "end"]
    track: int
    label: str
    t_start: float
    t_end: float | None

    def __post_init__(self) -> None:
        if (self.phase == "start") != (self.t_end is None):
            raise ValueError(f"an action's {self.phase} with t_end {self.t_end}")


@dataclass(frozen=True, kw_only=True)
class StatusMessage(Message):
    """How the run is doing, about once a second and once more when it ends.

    Attributes:
        state: ``running``; ``reconnecting`` while the source has nothing to give and is trying to
            get it back; ``stalled`` when no frame has come for two seconds otherwise; ``ended``.
        frames: frames that went through.
        windows: windows that were answered.
        dropped: frames left out because the source was ahead.
        failed: frames that a stage could not work on.
        fps: frames per second of late.
        latency_ms: ``{"p50": ..., "p95": ...}``, milliseconds from capture to publish over the
            latest windows; None before the first.
        stages: for each stage on a frame's way ``fps``, ``queue``, ``dropped``, ``failed``,
            ``restarts`` and ``latency`` (milliseconds as above, or None).
        attempts, reconnects: of the source: tries in the present outage, outages overcome.
        bank: class to the size of its support set.
        bank_state: ``mode``, ``frozen``, ``enrolled`` (class to its exemplars), ``health`` (or
            None) and ``saved`` (``time``, ``samples``; None before the first save).
        message: what else there is to say; empty as a rule.
    """

    type: ClassVar[str] = "status"

    state: Literal["running", "reconnecting", "stalled", "ended"]
    frames: int
    windows: int
    dropped: int
    fps: float
    latency_ms: Mapping[str, float] | None
    bank: Mapping[str, int]
    message: str = ""
    failed: int = 0
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    attempts: int = 0
    reconnects: int = 0
    bank_state: Mapping[str, Any] | None = None


def message_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that every published object obeys."""
    text = (files("realtime.publishing") / "schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value

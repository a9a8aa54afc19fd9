"""The third stage: from bodies to what is to be said about them."""

import dataclasses
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple

from bank.errors import InputError
from bank.guards import Health
from realtime.frames import BodyFrame
from realtime.pipeline.commands import Command
from realtime.pipeline.keeper import BankKeeper
from realtime.recogniser import ActionEvent, ActionSegmenter, Recogniser, Recognition
from realtime.statistics import Meter
from realtime.timeline import Timeline
from realtime.tracks import Smoother, Tracker
from realtime.windows import SkeletonWindow, Windower

_NEWS: Final = 16  # kept for whoever looks a little late


class Draft(NamedTuple):
    """A message that is not yet numbered and stamped.

    Attributes:
        kind: ``window`` or ``action``.
        fields: what it says.
        t_mono: when its frame was captured, by ``time.monotonic()``; None where no latency is to
            be taken.
    """

    kind: str
    fields: dict[str, Any]
    t_mono: float | None


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a frame led to.

    Attributes:
        frame: with everybody's track; None where there was no frame.
        drafts: messages to send, in order.
    """

    frame: BodyFrame | None
    drafts: Sequence[Draft]


@dataclass(frozen=True, eq=False)
class Scene:
    """What there is to see of a moment."""

    frame: BodyFrame
    top: dict[int, tuple[tuple[str, float], ...]]
    timeline: list[tuple[str, float, float | None, int]]
    states: dict[int, str]
    partners: dict[int, int]


@dataclass(frozen=True)
class BankReport:
    """The bank as others may know it while it is being used.

    Attributes:
        mode: how it learns.
        support: class to the size of its support set.
        enrolled: class to its exemplars, only those that have any.
        frozen: whether it has been told to learn no more.
        health: what it says of itself.
    """

    mode: str
    support: dict[str, int]
    enrolled: dict[str, int]
    frozen: bool
    health: Health


class RecogniseWork:
    """Tracks, windows, answers, actions; and the only one who touches the bank.

    Args:
        recogniser, windower, tracker, segmenter: the parts.
        live: whether time goes on while no frame comes.
        keeper: saves the bank.

    Attributes:
        meter: counts frames; its latencies are those of frames that completed a window.
        windows: how many were answered.
        actions: how often each began.
        bank: the bank as it stood after the latest frame.
        scene: what there is to see; None before the first frame.
        news: what the latest commands came to.
        news_count: how many there have been.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        windower: Windower,
        tracker: Tracker,
        segmenter: ActionSegmenter,
        *,
        live: bool,
        keeper: BankKeeper | None = None,
    ) -> None:
        self.meter = Meter()
        self.windows = 0
        self.actions: Counter[str] = Counter()
        self.scene: Scene | None = None
        self.news: deque[str] = deque(maxlen=_NEWS)
        self.news_count = 0
        self._recogniser = recogniser
        self._windower = windower
        self._tracker = tracker
        self._smoother = Smoother()
        self._segmenter = segmenter
        self._live = live
        self._keeper = keeper
        self._commands: SimpleQueue[Command] = SimpleQueue()
        self._timeline = Timeline()
        self._last: BodyFrame | None = None
        self._last_window: SkeletonWindow | None = None
        self.bank = self._report()

    def command(self, command: Command) -> None:
        """Ask for something to be done before the next frame; from any thread."""
        self._commands.put(command)

    def __call__(self, frame: BodyFrame) -> Outcome:
        """Work on one frame."""
        began = time.monotonic()
        frame = self._smoother(self._tracker(frame))
        self._last = frame
        drafts: list[Draft] = []
        answers = self._recogniser(self._windower.push(frame))
        for answer in answers:
            drafts += self._answer(answer, frame)
        gone = self._segmenter.finish_absent(frame.time, self._windower.max_gap * 2)
        drafts += [self._action(event) for event in gone]
        if answers:
            self.bank = self._report()
            self.meter.took(time.monotonic() - began)
        said = self._timeline
        self.scene = Scene(
            frame, said.top(frame), said.actions(), said.states(frame), said.partners(frame)
        )
        return Outcome(frame, drafts)

    def between(self) -> Outcome | None:
        """What is to be done between frames, and while none comes."""
        while True:
            try:
                command = self._commands.get_nowait()
            except Empty:
                break
            self._obey(command)
        if self._keeper is not None:
            self._keeper.offer(self._recogniser.bank)
        if not self._live or self._last is None:
            return None
        # An outage: what somebody was doing has an end though no frame says so.
        silence = time.monotonic() - self._last.t_mono
        if silence <= self._windower.max_gap * 2:
            return None
        gone = self._segmenter.finish_absent(self._last.time + silence, self._windower.max_gap * 2)
        return Outcome(None, [self._action(event) for event in gone]) if gone else None

    def finish(self) -> Outcome:
        """The frames are over: end what goes on."""
        return Outcome(None, [self._action(event) for event in self._segmenter.finish_all()])

    def _answer(self, answer: Recognition, frame: BodyFrame) -> list[Draft]:
        window = answer.window
        fields = {
            "t_capture": window.t_capture,
            "track": window.track,
            "partner": window.partner,
            "frame": window.frame,
            "state": answer.state,
            "label": answer.label,
            "score": answer.score,
            "top": [list(pair) for pair in answer.top],
            "entropy": answer.entropy,
        }
        self.windows += 1
        self._last_window = window
        self._timeline.answer(answer)
        events = self._segmenter.push(answer)
        return [Draft("window", fields, frame.t_mono), *(self._action(event) for event in events)]

    def _action(self, event: ActionEvent) -> Draft:
        if event.phase == "start":
            self.actions[event.label] += 1
        self._timeline.action(event)
        fields = {
            "t_capture": event.t_capture,
            "phase": event.phase,
            "track": event.track,
            "label": event.label,
            "t_start": event.t_start,
            "t_end": event.t_end,
        }
        return Draft("action", fields, None)

    def _obey(self, command: Command) -> None:
        try:
            news = self._done(command)
        except InputError as error:
            news = str(error)
        self.news.append(news)
        self.news_count += 1
        self.bank = self._report()

    def _done(self, command: Command) -> str:
        """Do it; what to say of it."""
        bank = self._recogniser.bank
        match command.action:
            case "freeze":
                bank.freeze(not bank.frozen)
                return "bank frozen" if bank.frozen else "bank learns again"
            case "reset":
                bank.reset()
                return "bank reset"
            case "save":
                if self._keeper is None:
                    return "no --bank-state FILE to save to"
                self._keeper.offer(bank, now=True)
                return f"bank is being saved to {self._keeper.path.name}"
            case "enroll":
                if self._last_window is None:
                    return "no window to enroll yet"
                name = self._recogniser.classes[command.k]
                self._recogniser.enroll(self._last_window, command.k)
                return f"enrolled the last window of #{self._last_window.track} as {name}"

    def _report(self) -> BankReport:
        bank = self._recogniser.bank
        classes = self._recogniser.classes
        enrolled = dict(zip(classes, bank.enrolled.tolist(), strict=True))
        return BankReport(
            mode=bank.mode,
            support=dict(zip(classes, bank.support.tolist(), strict=True)),
            enrolled={name: count for name, count in enrolled.items() if count},
            frozen=bank.frozen,
            health=bank.health,
        )


def health_fields(health: Any) -> dict[str, Any] | None:
    """A bank's health as plain JSON values; None where it says nothing."""
    return dataclasses.asdict(health) if dataclasses.is_dataclass(health) else None  # type: ignore[arg-type]

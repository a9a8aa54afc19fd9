"""Ways of recognising, tried on the same continuous recordings and the same features."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from bank import PrototypeBank
from bank.errors import InputError
from bank.prototypes import Mode
from realtime.recogniser import ActionSegmenter, Recogniser, Rules, joined
from realtime.recogniser.rules import EVERY_WINDOW
from realtime.replay import actions_of, windows_of
from realtime.windows import SkeletonWindow, Windower
from train.data.readers.msrc12 import TaggedRecording
from train.evaluation.events import EventFigures, Moment, compare

# Listening begins so many seconds before the first action point, with the first window's end a
# little later than that: whatever the lengths, they are tried on the same.
_LEAD: Final = 4.0
# Exemplars are the windows that end so many seconds after a gesture's action point.
_AFTER_TAG: Final = 0.25


@dataclass(frozen=True)
class Way:
    """One way of recognising.

    Attributes:
        name: for people.
        mode: how the bank learns.
        idle: whether standing still is told from moving.
        rules: how windows become actions.
        longest_only: whether only the longest window counts.
        exemplars: how many gestures of every class are enrolled.
        learns: whether the bank learns from the stream too.
    """

    name: str
    mode: Mode
    idle: bool = True
    rules: Rules = Rules()  # noqa: RUF009
    longest_only: bool = False
    exemplars: int = 0
    learns: bool = True


def ways(mode: Mode, exemplars: Sequence[int]) -> list[Way]:
    """From nothing to everything, so that each part's effect is seen."""
    return [
        Way("single windows", "text", idle=False, rules=EVERY_WINDOW, longest_only=True),
        Way("+ lengths", "text", idle=False, rules=EVERY_WINDOW),
        Way("+ idle", "text", rules=EVERY_WINDOW),
        Way("+ rules", "text"),
        *(
            Way(f"+ {n} exemplars, frozen", "exact", exemplars=n, learns=False)
            for n in exemplars
            if n
        ),
        *(Way(f"+ {n} exemplars, {mode}", mode, exemplars=n) for n in exemplars),
    ]


@dataclass(frozen=True, eq=False)
class Heard:
    """A recording cut into windows.

    Attributes:
        recording: what was cut.
        windows: (W,).
        features: (W, L, d), theirs.
    """

    recording: TaggedRecording
    windows: list[SkeletonWindow]
    features: Tensor

    @property
    def span(self) -> tuple[float, float]:
        """From the first window's end to the last one's."""
        return float(self.windows[0].times[-1]), float(self.windows[-1].times[-1])


def hear(recogniser: Recogniser, recording: TaggedRecording, stride: float, most: float) -> Heard:
    """Cut a recording and take its features.

    Args:
        recogniser: whose features.
        recording: what to cut.
        stride: seconds between windows.
        most: seconds from one and a half before the first action point; the rest is left out.

    Raises:
        InputError: nobody is seen in it for as long as a window.
    """
    start = max(0.0, float(recording.tags[0]) - _LEAD)
    end = float(recording.tags[0]) - 1.5 + most
    part = (recording.times >= start) & (recording.times <= end)
    windower = Windower(length=recogniser.lengths[-1], stride=stride)
    windows = windows_of(recording.joints[part], recording.times[part], windower)
    if not windows:
        raise InputError(f"{recording.name}: nobody is seen in it for as long as a window")
    chunks = [recogniser.features(windows[i : i + 32]) for i in range(0, len(windows), 32)]
    return Heard(recording, windows, torch.cat(chunks))


def exemplars(
    recogniser: Recogniser, recordings: Sequence[TaggedRecording], most: int
) -> dict[str, Tensor]:
    """Features of whole gestures, by class: of every person in turn, from the third gesture on.

    Args:
        recogniser: whose features.
        recordings: of persons who are not tested.
        most: gestures of every class.

    Returns:
        (most, d) a class, fewer where there are not so many.
    """
    by_class: dict[str, list[SkeletonWindow]] = {}
    for label in sorted({label for recording in recordings for label in recording.labels}):
        turns = [_gestures(r, label, recogniser.lengths[-1]) for r in recordings]
        windows = [turn[i] for i in range(most) for turn in turns if i < len(turn)]
        by_class[label] = windows[:most]
    return {label: joined(recogniser.features(w)) for label, w in by_class.items() if w}


def _gestures(recording: TaggedRecording, label: str, length: float) -> list[SkeletonWindow]:
    """Windows of a recording's gestures of one class, the third first."""
    windows = []
    for tag, said in zip(recording.tags, recording.labels, strict=True):
        end = tag + _AFTER_TAG
        part = (recording.times > end - length) & (recording.times <= end)
        joints = recording.joints[part]
        if said == label and np.isfinite(joints).any(axis=(1, 2, 3)).mean() > 0.8:
            windows.append(SkeletonWindow(0, joints, recording.times[part], 0, 0.0))
    return windows[2:] + windows[:2]


def attempt(
    recogniser: Recogniser,
    way: Way,
    heard: Sequence[Heard],
    shown: Mapping[str, Tensor],
    tolerance: float = 0.5,
    alpha: float = 0.9,
) -> Iterator[tuple[str, EventFigures]]:
    """Recognise every recording in one way, each with a bank of its own.

    Args:
        recogniser: is given the banks, one after the other.
        way: how.
        heard: the recordings.
        shown: features of exemplars, by class.
        tolerance: see :func:`train.evaluation.events.compare`.
        alpha: tolerance margin of the banks.

    Yields:
        The class that the recording repeats, and the figures.
    """
    still = recogniser.still
    for one in heard:
        bank = PrototypeBank(recogniser.text, alpha=alpha, mode=way.mode)
        for k, label in enumerate(recogniser.classes):
            if way.exemplars and label in shown:
                bank.enroll(shown[label][: way.exemplars], k)
        bank.freeze(not way.learns)
        recogniser.begin(bank, still=still if way.idle else 0.0)
        features = one.features[:, -1] if way.longest_only else joined(one.features)
        events = actions_of(one.windows, features, recogniser, ActionSegmenter(way.rules))
        said = [Moment(event.t_decided, event.label) for event in events if event.phase == "start"]
        tags = list(map(Moment, one.recording.tags.tolist(), one.recording.labels))
        yield one.recording.labels[0], compare(said, tags, one.span, tolerance)
    recogniser.begin(recogniser.bank, still=still)

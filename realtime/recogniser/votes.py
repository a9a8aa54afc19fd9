"""Which windows a bank learns from, and which of them are one vote."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bank import PrototypeBank
from realtime.windows import SkeletonWindow


@dataclass
class _Segment:
    number: int
    start: float
    latest: float


class Segments:
    """Numbers what belongs together: overlapping windows of one person show one movement.

    A person's segment lasts until the person stands still, or until a window begins after the
    segment's first one has ended.

    Args:
        longest: seconds of the longest window.
    """

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._segments: dict[int, _Segment] = {}
        self._next = 0

    def rest(self, track: int) -> None:
        """This person stands still: what comes next is something else."""
        self._segments.pop(track, None)

    def of(self, window: SkeletonWindow) -> tuple[int, bool]:
        """The segment a window belongs to, and whether it is the segment's first."""
        end = float(window.times[-1])
        segment = self._segments.get(window.track)
        if segment is not None and 0 <= end - segment.start < self._longest:
            segment.latest = end
            return segment.number, False
        segment = _Segment(self._next, end, end)
        self._segments[window.track] = segment
        self._next += 1
        if self._next % 64 == 0:  # people who have gone for long
            self._segments = {
                track: s for track, s in self._segments.items() if math.fabs(end - s.latest) < 60.0
            }
        return segment.number, True


def learn(bank: PrototypeBank, features: Tensor, segments: list[tuple[int, bool]]) -> None:
    """Let a bank learn, each segment one vote.

    Args:
        bank: learns.
        features: (B, d), unit length.
        segments: (B,) what :meth:`Segments.of` said.
    """
    if not segments:
        return
    if hasattr(bank, "gate"):  # such a bank can join the rows of one segment
        bank.update(features, torch.tensor([number for number, _ in segments]))  # type: ignore[call-arg,unused-ignore]
        return
    first = [row for row, (_, is_first) in enumerate(segments) if is_first]
    if first:
        bank.update(features[first])


def known(bank: PrototypeBank, features: Tensor) -> list[bool]:
    """(B,) whether the bank's gate takes features for one of the classes; all without a gate."""
    gate = getattr(bank, "gate", None)
    if gate is None or not len(features):
        return [True] * len(features)
    verdict: list[bool] = gate(features).known.tolist()
    return verdict

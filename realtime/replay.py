"""Recorded bodies through windows, answers and actions, as in a live run but without its clock."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from realtime.frames import Body, BodyFrame
from realtime.recogniser import ActionEvent, ActionSegmenter, Recogniser
from realtime.windows import SkeletonWindow, Windower


def windows_of(
    joints: NDArray[np.float32], times: NDArray[np.float64], windower: Windower
) -> list[SkeletonWindow]:
    """All windows of a recording.

    Args:
        joints: (T, M, 25, 3) metres, NaN where absent; each place in M is a track.
        times: (T,) seconds.
        windower: a fresh one.
    """
    windows = []
    for index, (bodies, time) in enumerate(zip(joints, times, strict=True)):
        there = tuple(
            Body(joints=body, track=track)
            for track, body in enumerate(bodies)
            if np.isfinite(body).any()
        )
        windows += windower.push(BodyFrame(there, index, float(time), float(time), t_mono=0.0))
    return windows


def actions_of(
    windows: Sequence[SkeletonWindow],
    features: Tensor,
    recogniser: Recogniser,
    segmenter: ActionSegmenter,
    max_gap: float = 1.0,
) -> list[ActionEvent]:
    """What a live run would say of these windows, one after the other.

    Args:
        windows: (W,) in order.
        features: (W, d), theirs.
        recogniser: answers, and learns as it goes.
        segmenter: a fresh one.
        max_gap: seconds without an answer after which an action ends.
    """
    events: list[ActionEvent] = []
    for row, window in enumerate(windows):
        events += segmenter.finish_absent(float(window.times[-1]), max_gap)
        for answer in recogniser.answer([window], features[row : row + 1]):
            events += segmenter.push(answer)
    return events + segmenter.finish_all()

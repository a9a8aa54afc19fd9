"""Windows that begin, end and run otherwise."""

import math

import torch
from torch import Tensor

from train.training.augment.draws import Draws


def moments(draws: Draws, frames: int, crop: float, speed: float, warp: float) -> Tensor:
    """(N, frames) which moments of a window are shown, in frames from its start, not decreasing.

    Args:
        draws: of the batch.
        frames: T of the windows.
        crop: largest share cut off at the ends.
        speed: largest factor, less 1, by which the window runs faster or slower about its middle.
            What is too fast stands still at its ends; what is too slow is cut off there.
        warp: largest relative change of pace within the window: one half runs faster, the other
            slower.
    """
    at = torch.linspace(0, 1, frames, device=draws.device)[None]
    if warp > 0:
        bend = draws.either_way(warp)[:, None] / (2 * math.pi)
        at = at + bend * torch.sin(2 * math.pi * at)
    if speed > 0:
        factor = (draws.either_way(1)[:, None] * math.log1p(speed)).exp()
        at = (0.5 + (at - 0.5) * factor).clamp(0, 1)
    if crop > 0:
        length = 1 - draws.share()[:, None] * crop
        start = draws.share()[:, None] * (1 - length)
        at = start + length * at
    return at * (frames - 1)


def resample(x: Tensor, there: Tensor, at: Tensor) -> tuple[Tensor, Tensor]:
    """Windows at other moments, linear between frames.

    A body is never mixed with a frame in which it is absent.

    Args:
        x: (N, 3, T, V, M).
        there: (N, T, M) bool, in which frames a body is.
        at: (N, T) moments in frames.

    Returns:
        The new x and there.
    """
    frames = x.shape[2]
    before = at.floor().long().clamp(max=max(frames - 2, 0))
    after = (before + 1).clamp(max=frames - 1)
    rows = torch.arange(len(x), device=x.device)[:, None]
    weight = (at - before)[:, :, None].expand(-1, -1, x.shape[4])
    if not there.all():
        first, second = there[rows, before], there[rows, after]
        there = torch.where(weight < 0.5, first, second)
        weight = torch.where(first, torch.where(second, weight, 0.0), 1.0)
    by_frame = x.transpose(1, 2)
    mixed = torch.lerp(by_frame[rows, before], by_frame[rows, after], weight[:, :, None, None])
    return mixed.transpose(1, 2), there

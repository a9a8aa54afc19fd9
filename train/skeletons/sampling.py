"""Which recorded frames each prepared frame is mixed from.

Both styles answer with a :class:`Mix`: prepared frame ``f`` of a body is
``(1 - weight) * rows[lower] + weight * rows[upper]``, or zeros where ``filled`` is False.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.skeletons.presence import joints_present
from train.skeletons.ragged import Ragged


@dataclass(frozen=True, eq=False)
class Mix:
    """Rows and weights for P bodies of a batch and F prepared frames.

    Attributes:
        clip: (P,) which clip a body belongs to.
        body: (P,) its place in the clip.
        lower: (P, F) int64 row before the prepared frame.
        upper: (P, F) int64 row after it.
        weight: (P, F) float32 share of ``upper``, 0 to 1.
        filled: (P, F) bool; False where the body is absent.
    """

    clip: NDArray[np.int64]
    body: NDArray[np.int64]
    lower: NDArray[np.int64]
    upper: NDArray[np.int64]
    weight: NDArray[np.float32]
    filled: NDArray[np.bool_]


def _places(batch: Ragged, bodies: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(P,) clip and (P,) body of every body slot that the recordings have, at most ``bodies``."""
    clip, body = np.nonzero(np.arange(bodies) < batch.bodies[:, None])
    return clip, body


def by_frame_number(batch: Ragged, frames: int, bodies: int) -> Mix:
    """The published resampling: bilinear image resizing along the first ``length`` frames.

    ``length`` counts the frames whose body 0 has a SpineBase; time stamps play no part.
    """
    spine_base = batch.rows[batch.first_row_of_frame, 0]
    counted = joints_present(spine_base) & (spine_base != 0).any(axis=1)
    length = np.bincount(batch.clip_of_frame, counted, len(batch)).astype(np.int64)

    # OpenCV's convention: pixel centres lie at half-integers, the border pixel is repeated.
    centre = (np.arange(frames) + 0.5) * (length / frames)[:, None] - 0.5
    last = np.asarray(np.maximum(length - 1, 0)[:, None], np.int64)
    position = np.clip(centre, 0, last)
    lower: NDArray[np.int64] = position.astype(np.int64)
    upper: NDArray[np.int64] = np.minimum(lower + 1, last)
    weight = (position - lower).astype(np.float32)

    clip, body = _places(batch, bodies)
    start, step = batch.row_start[clip, None] + body[:, None], batch.bodies[clip, None]
    low, high = start + lower[clip] * step, start + upper[clip] * step
    seen = np.asarray((batch.seen[low] | batch.seen[high]).any(axis=1))
    absent = ~seen | (length[clip] == 0)
    return _without(Mix(clip, body, low, high, weight[clip], np.ones(low.shape, bool)), absent)


def by_time(
    batch: Ragged, frames: int, bodies: int, max_gap_s: float, seconds: float | None
) -> Mix:
    """Our resampling: ``frames`` moments at even distances in time, whatever the frame rate.

    The moments span the frames from the first to the last in which body 0 is seen, or exactly
    ``seconds`` around their middle (the end poses stand still where the recording is shorter). A
    body is bridged linearly where it is away for at most ``max_gap_s``; where it is away for
    longer, before it came and after it left, it is absent.
    """
    if not len(batch):
        return by_frame_number(batch, frames, bodies)
    first, last = _span_of_body_0(batch)
    begin, end = batch.times[first], batch.times[last]
    middle, half = (begin + end) / 2, (end - begin) / 2
    reach = half if seconds is None else np.full_like(half, seconds / 2)
    moments = middle[:, None] + reach[:, None] * np.linspace(-1, 1, frames)
    moments = np.clip(moments, begin[:, None], end[:, None])

    before, after = _brackets(batch, first, last, moments)
    clip, body = _places(batch, bodies)
    low, high = np.empty((2, clip.size, frames), np.int64)
    filled = np.empty((clip.size, frames), bool)
    weight = np.empty((clip.size, frames), np.float32)
    for place in range(bodies):
        mine = np.flatnonzero(body == place)
        owner = clip[mine]
        previous, following = _neighbours_seen(batch, place)
        a, b = previous[before[owner]], following[after[owner]]
        known = (a >= first[owner, None]) & (b >= 0) & (b <= last[owner, None])
        a, b = np.where(known, a, first[owner, None]), np.where(known, b, first[owner, None])
        gap = batch.times[b] - batch.times[a]
        filled[mine] = known & ((b - a <= 1) | (gap <= max_gap_s))
        share = (moments[owner] - batch.times[a]) / np.where(gap > 0, gap, 1)
        weight[mine] = np.where(gap > 0, np.clip(share, 0, 1), 0)
        low[mine] = batch.first_row_of_frame[a] + place
        high[mine] = batch.first_row_of_frame[b] + place
    return _without(Mix(clip, body, low, high, weight, filled), np.asarray(~filled.any(axis=1)))


def _without(mix: Mix, absent: NDArray[np.bool_]) -> Mix:
    keep = ~absent
    if keep.all():
        return mix
    return Mix(
        mix.clip[keep],
        mix.body[keep],
        mix.lower[keep],
        mix.upper[keep],
        mix.weight[keep],
        mix.filled[keep],
    )


def _span_of_body_0(batch: Ragged) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(N,) first and last frame in which body 0 is seen (the whole clip where it never is)."""
    frame = np.arange(batch.times.size)
    seen = batch.seen[batch.first_row_of_frame]
    start, stop = batch.frame_start, batch.frame_start + batch.frames - 1
    first = np.minimum.reduceat(np.where(seen, frame, frame.size), batch.frame_start)
    last = np.maximum.reduceat(np.where(seen, frame, -1), batch.frame_start)
    never = last < 0
    return np.where(never, start, first), np.where(never, stop, last)


def _brackets(
    batch: Ragged,
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    moments: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(N, F) frames at or before, and at or after, each moment; equal where they coincide."""
    # All clips on one axis: clip n's time runs from 2n to 2n + 1, so one search serves the batch.
    length = np.maximum(batch.times[last] - batch.times[first], 1e-9)
    clip = batch.clip_of_frame
    axis = np.clip((batch.times - batch.times[first][clip]) / length[clip], 0, 1) + 2 * clip
    place = (moments - batch.times[first][:, None]) / length[:, None]
    wanted = place + 2 * np.arange(len(batch))[:, None]
    tolerance = 1e-9  # of a clip's length: a moment this near to a frame is that frame
    before = np.searchsorted(axis, wanted + tolerance, side="right") - 1
    before = np.clip(before, first[:, None], last[:, None])
    coincide = np.abs(axis[before] - wanted) <= tolerance
    after = np.where(coincide, before, np.minimum(before + 1, last[:, None]))
    return before, after


def _neighbours_seen(batch: Ragged, place: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(S,) nearest frame up to, and from, each frame in which the body is seen.

    May point into a neighbouring clip or, where there is none, be -1; the caller checks.
    """
    frame = np.arange(batch.times.size)
    has = batch.bodies[batch.clip_of_frame] > place
    seen = has & batch.seen[np.where(has, batch.first_row_of_frame + place, 0)]
    previous = np.maximum.accumulate(np.where(seen, frame, -1))
    following = np.minimum.accumulate(np.where(seen, frame, frame.size)[::-1])[::-1]
    return previous, np.where(following == frame.size, -1, following)

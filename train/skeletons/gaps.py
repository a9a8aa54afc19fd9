"""Joints that a sensor lost for a while."""

import numpy as np
from numpy.typing import NDArray

from train.skeletons.joints import BONES, SPINE_SHOULDER
from train.skeletons.presence import bodies_present, joints_present


def _outwards() -> tuple[tuple[int, int], ...]:
    """The bones from SpineShoulder outwards: every parent comes before its children."""
    known, order, waiting = {SPINE_SHOULDER}, [], list(BONES)
    while waiting:
        ready = [bone for bone in waiting if bone[1] in known]
        waiting = [bone for bone in waiting if bone[1] not in known]
        order += ready
        known |= {child for child, _ in ready}
    return tuple(order)


# Bones as SpineShoulder sees them: (0, 1) says that SpineBase hangs from SpineMid.
_BONES_OUTWARDS = _outwards()


def fill_joints(
    joints: NDArray[np.float32], times: NDArray[np.float64], max_gap_s: float
) -> NDArray[np.float32]:
    """Complete every body that is seen; bodies that are absent from a frame stay absent.

    A joint that is away for at most ``max_gap_s`` between two sightings is interpolated linearly in
    time. One that is away for longer, or at an end, keeps the offset from the joint it hangs from
    that it had at its nearest sighting in time; one that is never seen lies on the joint it hangs
    from. SpineShoulder, from which all others hang, is interpolated over gaps of any length while
    its body is seen, and is the mean of the body's joints when it is never seen.

    Args:
        joints: (T, M, 25, 3), metres; not finite where absent.
        times: (T,) seconds, increasing.
        max_gap_s: seconds, the longest gap that is interpolated.

    Returns:
        (T, M, 25, 3) float32 copy: each body complete or NaN in each frame.
    """
    joints = np.where(joints_present(joints)[..., None], joints, np.float32(np.nan))
    for body in range(joints.shape[1]):
        there = np.flatnonzero(bodies_present(joints[:, body]))
        part = joints[there, body]
        if part.size and np.isnan(part).any():
            joints[there, body] = _complete(part, times[there], max_gap_s)
    return joints


def _complete(
    body: NDArray[np.float32], times: NDArray[np.float64], max_gap_s: float
) -> NDArray[np.float32]:
    """(T, 25, 3) of one body that is seen in every frame, without NaN."""
    for joint in range(body.shape[1]):
        limit = np.inf if joint == SPINE_SHOULDER else max_gap_s
        body[:, joint] = _bridged(body[:, joint], times, limit)
    root = body[:, SPINE_SHOULDER]
    lost = np.isnan(root[:, 0])
    if lost.all():
        body[:, SPINE_SHOULDER] = np.nanmean(body, axis=1)
    elif lost.any():
        body[:, SPINE_SHOULDER] = root[_nearest(~lost, times)]
    for child, parent in _BONES_OUTWARDS:
        lost = np.isnan(body[:, child, 0])
        if lost.any():
            offset = body[:, child] - body[:, parent]
            kept = np.zeros_like(offset) if lost.all() else offset[_nearest(~lost, times)]
            body[lost, child] = body[lost, parent] + kept[lost]
    return body


def _bridged(
    path: NDArray[np.float32], times: NDArray[np.float64], max_gap_s: float
) -> NDArray[np.float32]:
    """(T, 3) path of one joint, linear over gaps of at most ``max_gap_s``."""
    seen = np.flatnonzero(np.isfinite(path[:, 0]))
    if seen.size in (0, len(path)):
        return path
    lost = np.flatnonzero(np.isnan(path[:, 0]))
    after = np.searchsorted(seen, lost)
    inner = (after > 0) & (after < seen.size)
    lost, after = lost[inner], after[inner]
    a, b = seen[after - 1], seen[after]
    short = times[b] - times[a] <= max_gap_s
    lost, a, b = lost[short], a[short], b[short]
    share = ((times[lost] - times[a]) / (times[b] - times[a]))[:, None]
    filled = path.copy()
    filled[lost] = (1 - share) * path[a] + share * path[b]
    return filled


def _nearest(seen: NDArray[np.bool_], times: NDArray[np.float64]) -> NDArray[np.int64]:
    """(T,) index of the seen frame that is nearest in time; at least one is seen."""
    known = np.flatnonzero(seen)
    after = np.clip(np.searchsorted(times[known], times), 1, max(known.size - 1, 1))
    after = np.minimum(after, known.size - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.abs(times[known[before]] - times) <= np.abs(times[known[after]] - times)
    return known[np.where(nearer, before, after)]

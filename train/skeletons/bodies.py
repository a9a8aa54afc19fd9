"""Who is who when a sensor reports several bodies: swaps of place, ghosts, and order by motion."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from train.skeletons.presence import bodies_present, joints_present

# A person who is lost for longer is no longer expected where they were last seen (seconds).
_MEMORY_S = 1.0
# A body that is further than this from everybody before it takes an empty place (metres).
_NEW_PLACE_M = 2.0
# Nobody's centre moves further from one frame to the next without being looked at (metres).
_JUMP_M = 0.2
# A body seen for less than this share of the clip is a ghost unless it is the only one.
_MIN_PRESENCE = 0.1
# People are taller than wide; Kinect's ghosts (furniture, reflections) lie flat. A body whose
# joints spread sideways over more than this many times their height, in most frames, is a ghost.
_MAX_WIDTH_TO_HEIGHT = 1.5


def motion_order(joints: NDArray[np.float32], times: NDArray[np.float64]) -> NDArray[np.float32]:
    """Follow people through swaps of place, drop ghosts, put who moves most first.

    Args:
        joints: (T, M, 25, 3), metres; not finite where absent.
        times: (T,) seconds.

    Returns:
        (T, M, 25, 3) float32: the same bodies, each in one place throughout; ghosts are NaN and
        last. Nobody is dropped when everybody looks like a ghost.
    """
    if bodies_present(joints).any(axis=0).sum() > 1:
        joints = _followed(joints, times)
    energy = motion_energy(joints)
    real = ~_ghosts(joints)
    if real.any():
        joints = np.where(real[:, None, None], joints, np.float32(np.nan))
        energy[~real] = -1
    return joints[:, np.argsort(-energy, kind="stable")]


def motion_energy(joints: NDArray[np.float32]) -> NDArray[np.float64]:
    """(M,) how much each body moves: variance of its joints over time, summed, square metres.

    The variance is weighted by the share of frames in which the body is seen, so that a body that
    flickers in for a moment does not outrun one that acts. Bodies that are never seen have 0.
    """
    seen = joints_present(joints)
    values = np.where(seen[..., None], joints, 0).astype(np.float64)
    count = np.maximum(seen.sum(axis=0), 1)[..., None]
    mean = values.sum(axis=0) / count
    square = np.where(seen[..., None], (values - mean) ** 2, 0).sum(axis=0) / count
    energy: NDArray[np.float64] = square.sum(axis=(1, 2)) * bodies_present(joints).mean(axis=0)
    return energy


def _centres(joints: NDArray[np.float32]) -> NDArray[np.float64]:
    """(T, M, 3) mean of the finite joints; NaN where the body is absent."""
    seen = joints_present(joints)[..., None]
    count = seen.sum(axis=2)
    total = np.where(seen, joints, 0).sum(axis=2, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _followed(joints: NDArray[np.float32], times: NDArray[np.float64]) -> NDArray[np.float32]:
    """The bodies of each frame put where the nearest body of the frames before was."""
    centres = _centres(joints)
    seen = np.isfinite(centres[..., 0])
    frames, bodies = seen.shape
    slots = np.arange(bodies)
    # Who has which place can only change where somebody comes, goes or jumps.
    jump = np.linalg.norm(np.diff(centres, axis=0), axis=2) > _JUMP_M
    events = 1 + np.flatnonzero((jump | (seen[1:] != seen[:-1])).any(axis=1))

    place = np.empty((frames, bodies), np.int64)  # place[t, person]: the person's slot in frame t
    current, begin = slots, 0
    last = np.full((bodies, 3), np.nan)
    last_time = np.full(bodies, -np.inf)
    for event in [*events.tolist(), frames]:
        place[begin:event] = current
        if event == frames:
            break
        here = seen[event - 1, current]
        last[here], last_time[here] = centres[event - 1, current[here]], times[event - 1]
        forgotten = times[event] - last_time > _MEMORY_S
        found = np.flatnonzero(seen[event])
        step = np.linalg.norm(last[:, None] - centres[event][found], axis=2)
        step = np.where(forgotten[:, None], _NEW_PLACE_M, step)
        # Where nothing else decides, a body keeps the place it came with.
        step = step + 1e-6 * (slots[:, None] != found)
        person, index = linear_sum_assignment(step)
        current = np.empty(bodies, np.int64)
        current[person] = found[index]
        current[np.setdiff1d(slots, person)] = np.setdiff1d(slots, found)
        begin = event
    return joints[np.arange(frames)[:, None], place]


def _ghosts(joints: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(M,) bodies that are hardly ever seen, or lie flat in most of the frames."""
    seen = joints_present(joints)
    there = bodies_present(joints)
    high = np.where(seen[..., None], joints, -np.inf).max(axis=2)
    low = np.where(seen[..., None], joints, np.inf).min(axis=2)
    extent = np.where(there[..., None], high - low, 0)
    flat = there & (extent[..., 0] > _MAX_WIDTH_TO_HEIGHT * extent[..., 1])
    presence = there.mean(axis=0)
    ghost: NDArray[np.bool_] = (presence < _MIN_PRESENCE) | (flat.sum(0) > 0.5 * there.sum(0))
    return ghost

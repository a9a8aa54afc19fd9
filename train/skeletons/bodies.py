"""Who is who when a sensor reports several bodies: swaps of place, ghosts, and order by motion."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from train.skeletons.presence import bodies_present, joints_present

# A person who is lost for longer is no longer expected where they were last seen (seconds).
_MEMORY_S = 1.0
# A body that is further than this from everybody before it takes an empty place (metres).
_NEW_PLACE_M = 2.0
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
    if joints.shape[1] == 1:
        return joints
    people = _followed(joints, times)
    energy = motion_energy(people)
    real = ~_ghosts(people)
    if real.any():
        people[:, ~real] = np.nan
        energy[~real] = -1
    return people[:, np.argsort(-energy, kind="stable")]


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
    frames, bodies = centres.shape[:2]
    place = np.tile(np.arange(bodies), (frames, 1))
    last = centres[0].copy()
    last_time = np.where(np.isfinite(last[:, 0]), times[0], -np.inf)
    for t, time in list(enumerate(times))[1:]:
        seen = np.flatnonzero(np.isfinite(centres[t, :, 0]))
        if seen.size:
            step = np.linalg.norm(last[:, None] - centres[t, None, seen], axis=2)
            forgotten = (time - last_time > _MEMORY_S) | ~np.isfinite(last[:, 0])
            # Where nothing else decides, a body keeps the place it came with.
            step[forgotten] = _NEW_PLACE_M
            step = step + 1e-6 * (np.arange(bodies)[:, None] != seen)
            new, index = linear_sum_assignment(step)
            rest = np.setdiff1d(np.arange(bodies), seen)
            place[t, new] = seen[index]
            place[t, np.setdiff1d(np.arange(bodies), new)] = rest
            last[new], last_time[new] = centres[t, seen[index]], time
    return joints[np.arange(frames)[:, None], place].copy()


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

"""Turning bodies about the vertical axis until their shoulder line is parallel to x.

Seen from above a joint is the complex number x + iz, and a turn is a complex factor. The functions
take P bodies in F frames, (3, P, F, 25), and answer with each frame's factor, (P, F) complex64.
"""

import numpy as np
from numpy.typing import NDArray

from train.skeletons.joints import SHOULDER_LEFT, SHOULDER_RIGHT

# Shoulders nearer to each other than this (metres, seen from above) tell no direction.
MIN_SHOULDER_WIDTH = 0.05


def _shoulder_line(bodies: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """From the left to the right shoulder, seen from above: dx and dz, (P, F) each."""
    line = bodies[..., SHOULDER_RIGHT] - bodies[..., SHOULDER_LEFT]
    return line[0], line[2]


def published_turn(bodies: NDArray[np.float32]) -> NDArray[np.complex64]:
    """The published turn: the angle from an arc cosine, its sign one for the whole clip.

    A body that turns past the side view in mid-clip is therefore turned the wrong way in a part
    of its frames; networks trained on the published chain have seen it so.
    """
    dx, dz = _shoulder_line(bodies)
    cos = dx / (np.hypot(dx, dz) + 1e-4)
    sin = np.sqrt(1 - cos * cos)
    backwards = dz.sum(axis=1, keepdims=True, dtype=np.float64) >= 0
    return (cos + 1j * np.where(backwards, -sin, sin)).astype(np.complex64)


def per_frame_turn(bodies: NDArray[np.float32], filled: NDArray[np.bool_]) -> NDArray[np.complex64]:
    """Our turn: in every frame the right shoulder comes to lie on the +x side, at equal depth.

    Seen exactly from the side the shoulders coincide and their line is noise. Such frames take
    the direction between those of the nearest frames before and after that have one; a body that
    never shows its shoulders is left as it stands.

    Args:
        bodies: (3, P, F, 25), metres.
        filled: (P, F), False where the body is absent.
    """
    dx, dz = _shoulder_line(bodies)
    width = np.hypot(dx, dz)
    reliable = filled & (width >= MIN_SHOULDER_WIDTH)
    across: NDArray[np.complex64] = (dx + 1j * dz).astype(np.complex64)
    line = np.where(reliable, across / np.where(reliable, width, 1), np.complex64(1))
    if not reliable.all():
        line = _between_reliable(line, reliable)
    return line.conj()


def _between_reliable(
    line: NDArray[np.complex64], reliable: NDArray[np.bool_]
) -> NDArray[np.complex64]:
    """Unit directions (P, F), those of doubtful frames taken from their reliable neighbours."""
    frames = line.shape[1]
    frame = np.broadcast_to(np.arange(frames), line.shape)
    before = np.maximum.accumulate(np.where(reliable, frame, -1), axis=1)
    after = np.minimum.accumulate(np.where(reliable, frame, frames)[:, ::-1], axis=1)[:, ::-1]
    some = (before >= 0) | (after < frames)
    a = np.where(before >= 0, before, after) * some
    b = np.where(after < frames, after, before) * some
    share = np.where(b > a, (frame - a) / np.maximum(b - a, 1), 0)
    at_a, at_b = np.take_along_axis(line, a, axis=1), np.take_along_axis(line, b, axis=1)
    between = at_a + share * (at_b - at_a)
    length = np.abs(between)
    # Half way between opposite directions there is none: keep the earlier.
    lost = length < 1e-3
    return np.where(lost, at_a, between / np.where(lost, 1, length)).astype(np.complex64)

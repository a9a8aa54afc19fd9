"""Clips per second of the preprocessing, against the published algorithm frame by frame.

    python -m benchmarks.preprocess [--clips 400]

The reference below does what the published description says in the plainest way: loops over
clips, frames and bodies, one matrix product per body and frame. Both get the same arrays in memory,
one thread, the same run; the values are compared before the speed is.
"""

import argparse
import math
import time
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from train.skeletons.joints import JOINTS, SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_SHOULDER
from train.skeletons.preprocess import Preprocessing

ClipArrays = tuple[NDArray[np.float32], NDArray[np.float64]]
MAX_FRAMES, FRAMES, BODIES = 300, 50, 2


def published_clip(joints: NDArray[np.float32]) -> NDArray[np.float32]:
    """One clip (T, M, 25, 3), NaN where absent, to (3, 50, 25, 2), the published way."""
    data = np.zeros((3, MAX_FRAMES, JOINTS, BODIES), np.float32)
    for frame in range(min(len(joints), MAX_FRAMES)):
        for body in range(min(joints.shape[1], BODIES)):
            if np.isfinite(joints[frame, body]).all():
                data[:, frame, :, body] = joints[frame, body].T

    length = 0
    for frame in range(min(len(joints), MAX_FRAMES)):
        if (data[:, frame, 0, 0] != 0).any():
            length += 1

    for frame in range(length):
        for body in range(BODIES):
            root = data[:, frame, SPINE_SHOULDER, body].copy()
            data[:, frame, :, body] -= root[:, None]

    small = np.zeros((3, FRAMES, JOINTS, BODIES), np.float32)
    for axis in range(3):
        for body in range(BODIES):
            picture = np.ascontiguousarray(data[axis, :length, :, body])
            small[axis, :, :, body] = cv2.resize(
                picture, (JOINTS, FRAMES), interpolation=cv2.INTER_LINEAR
            )

    turned = np.zeros_like(small)
    for body in range(BODIES):
        total = 0.0
        for frame in range(FRAMES):
            skeleton = small[:, frame, :, body]
            total += float(skeleton[2, SHOULDER_RIGHT] - skeleton[2, SHOULDER_LEFT])
        sign = -1.0 if total >= 0 else 1.0
        for frame in range(FRAMES):
            skeleton = small[:, frame, :, body]
            line = skeleton[:, SHOULDER_RIGHT] - skeleton[:, SHOULDER_LEFT]
            theta = sign * math.acos(line[0] / (math.hypot(line[0], line[2]) + 1e-4))
            cos, sin = math.cos(theta), math.sin(theta)
            rotation = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
            turned[:, frame, :, body] = rotation @ skeleton
    return turned


def made_up_clips(count: int, seed: int = 0) -> list[ClipArrays]:
    """Smoothly moving bodies of NTU's proportions: 40 to 160 frames, a second body in one of 5."""
    rng = np.random.default_rng(seed)
    clips = []
    for index in range(count):
        frames = int(rng.integers(40, 161))
        joints = np.full((frames, BODIES, JOINTS, 3), np.nan, np.float32)
        for body in range(1 + (index % 5 == 0)):
            pose = rng.normal(0, [0.3, 0.5, 0.2], (JOINTS, 3)) + np.array([body, 0, 3])
            sway = rng.normal(0, 0.1, (JOINTS, 3)) * rng.uniform(1, 3)
            phase = np.linspace(0, 2 * np.pi, frames)[:, None, None]
            joints[:, body] = pose + sway * np.sin(phase + rng.uniform(0, 6, (JOINTS, 1)))
        clips.append((joints, np.arange(frames) / 30))
    return clips


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    """Print clips per second of the reference and of ours."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=640)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    clips = made_up_clips(options.clips)
    few = clips[:40]
    published, default = Preprocessing(style="published"), Preprocessing()

    expected = np.stack([published_clip(joints) for joints, _ in few])
    error = float(np.abs(published(few).x - expected).max())
    print(f"largest difference to the reference: {error:.1e} (must be under 1e-4)")
    if error > 1e-4:
        raise SystemExit("the values differ: no speed is worth printing")

    window = clips[1:2]
    works: dict[str, tuple[int, Callable[[], object]]] = {
        "published, frame by frame": (len(few), lambda: [published_clip(each) for each, _ in few]),
        "published, ours": (len(clips), lambda: published(clips)),
        "default, ours": (len(clips), lambda: default(clips)),
        "default, bodies by motion": (
            len(clips),
            lambda: Preprocessing(order_bodies="motion")(clips),
        ),
        "published, one at a time": (100, lambda: [published(window) for _ in range(100)]),
        "default, one at a time": (100, lambda: [default(window) for _ in range(100)]),
    }
    # Rounds of all in turn, best of each: a busy machine then slows all of them alike.
    best = dict.fromkeys(works, math.inf)
    for _ in range(options.rounds):
        for name, (count, work) in works.items():
            best[name] = min(best[name], seconds(work) / count)
    reference = next(iter(best.values()))
    for name, each in best.items():
        print(f"{name:27} {1 / each:9.0f} clips/s {reference / each:7.1f} x")


if __name__ == "__main__":
    main()

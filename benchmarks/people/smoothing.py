"""Trembling and lag of joints with several people: as MediaPipe gives them, and smoothed by us.

    python -m benchmarks.people.smoothing --shared ../shared

Plays the six clips of one person through MediaPipe's mode for several people, which smooths
nothing, and prints of it, of the same through :class:`realtime.tracks.Smoother`, and of MediaPipe's
mode for one person, which has a smoothing of its own:

* trembling: mean second difference of joints while they are at rest (slower than 0.1 m/s), mm;
* lag: milliseconds that the wrists, as to the pelvis, are behind the unsmoothed ones, by the shift
  that fits best (a clip in which they go less than 0.2 m says nothing of it);
* range: how far the wrists go, over how far they go unsmoothed.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.footage import fitted
from benchmarks.people.__main__ import _frames
from realtime.frames import BodyFrame
from realtime.poses import PoseEstimator
from realtime.tracks import Smoother, Tracker
from train.skeletons.joints import INDEX

Joints = NDArray[np.float32]
_WRISTS = [INDEX["WristLeft"], INDEX["WristRight"]]
_REST = 0.1  # metres per second
_WIDE = 9  # frames over which positions are averaged to see who is at rest
_FAR = 0.2  # metres


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for clip in sorted((options.shared / "data/video").glob("*.mp4")):
        ways, times = _play(clip)
        rough = ways["several, as it comes"]
        for name, joints in ways.items():
            figures = (
                _trembling(joints, ways["one, by MediaPipe"], times),
                *_lag(joints, rough, times),
            )
            rows.setdefault(name, []).append(figures)
    print(f"{'people looked for':26}{'trembling mm':>14}{'lag ms':>10}{'worst':>8}{'range':>8}")
    for name, figures in rows.items():
        trembling, lag, reach = np.array(figures).T
        print(
            f"{name:26}{trembling.mean():14.1f}{np.nanmean(lag):10.0f}{np.nanmax(lag):8.0f}"
            f"{np.nanmean(reach):8.2f}"
        )


def _play(clip: Path) -> tuple[dict[str, Joints], NDArray[np.float64]]:
    """Joints (T, 25, 3) by way, and times (T,) seconds."""
    names = ("several, as it comes", "several, smoothed by us", "one, by MediaPipe")
    ways: dict[str, list[Joints]] = {name: [] for name in names}
    times = []
    tracker, smoother = Tracker(), Smoother()
    with PoseEstimator(max_people=2) as several, PoseEstimator() as one:
        several._crowd.several = lambda time: True  # type: ignore[method-assign]
        for frame in _frames(clip):
            frame = replace(frame, image=fitted(frame.image))
            rough = tracker(several(frame))
            found: list[BodyFrame] = [rough, smoother(rough), one(frame)]
            if all(len(bodies.bodies) == 1 for bodies in found):
                times.append(frame.time)
                for name, bodies in zip(names, found, strict=True):
                    ways[name].append(bodies.bodies[0].joints)
    return {name: np.stack(joints) for name, joints in ways.items()}, np.array(times)


def _trembling(joints: Joints, calm: Joints, times: NDArray[np.float64]) -> float:
    """Millimetres; who is at rest is told from ``calm``."""
    even = np.ones(_WIDE) / _WIDE
    mean = np.apply_along_axis(lambda path: np.convolve(path, even, "same"), 0, calm)
    speed = np.linalg.norm(np.gradient(mean, times, axis=0), axis=-1)
    rest = (speed < _REST)[_WIDE:-_WIDE]
    second = np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1)[_WIDE - 1 : 1 - _WIDE]
    return float(second[rest].mean()) * 1e3


def _lag(joints: Joints, rough: Joints, times: NDArray[np.float64]) -> tuple[float, float]:
    """Milliseconds and share of the range; NaN where the wrists hardly move."""
    path, given = ((x[:, _WRISTS] - x[:, :1]).reshape(len(times), -1) for x in (joints, rough))
    if np.ptp(given, axis=0).max() < _FAR:
        return np.nan, np.nan
    shifts = np.arange(-0.04, 0.3, 0.004)

    def off(shift: float) -> float:
        columns = [np.interp(times - shift, times, column) for column in given.T]
        return float(((np.stack(columns, 1) - path)[_WIDE:-_WIDE] ** 2).sum())

    lag = shifts[int(np.argmin([off(shift) for shift in shifts]))] * 1e3
    return float(lag), float(np.ptp(path, axis=0).max() / np.ptp(given, axis=0).max())


if __name__ == "__main__":
    main()

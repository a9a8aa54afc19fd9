"""Ids that people keep while they cross, and people who are not there.

    python -m benchmarks.people --shared ../shared [--plain] [--every 1]

Films scenes of two people made of single-person clips (see ``scenes.py``), so that the truth about
every picture is known, and the clip of three people, of which it is known that there are three. For
each it prints

* switches: how often somebody's id is another than when they were last seen, and how often it still
  is once both stand apart (the last column is what matters to windows and actions);
* ghosts: bodies that are nobody, or somebody a second time, over all bodies;
* missed: people of whom more than half is visible and who have no body, over all such people.

``--plain`` runs MediaPipe's own mode for several people with its usual options instead, its answers
given ids by the same tracker: the reference that the rest is held against.
"""

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.people.scenes import HEIGHT, SCENES, WIDTH, Shot, shots
from realtime.frames import BodyFrame, VideoFrame
from realtime.poses import PoseEstimator
from realtime.tracks import Tracker

NEAR = 0.12  # body heights that a body's joints may be off its person's on average
APART = 0.3  # body heights between people who stand apart


@dataclass
class Score:
    """Counts over the pictures of a scene."""

    switches: int = 0
    lasting: int = 0
    ghosts: int = 0
    bodies: int = 0
    missed: int = 0
    people: int = 0
    ids: set[int] = field(default_factory=set)
    _last: dict[int, int] = field(default_factory=dict)
    _apart: dict[int, int] = field(default_factory=dict)

    def add(self, found: BodyFrame, shot: Shot) -> None:
        """Hold one picture's bodies against the truth."""
        square = np.array((WIDTH / HEIGHT, 1.0))
        truth = shot.poses * square
        sizes = np.ptp(truth[:, :, 1], axis=1)
        seen = [body.pixels * square for body in found.bodies if body.pixels is not None]
        off = np.array(
            [
                [np.linalg.norm(b - t, axis=1).mean() / s for b in seen]
                for t, s in zip(truth, sizes, strict=True)
            ]
        ).reshape(len(truth), len(seen))
        pairs = zip(*linear_sum_assignment(off), strict=True)
        match = {int(p): int(b) for p, b in pairs if off[p, b] < NEAR}
        middles = truth[:, :, 0].mean(axis=1)
        apart = len(truth) < 2 or np.ptp(middles) > APART * sizes.mean()
        self.ghosts += len(seen) - len(match)
        self.bodies += len(seen)
        self.ids |= {body.track for body in found.bodies}
        for person, visible in enumerate(shot.visible):
            self.people += visible > 0.5
            if person not in match:
                self.missed += visible > 0.5
                continue
            track = found.bodies[match[person]].track
            self.switches += self._last.get(person, track) != track
            self._last[person] = track
            if apart:
                self.lasting += self._apart.get(person, track) != track
                self._apart[person] = track


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--every", type=int, default=1, help="use each so many-th picture")
    parser.add_argument("--plain", action="store_true", help="MediaPipe's usual options instead")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    folder = options.shared / "data/video"
    make: Callable[[int], Any] = _plain if options.plain else lambda n: PoseEstimator(max_people=n)
    print(f"{'scene':24}{'switches':>9}{'lasting':>9}{'ghosts':>10}{'missed':>10}{'ids':>5}")
    for scene in SCENES:
        score = Score()
        tracker = Tracker()
        with make(2) as estimate:
            for shot in shots(scene, folder, options.every):
                score.add(tracker(estimate(shot.frame)), shot)
        print(
            f"{scene.name:24}{score.switches:9}{score.lasting:9}"
            f"{score.ghosts:5}/{score.bodies:<4}{score.missed:5}/{score.people:<4}"
            f"{len(score.ids):5}",
            flush=True,
        )
    _three(make, folder / "three_people_exercise.avi")
    _cost(folder / "right_hand_wave.mp4")


def _plain(people: int) -> Any:
    """The estimator as MediaPipe's own options would have it."""
    with patch.multiple("realtime.poses.landmarker", _DETECTION=1.0, _OVERLAP=0.5):
        estimator = PoseEstimator(max_people=people)
    estimator._crowd.several = lambda time: True  # type: ignore[method-assign]
    return estimator


def _three(make: Callable[[int], Any], path: Path) -> None:
    tracker, counts = Tracker(), [0] * 4
    tracks: dict[int, int] = {}
    with make(3) as estimate:
        for frame in _frames(path):
            bodies = tracker(estimate(frame)).bodies
            counts[len(bodies)] += 1
            for body in bodies:
                tracks[body.track] = tracks.get(body.track, 0) + 1
    print(
        f"three people: frames with 0, 1, 2, 3 bodies {counts}; frames by id {tracks}", flush=True
    )


def _cost(path: Path) -> None:
    """Processor time per frame, one person in view, by how many are looked for."""
    frames = list(_frames(path))[:75]
    spent = {}
    for people in (1, 2):
        with PoseEstimator(max_people=people) as estimate:
            for frame in frames[:5]:
                estimate(frame)
            began = time.process_time()
            for frame in frames[5:]:
                estimate(frame)
            spent[people] = (time.process_time() - began) / (len(frames) - 5) * 1e3
    print(
        f"one person in view, processor time a frame: {spent[1]:.1f} ms looking for one, "
        f"{spent[2]:.1f} ms for two, ratio {spent[2] / spent[1]:.2f}"
    )


def _frames(path: Path) -> Iterable[VideoFrame]:
    capture = cv2.VideoCapture(str(path))
    fps = capture.get(cv2.CAP_PROP_FPS)
    index = 0
    while True:
        good, picture = capture.read()
        if not good:
            return
        yield VideoFrame(picture, index, index / fps, 0.0)
        index += 1


if __name__ == "__main__":
    main()

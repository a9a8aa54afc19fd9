"""The real model on people who cross, stand together and are shown in part."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmarks.people.__main__ import Score
from benchmarks.people.scenes import SCENES, shots
from realtime.frames import Body, VideoFrame
from realtime.poses import PoseEstimator
from realtime.poses.crowd import Crowd
from realtime.poses.people import distance, real_people
from realtime.sources import open_source
from realtime.tracks import Smoother, Tracker

SCENE = {scene.name: scene for scene in SCENES}


def body(x, y=0.5, height=0.4, confidence=0.9):
    pixels = np.stack([np.full(25, x), np.linspace(y - height / 2, y + height / 2, 25)], 1)
    return Body(np.zeros((25, 3), np.float32), pixels.astype(np.float32), confidence)


def test_of_two_poses_on_each_other_the_surer_one_is_kept():
    unsure, sure, other = body(0.5, confidence=0.7), body(0.51), body(0.7)
    assert real_people([unsure, sure, other], 9 / 16) == [sure, other]


def test_who_has_no_shoulders_in_the_picture_is_a_ghost():
    legs = body(0.5, y=-0.3)
    assert real_people([legs, body(0.2)], 1.0) != [legs]
    assert len(real_people([legs, body(0.2)], 1.0)) == 1


def test_distance_is_counted_in_body_sizes_of_a_square_picture():
    assert distance(body(0.3), body(0.5), aspect=0.5) == pytest.approx(0.2 / 0.2)
    assert distance(body(0.3), body(0.5), aspect=1.0) == pytest.approx(0.2 / 0.4)


def test_others_are_looked_for_now_and_then_and_all_the_time_while_there_are_some():
    crowd, looks = Crowd(2), []
    for picture in range(100):
        looks.append(crowd.look(picture / 25))
        crowd.saw(1, picture / 25)
    assert 0.04 <= np.mean(looks) <= 0.12
    crowd.saw(2, 4.0)
    assert crowd.several(6.9)
    assert not crowd.several(7.1)
    assert not any(Crowd(1).look(t / 25) for t in range(50))


@pytest.mark.parametrize("scene", ["crossing", "crossing slowly"])
def test_people_who_cross_keep_their_ids(scene, shared, assembled, monkeypatch):
    monkeypatch.setenv("PGFA_CACHE", str(assembled.parent))
    score, tracker = Score(), Tracker()
    with PoseEstimator(assembled, max_people=2) as estimate:
        for shot in shots(SCENE[scene], shared / "data/video", every=2):
            score.add(tracker(estimate(shot.frame)), shot)
    assert score.people > 60
    assert score.lasting == 0
    assert score.ids == {0, 1}
    assert score.ghosts <= 1
    assert score.missed < 0.15 * score.people


def test_small_people_beside_another_are_found_and_keep_their_ids(shared, assembled):
    capture = cv2.VideoCapture(str(shared / "data/video/three_people_exercise.avi"))
    tracker, seen = Tracker(), []
    with PoseEstimator(assembled, max_people=3) as estimate:
        for index in range(60):
            picture = capture.read()[1]
            frame = tracker(estimate(VideoFrame(picture, index, index / 10, 0.0)))
            seen.append(tuple(sorted(body.track for body in frame.bodies)))
    assert min(len(ids) for ids in seen[40:]) >= 2  # a third of the picture's height, and less
    assert len(set(seen[40:])) == 1


def test_legs_alone_are_nobody(shared, assembled):
    capture = cv2.VideoCapture(str(shared / "data/video/left_hand_push.mp4"))
    with PoseEstimator(assembled, max_people=2) as estimate:
        for index in range(10):
            legs = np.ascontiguousarray(capture.read()[1][500:, 300:880])
            assert estimate(VideoFrame(legs, index, index / 10, 0.0)).bodies == ()


def trembling(joints):
    """Mean second difference over time."""
    return float(np.linalg.norm(np.diff(np.array(joints), 2, axis=0), axis=-1).mean())


def test_joints_of_the_mode_for_several_people_are_smoothed_by_us(shared, assembled):
    smoother, before, after = Smoother(), [], []
    path = str(shared / "data/video/right_hand_wave.mp4")
    with PoseEstimator(assembled, max_people=2) as estimate, open_source(path) as source:
        estimate._crowd.saw(2, 0.0)  # somebody was there a moment ago
        for frame in source:
            rough = estimate(frame)
            calm = smoother(rough)
            assert [body.rough for body in rough.bodies] == [True]
            before.append(rough.bodies[0].joints)
            after.append(calm.bodies[0].joints)
            if len(before) == 40:
                break
        later = estimate(replace(frame, time=4.0))
        assert [body.rough for body in later.bodies] == [False]
    assert trembling(after) < 0.6 * trembling(before)

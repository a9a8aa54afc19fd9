import numpy as np
import pytest

from realtime.recogniser.motion import distance, limbs, motion, posture
from train.skeletons.joints import INDEX

ARM = [INDEX[name] for name in ("ShoulderLeft", "ElbowLeft", "WristLeft")]


def body(frames=60, fps=30.0, tremble=0.0):
    rng = np.random.default_rng(0)
    joints = np.tile(rng.normal(0, 0.3, (1, 1, 25, 3)), (frames, 1, 1, 1))
    joints += rng.normal(0, tremble, joints.shape)
    return joints.astype(np.float32), np.arange(frames) / fps


def test_a_limb_at_one_metre_per_second_is_one_metre_per_second():
    joints, times = body()
    joints[:, 0, ARM, 1] += times[:, None]
    assert motion(joints, times) == pytest.approx(1.0, rel=0.1)


def test_the_rate_of_frames_does_not_count():
    speeds = []
    for fps in (12.0, 25.0, 60.0):
        joints, times = body(int(2 * fps), fps)
        joints[:, 0, ARM, 1] += times[:, None]
        speeds.append(motion(joints, times))
    np.testing.assert_allclose(speeds, 1.0, rtol=0.25)


def test_trembling_and_drift_are_not_movement():
    joints, times = body(tremble=0.015)
    joints += 0.5 * times[:, None, None, None]  # the whole body, as an unsure depth moves it
    assert motion(joints, times) < 0.15


def test_only_the_latest_moments_count():
    joints, times = body()
    joints[:30, 0, ARM, 1] += times[:30, None]
    joints[30:, 0, ARM, 1] += times[30]
    assert motion(joints, times) < 0.05


def test_joints_and_bodies_that_are_away_do_no_harm():
    joints, times = body()
    joints[:, 0, INDEX["AnkleLeft"]] = np.nan
    joints[50:, 0, INDEX["WristLeft"]] = np.nan
    assert motion(joints, times) < 0.01
    assert motion(np.full_like(joints, np.nan), times) == 0.0
    assert motion(joints[:1], times[:1]) == 0.0


def test_limbs_say_where_they_are_and_how_fast_they_were():
    joints, times = body()
    rest = posture(joints)
    joints[:, 0, ARM, 1] += np.interp(times, (1.0, 1.7), (0.0, 1.0))[:, None]
    now = limbs(joints, times)  # up since 0.3 s, at 1.4 m/s before
    assert distance(now.places, rest) == pytest.approx(1.0, abs=0.01)
    assert now.speed < 0.3
    assert now.peak == pytest.approx(1 / 0.7, rel=0.15)
    short = limbs(joints[times > 1.75], times[times > 1.75])
    assert short.peak <= now.peak


def test_trembling_is_no_speed_of_limbs():
    joints, times = body(tremble=0.005)
    assert limbs(joints, times).peak < 0.15


def test_limbs_that_are_not_seen_are_as_near_and_as_slow_as_can_be():
    joints, times = body()
    rest = posture(joints)
    joints[30:, 0, ARM] = np.nan
    joints[:, 0, INDEX["AnkleLeft"]] += 0.5 * times[:, None]
    now = limbs(joints, times)
    assert np.isnan(now.places).any(axis=1).sum() == len(ARM)
    assert np.isfinite([now.speed, now.peak, distance(now.places, rest)]).all()
    nobody = limbs(np.full_like(joints, np.nan), times)
    assert nobody.speed == nobody.peak == 0.0

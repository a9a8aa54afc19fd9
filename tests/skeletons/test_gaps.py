"""Joints that were lost for a while."""

import numpy as np

from train.skeletons.gaps import fill_joints
from train.skeletons.joints import INDEX, SPINE_SHOULDER

TIMES = np.arange(60) / 30
WRIST, ELBOW, HAND = INDEX["WristLeft"], INDEX["ElbowLeft"], INDEX["HandLeft"]


def line() -> np.ndarray:
    """One body whose joints all move at constant speed, each at its own."""
    speed = np.random.default_rng(0).normal(size=(25, 3))
    start = np.random.default_rng(1).normal(size=(25, 3))
    return (start + TIMES[:, None, None] * speed)[:, None].astype(np.float32)


def test_a_short_gap_is_linear_in_time() -> None:
    whole = line()
    torn = whole.copy()
    torn[20:30, 0, WRIST] = np.nan
    np.testing.assert_allclose(fill_joints(torn, TIMES, 0.5), whole, atol=1e-5)
    assert np.isnan(torn).any(), "the input is left alone"


def test_a_long_gap_keeps_the_offset_from_the_joint_it_hangs_from() -> None:
    torn = line()
    torn[20:, 0, WRIST] = np.nan
    filled = fill_joints(torn, TIMES, 0.5)
    kept = torn[19, 0, WRIST] - torn[19, 0, ELBOW]
    np.testing.assert_allclose(
        filled[20:, 0, WRIST] - torn[20:, 0, ELBOW], kept[None] + np.zeros((40, 1)), atol=1e-5
    )


def test_a_joint_that_is_never_seen_lies_on_its_parent() -> None:
    torn = line()
    torn[:, 0, [HAND, WRIST]] = np.nan
    filled = fill_joints(torn, TIMES, 0.5)
    for joint in (HAND, WRIST):
        np.testing.assert_allclose(filled[:, 0, joint], torn[:, 0, ELBOW], atol=1e-6)


def test_a_lost_spine_is_bridged_however_long_it_is_away() -> None:
    whole = line()
    torn = whole.copy()
    torn[5:55, 0, SPINE_SHOULDER] = np.nan
    np.testing.assert_allclose(fill_joints(torn, TIMES, 0.1), whole, atol=1e-5)
    torn[:, 0, SPINE_SHOULDER] = np.nan
    middle = np.nanmean(torn[:, 0], axis=1)
    filled = fill_joints(torn, TIMES, 0.1)
    np.testing.assert_allclose(filled[:, 0, SPINE_SHOULDER], middle, atol=1e-5)


def test_an_absent_body_stays_absent() -> None:
    two = np.concatenate([line(), line()], axis=1)
    two[10:40, 1] = np.nan
    two[45, 1, WRIST] = np.nan
    filled = fill_joints(two, TIMES, 5.0)
    assert np.isnan(filled[10:40, 1]).all()
    assert np.isfinite(filled[:10, 1]).all() and np.isfinite(filled[40:, 1]).all()

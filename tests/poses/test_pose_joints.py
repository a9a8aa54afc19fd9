"""33 landmarks to 25 joints: units, axes, sides."""

import numpy as np
import pytest

from realtime.poses.kinect import BLEND, blend, to_ntu25
from train.skeletons.joints import INDEX, MIRROR, NTU_25

# Left and right landmarks change places; the nose stays.
SWAP = [0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9] + [i + 1 if i % 2 else i - 1 for i in range(11, 33)]


def standing():
    """A person who faces the camera, arms hanging, in MediaPipe's axes (x right, y down)."""
    marks = np.zeros((33, 3))
    marks[:11] = [0.0, -0.65, -0.15]
    for side, x in ((0, 1.0), (1, -1.0)):  # the person's left is right in the picture
        for mark, point in {
            7: (0.07, -0.65, 0.0),
            11: (0.17, -0.5, 0.0),
            13: (0.2, -0.25, 0.0),
            15: (0.2, 0.0, 0.0),
            17: (0.2, 0.08, -0.02),
            19: (0.2, 0.08, 0.02),
            21: (0.17, 0.04, 0.0),
            23: (0.1, 0.0, 0.0),
            25: (0.1, 0.4, 0.0),
            27: (0.1, 0.8, 0.0),
            29: (0.1, 0.85, 0.04),
            31: (0.1, 0.87, -0.1),
        }.items():
            marks[mark + side] = np.array(point) * [x, 1.0, 1.0]
    return marks


def test_joints_move_with_the_landmarks():
    rng = np.random.default_rng(0)
    marks, shift = rng.normal(size=(33, 3)), np.array([0.3, -2.0, 5.0])
    np.testing.assert_allclose(blend(marks + shift), blend(marks) + shift, atol=1e-12)
    np.testing.assert_allclose(to_ntu25(3.0 * marks), 3.0 * to_ntu25(marks), atol=1e-12)


def test_any_leading_shape_is_the_same_as_one_by_one():
    marks = np.random.default_rng(1).normal(size=(2, 4, 33, 3))
    joints = to_ntu25(marks)
    assert joints.shape == (2, 4, 25, 3)
    np.testing.assert_allclose(joints[1, 2], to_ntu25(marks[1, 2]), atol=1e-12)


def test_up_is_up_and_left_is_kinects_left():
    joints = to_ntu25(standing())
    at = {name: joints[index] for name, index in INDEX.items()}
    heights = [at[n][1] for n in ("Head", "Neck", "SpineShoulder", "SpineMid", "SpineBase")]
    assert heights == sorted(heights, reverse=True)
    legs = [at[n][1] for n in ("HipLeft", "KneeLeft", "AnkleLeft", "FootLeft")]
    assert legs == sorted(legs, reverse=True)
    arm = [at[n][1] for n in ("ElbowLeft", "WristLeft", "HandLeft", "HandTipLeft")]
    assert arm == sorted(arm, reverse=True)
    for name in NTU_25:  # NTU: who faces the sensor has the left side at smaller x
        if "Left" in name:
            assert at[name][0] < 0 < at[name.replace("Left", "Right")][0], name
    assert at["FootLeft"][2] < at["AnkleLeft"][2]  # toes towards the camera: nearer
    assert np.linalg.norm(at["Head"] - at["SpineBase"]) == pytest.approx(0.65, abs=0.05)  # metres


def test_the_two_sides_are_treated_alike():
    marks = np.random.default_rng(2).normal(size=(33, 3))
    np.testing.assert_allclose(blend(marks[SWAP]), blend(marks)[list(MIRROR)], atol=1e-12)


def test_unblended_joints_are_the_landmarks_themselves():
    for name, mark in (
        ("ElbowLeft", 13),
        ("ElbowRight", 14),
        ("WristLeft", 15),
        ("WristRight", 16),
    ):
        expected = np.zeros(33)
        expected[mark] = 1.0
        np.testing.assert_array_equal(BLEND[INDEX[name]], expected)


def test_the_blend_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        BLEND[0, 0] = 1.0

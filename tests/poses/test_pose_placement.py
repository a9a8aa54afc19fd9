"""A body goes back to where a pinhole camera saw it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.poses.placement import locate


def project(points, fov, aspect):
    """What a pinhole camera sees, written out: x to the sensor's left is left in the picture."""
    focal = 0.5 / np.tan(np.radians(fov) / 2)
    x, y, z = points.T
    return np.stack([0.5 - focal * x / z, 0.5 - focal * y / z / aspect], axis=1)


@settings(deadline=None, max_examples=50)
@given(
    st.floats(-1.5, 1.5),
    st.floats(-1.0, 1.0),
    st.floats(2.0, 8.0),
    st.floats(40.0, 100.0),
    st.sampled_from([9 / 16, 3 / 4, 1.0, 16 / 9]),
    st.integers(0, 99),
)
def test_the_place_is_found(x, y, z, fov, aspect, seed):
    body = np.random.default_rng(seed).uniform(-0.5, 0.5, (33, 3))
    place = np.array([x, y, z])
    image = project(body + place, fov, aspect)
    found = locate(body, image, np.ones(33), aspect=aspect, horizontal_fov=fov)
    np.testing.assert_allclose(found, place, atol=1e-8)


def test_what_is_not_seen_does_not_count():
    body = np.random.default_rng(0).uniform(-0.5, 0.5, (33, 3))
    image = project(body + np.array([0.2, 0.1, 3.0]), 60, 0.75)
    image[20:] = 0.9  # guesses outside the picture
    weights = np.where(np.arange(33) < 20, 1.0, 0.0)
    found = locate(body, image, weights, aspect=0.75, horizontal_fov=60)
    np.testing.assert_allclose(found, [0.2, 0.1, 3.0], atol=1e-8)


@pytest.mark.parametrize(
    ("body", "image", "weights"),
    [
        pytest.param(np.zeros((33, 3)), np.full((33, 2), 0.5), np.ones(33), id="a point"),
        pytest.param(np.full((33, 3), np.nan), np.full((33, 2), 0.5), np.ones(33), id="nan"),
        pytest.param(np.ones((33, 3)), np.full((33, 2), 0.5), np.zeros(33), id="unseen"),
    ],
)
def test_no_place_is_none(body, image, weights):
    assert locate(body, image, weights, aspect=1.0, horizontal_fov=60) is None


def test_nobody_stands_behind_the_camera():
    body = np.random.default_rng(3).uniform(-0.5, 0.5, (33, 3))
    image = project(body + np.array([0.0, 0.0, -3.0]), 60, 1.0)
    assert locate(body, image, np.ones(33), aspect=1.0, horizontal_fov=60) is None

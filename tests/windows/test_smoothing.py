import numpy as np
import pytest

from realtime.frames import Body, BodyFrame
from realtime.tracks import Smoother
from realtime.tracks.smoothing import OneEuro


def trembling(points):
    """Mean second difference along the first axis."""
    return float(np.linalg.norm(np.diff(points, 2, axis=0), axis=-1).mean())


def smoothed(bodies, fps=25.0):
    smoother = Smoother()
    return [
        smoother(BodyFrame((body,), i, i / fps, 0.0)).bodies[0] for i, body in enumerate(bodies)
    ]


def around(place, noise=0.0, rng=None, **values):
    joints = np.random.default_rng(1).normal(0, 0.4, (25, 3)) + place
    if rng is not None:
        joints = joints + rng.normal(0, noise, (25, 3))
    return Body(joints.astype(np.float32), **{"track": 0, "rough": True, **values})


def test_who_stands_still_stops_trembling_and_stays_in_place():
    rng = np.random.default_rng(0)
    raw = [around((0, 0, 3), 0.01, rng) for _ in range(100)]
    before = np.stack([body.joints for body in raw])
    after = np.stack([body.joints for body in smoothed(raw)])
    assert trembling(after[20:]) < 0.4 * trembling(before[20:])
    np.testing.assert_allclose(after[20:].mean(0), before.mean(0), atol=0.005)


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_a_fast_hand_is_not_held_back(fps):
    """Three metres a second: the filter may be no more than a few hundredths of a second late."""
    places = np.array([(3.0 * max(0.0, i / fps - 1), 0, 3) for i in range(2 * fps)])
    smooth = OneEuro()
    path = np.array([smooth(place[None], 1 / fps)[0] for place in places])
    late = (places - path)[-1, 0] / 3.0
    assert 0 < late < 0.02


def test_what_is_smooth_already_is_left_alone_and_the_rest_goes_on_from_it():
    rng = np.random.default_rng(0)
    smooth = [around((0, 0, 3), rough=False) for _ in range(20)]
    rough = [around((0, 0, 3), 0.01, rng) for _ in range(20)]
    out = smoothed([*smooth, *rough])
    for given, taken in zip(smooth, out, strict=False):
        assert taken is given
    step = np.linalg.norm(out[20].joints - out[19].joints, axis=1).mean()
    assert step < 0.5 * np.linalg.norm(rough[0].joints - smooth[-1].joints, axis=1).mean()
    assert not any(body.rough for body in out)  # so that a recording is not smoothed twice


def test_joints_come_and_go():
    rng = np.random.default_rng(0)
    bodies = [around((0, 0, 3), 0.01, rng) for _ in range(30)]
    for body in bodies[10:20]:
        body.joints[6] = np.nan
    out = smoothed(bodies)
    assert all(np.isnan(body.joints[6]).all() for body in out[10:20])
    arm, given = ((b.joints[6] - b.joints[0]) for b in (out[20], bodies[20]))
    np.testing.assert_allclose(
        arm, given, atol=1e-6
    )  # from where it is back, not from where it was
    assert all(np.isfinite(body.joints).all() for body in [*out[:10], *out[20:]])


def test_people_have_filters_of_their_own_and_begin_anew_when_they_were_gone():
    smoother = Smoother()
    first = smoother(BodyFrame((around((0, 0, 3)), around((2, 0, 3), track=1)), 0, 0.0, 0.0))
    np.testing.assert_allclose(first.bodies[1].joints, around((2, 0, 3)).joints, atol=1e-6)
    later = smoother(BodyFrame((around((1, 0, 3)),), 1, 2.0, 0.0))
    np.testing.assert_allclose(later.bodies[0].joints, around((1, 0, 3)).joints, atol=1e-6)

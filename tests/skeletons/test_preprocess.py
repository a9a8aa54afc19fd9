"""The preparation chain: parity with the published one, and what ours promises."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bank.errors import InputError
from train.skeletons.joints import SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_SHOULDER
from train.skeletons.preprocess import Preprocessing

Arrays = tuple[NDArray[np.float32], NDArray[np.float64]]

POSE = np.random.default_rng(0).normal(0, [0.3, 0.5, 0.1], (25, 3)).astype(np.float32)
POSE[SPINE_SHOULDER] = [0, 0.4, 0]
POSE[SHOULDER_LEFT], POSE[SHOULDER_RIGHT] = [-0.2, 0.4, 0], [0.2, 0.4, 0]


def moving(times: NDArray[np.float64], *, bodies: int = 1, place: float = 0.0) -> Arrays:
    """Bodies that sway smoothly as a function of time, whatever the frame rate."""
    angle = 2 * np.pi * np.asarray(times)[:, None, None]
    joint = np.arange(25)[:, None]
    sway = 0.05 * np.sin(0.4 * angle + joint + [0, 1, 2])
    sway[:, [SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_SHOULDER]] = 0
    body = POSE + sway + [place, 0, 3]
    joints = np.stack([body + np.array([m, 0, 0]) for m in range(bodies)], axis=1)
    return joints.astype(np.float32), np.asarray(times, np.float64)


def turned(joints: NDArray[np.float32], angle: NDArray[np.float64]) -> NDArray[np.float32]:
    """The same bodies turned about the vertical by ``angle`` (T,) radians."""
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    x, y, z = np.moveaxis(joints, -1, 0)
    return np.stack([cos * x - sin * z, y, sin * x + cos * z], axis=-1).astype(np.float32)


def read_plainly(path: Path) -> Arrays:
    """The first two bodies of each frame of an NTU ``.skeleton`` file, in file order."""
    lines = iter(path.read_text().splitlines())
    frames = int(next(lines))
    joints = np.full((frames, 2, 25, 3), np.nan, np.float32)
    for frame in range(frames):
        for body in range(int(next(lines))):
            next(lines)
            rows = [next(lines).split()[:3] for _ in range(int(next(lines)))]
            if body < 2:
                joints[frame, body] = np.array(rows, np.float32)
    return joints, np.arange(frames) / 30


def test_published_style_equals_the_published_arrays(shared: Path) -> None:
    parity = np.load(shared / "reference" / "preprocess_parity.npz")
    clips = [read_plainly(shared / "data" / "ntu_samples" / name) for name in parity["files"]]
    prepared = Preprocessing(style="published")(clips)
    assert prepared.x.shape == parity["expected"].shape
    assert np.abs(prepared.x - parity["expected"]).max() < 1e-4
    two = [name[16:20] in ("A050", "A058") for name in parity["files"]]
    assert prepared.present.tolist() == [[True, both] for both in two]


@pytest.mark.parametrize(
    "chain",
    [
        Preprocessing(),
        Preprocessing(order_bodies="motion", seconds=1.5),
        Preprocessing(style="published"),
    ],
    ids=["default", "by motion", "published"],
)
def test_a_batch_equals_its_clips_one_by_one(chain: Preprocessing) -> None:
    rng = np.random.default_rng(1)
    clips = []
    for index in range(150):
        joints, times = moving(np.arange(rng.integers(1, 90)) / 30, bodies=1 + index % 3)
        joints[rng.random(joints.shape[:2]) < 0.1] = np.nan
        joints[0, 0] = POSE
        joints[rng.random(joints.shape[:3]) < (0.05 if index % 5 == 0 else 0)] = np.nan
        clips.append((joints, times))
    together = chain(clips)
    assert np.isfinite(together.x).all()
    for index, clip in enumerate(clips):
        alone = chain([clip])
        np.testing.assert_allclose(together.x[index], alone.x[0], atol=1e-6)
        assert (together.present[index] == alone.present[0]).all()


def test_a_window_of_a_longer_recording_equals_the_cut_clip() -> None:
    joints, times = moving(np.sort(np.random.default_rng(2).uniform(0, 20, 600)))
    joints[100:110, 0] = np.nan  # away for a moment inside the window
    joints[150, 0, 7] = np.nan
    window = slice(90, 220)
    clip = joints[window].copy(), times[window] - times[90]
    live = joints[window], times[window] + 54321.0
    chain = Preprocessing()
    np.testing.assert_allclose(chain([live]).x, chain([clip]).x, atol=1e-5)
    # ... and what happened before and after the window plays no part.
    changed = joints.copy()
    changed[:90] = changed[220:] = 9.0
    np.testing.assert_array_equal(chain([(changed[window], times[window])]).x, chain([live]).x)


@pytest.mark.parametrize("rate", [12.0, 25.0, 60.0])
def test_the_frame_rate_plays_no_part(rate: float) -> None:
    chain = Preprocessing()
    usual = chain([moving(np.arange(0, 61) / 30)])
    other = chain([moving(np.linspace(0, 2, round(2 * rate) + 1))])
    assert np.abs(usual.x - other.x).max() < 2e-3


def test_uneven_time_stamps_are_respected() -> None:
    rng = np.random.default_rng(3)
    uneven = np.concatenate([[0], np.sort(rng.uniform(0, 2, 200)), [2]])
    chain = Preprocessing()
    even = chain([moving(np.linspace(0, 2, 202))])
    assert np.abs(chain([moving(uneven)]).x - even.x).max() < 2e-3
    by_number = Preprocessing(style="published")
    assert (
        np.abs(by_number([moving(uneven)]).x - by_number([moving(np.linspace(0, 2, 202))]).x).max()
        > 5e-3
    )


def test_idle_ends_without_body_0_are_dropped() -> None:
    joints, times = moving(np.arange(60) / 30)
    padded = np.full((100, 1, 25, 3), np.nan, np.float32)
    padded[20:80] = joints
    chain = Preprocessing()
    np.testing.assert_allclose(
        chain([(padded, np.arange(100) / 30)]).x, chain([(joints, times)]).x, atol=1e-5
    )


def test_short_absence_is_bridged_and_long_absence_is_absence() -> None:
    joints, times = moving(np.arange(121) / 30)
    chain = Preprocessing(max_gap_s=0.5)
    whole = chain([(joints, times)])
    short = joints.copy()
    short[50:60] = np.nan
    assert np.abs(chain([(short, times)]).x - whole.x).max() < 0.05
    assert (chain([(short, times)]).x != 0).any(axis=(1, 3, 4)).all()
    long = joints.copy()
    long[30:60] = np.nan
    empty = (chain([(long, times)]).x == 0).all(axis=(1, 3, 4))[0]
    moments = np.linspace(0, 4, 50)
    assert empty.tolist() == ((moments > 29 / 30) & (moments < 60 / 30)).tolist()


def test_an_absent_second_body_is_marked_and_zero() -> None:
    alone, both = moving(np.arange(40) / 30), moving(np.arange(40) / 30, bodies=2)
    late = both[0].copy(), both[1]
    late[0][:20, 1] = np.nan
    never = both[0].copy(), both[1]
    never[0][:, 1] = np.nan
    prepared = Preprocessing()([alone, both, late, never])
    assert prepared.present.tolist() == [[True, False], [True, True], [True, True], [True, False]]
    assert (prepared.x[[0, 3], ..., 1] == 0).all()
    assert (prepared.x[2, :, :24, :, 1] == 0).all()
    assert (prepared.x[2, :, 26:, :, 1] != 0).any(axis=(0, 2)).all()


def test_nobody_gives_zeros_not_an_error() -> None:
    nothing = np.full((5, 2, 25, 3), np.nan, np.float32), np.arange(5.0)
    for style in ("default", "published"):
        prepared = Preprocessing(style=style)([nothing])  # type: ignore[arg-type]
        assert not prepared.present.any()
        assert (prepared.x == 0).all()
    assert Preprocessing()([]).x.shape == (0, 3, 50, 25, 2)


def test_every_body_is_centred_and_faces_the_same_way() -> None:
    joints, times = moving(np.arange(90) / 30, bodies=2, place=1.5)
    x = Preprocessing()([(turned(joints, np.linspace(0, 2 * np.pi, 90)), times)]).x[0]
    assert np.abs(x[:, :, SPINE_SHOULDER]).max() == 0
    line = x[:, :, SHOULDER_RIGHT] - x[:, :, SHOULDER_LEFT]
    assert (line[0] > 0.3).all()
    assert np.abs(line[2]).max() < 1e-5


@pytest.mark.parametrize("turn", [0.4, 1.5, 2.6, 3.1, 4.7, 6.0])
def test_where_the_camera_stands_plays_no_part(turn: float) -> None:
    joints, times = moving(np.arange(60) / 30)
    chain = Preprocessing()
    other = turned(joints, np.full(60, turn)) + np.float32([0.3, 1, 2])
    assert np.abs(chain([(other, times)]).x - chain([(joints, times)]).x).max() < 1e-5


def test_shoulders_that_coincide_take_the_direction_of_their_neighbours() -> None:
    joints, times = moving(np.arange(60) / 30)
    whole = Preprocessing()([(joints, times)]).x
    side = joints.copy()
    noise = np.random.default_rng(4).normal(0, 0.01, (20, 2, 3)) * [1, 0, 1]
    side[20:40, 0, [SHOULDER_LEFT, SHOULDER_RIGHT]] = side[20:40, 0, SPINE_SHOULDER, None] + noise
    x = Preprocessing()([(side, times)]).x
    others = [j for j in range(25) if j not in (SHOULDER_LEFT, SHOULDER_RIGHT)]
    assert np.abs(x[:, :, :, others] - whole[:, :, :, others]).max() < 0.03
    joints[:, 0, SHOULDER_LEFT] = joints[:, 0, SHOULDER_RIGHT]
    assert np.isfinite(Preprocessing()([(joints, times)]).x).all()


def test_seconds_keeps_the_speed() -> None:
    chain = Preprocessing(seconds=2.0, frames=61)
    long = chain([moving(np.arange(0, 121) / 30)])
    middle = chain([moving(np.arange(30, 91) / 30)])
    np.testing.assert_allclose(long.x, middle.x, atol=1e-5)
    short = chain([moving(np.arange(0, 31) / 30)]).x[0]
    np.testing.assert_allclose(short[:, :15], np.repeat(short[:, :1], 15, axis=1), atol=1e-6)
    assert np.abs(short[:, 15] - short[:, 45]).max() > 0.01


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    frames=st.integers(1, 20),
    bodies=st.integers(1, 4),
    lost=st.floats(0, 1),
    chain=st.sampled_from(
        [
            Preprocessing(),
            Preprocessing(style="published"),
            Preprocessing(order_bodies="motion"),
            Preprocessing(seconds=1.0, frames=7, bodies=1, max_gap_s=0.0),
            Preprocessing(frames=1, bodies=3),
        ]
    ),
)
def test_whatever_is_missing_the_result_is_finite(
    seed: int, frames: int, bodies: int, lost: float, chain: Preprocessing
) -> None:
    rng = np.random.default_rng(seed)
    joints = rng.normal(0, 1, (frames, bodies, 25, 3)).astype(np.float32)
    joints[rng.random(joints.shape[: rng.integers(1, 5)]) < lost] = np.nan
    joints[rng.random(joints.shape) < 0.01] = np.inf
    prepared = chain([(joints, np.cumsum(rng.uniform(1e-3, 1, frames)))])
    assert prepared.x.shape == (1, 3, chain.frames, 25, chain.bodies)
    assert np.isfinite(prepared.x).all()
    assert (prepared.x.transpose(0, 4, 1, 2, 3)[~prepared.present] == 0).all()


def test_options_survive_json_and_name_their_values() -> None:
    chain = Preprocessing(frames=64, order_bodies="motion", seconds=2.5)
    again = Preprocessing.from_dict(json.loads(json.dumps(chain.to_dict())))
    assert again == chain
    assert again.digest == chain.digest != Preprocessing().digest


@pytest.mark.parametrize(
    "options",
    [
        {"style": "fancy"},
        {"frames": 0},
        {"frames": 2.5},
        {"frames": True},
        {"bodies": -1},
        {"max_gap_s": float("nan")},
        {"max_gap_s": "long"},
        {"seconds": 0},
        {"order_bodies": "size"},
        {"style": "published", "order_bodies": "motion"},
        {"style": ["default"]},
        {"colour": "red"},
        ["frames"],
        None,
    ],
)
def test_impossible_options_are_refused(options: Any) -> None:
    with pytest.raises(InputError):
        Preprocessing.from_dict(options)


def test_shapes_that_do_not_fit_are_refused() -> None:
    joints, times = moving(np.arange(5) / 30)
    for wrong in ((joints[:, :, :20], times), (joints, times[:3]), (joints[:0], times[:0])):
        with pytest.raises(InputError):
            Preprocessing()([wrong])

"""Windows of two who stand near, held against what training makes of the same recordings."""

import numpy as np
import pytest

from realtime.replay import windows_of
from realtime.sources import open_source
from realtime.tracks import Tracker
from realtime.windows import Windower
from train.data.readers.skeleton_file import read_skeleton
from train.skeletons.preprocess import Preprocessing

HUG, WALK_APART = "S001C001P001R001A050", "S001C003P008R002A058"
CHAINS = [Preprocessing(), Preprocessing(style="published"), Preprocessing(seconds=2.0)]


def clip(shared, name=HUG):
    joints = read_skeleton(shared / f"data/ntu_samples/{name}.skeleton")
    return joints, np.arange(len(joints)) / 30


def last_windows(joints, times, **changes):
    """The last window of each person, as long as the recording."""
    length = times[-1] - times[0]
    windower = Windower(**{"length": length, "stride": 1e-3, "pairs": True, **changes})
    return {window.track: window for window in windows_of(joints, times, windower)}


def prepared(chain, joints, times):
    one = chain([(joints, times)])
    return one.x[0], one.present[0]


@pytest.mark.parametrize("name", [HUG, WALK_APART])
@pytest.mark.parametrize("chain", CHAINS, ids=["default", "published", "seconds"])
def test_a_pair_looks_as_the_clip_does_in_training(shared, chain, name):
    joints, times = clip(shared, name)
    windows = last_windows(joints, times)
    for track, order in ((0, [0, 1]), (1, [1, 0])):
        window = windows[track]
        assert window.partner == 1 - track
        x, present = prepared(chain, window.joints, window.times)
        expected, there = prepared(chain, joints[:, order], times)
        np.testing.assert_allclose(x, expected, atol=1e-6)
        assert present.tolist() == there.tolist() == [True, True]


def test_the_person_looks_the_same_with_and_without_a_partner(shared):
    joints, times = clip(shared)
    joints = joints.copy()
    joints[20:26, 0] = np.nan  # looked away for a moment, the other does not
    pair = last_windows(joints, times)[0]
    alone = last_windows(joints, times, pairs=False)[0]
    assert alone.partner is None
    assert alone.joints.shape[1] == 1
    for chain in CHAINS:
        with_partner, _ = prepared(chain, pair.joints, pair.times)
        single, _ = prepared(chain, alone.joints, alone.times)
        np.testing.assert_array_equal(with_partner[..., 0], single[..., 0])


def test_who_stands_far_off_is_no_partner(shared):
    joints, times = clip(shared)
    assert last_windows(joints, times)[0].partner == 1
    far = joints + np.array([[[0, 0, 0]], [[1.2, 0, 0]]], np.float32)
    away = np.linalg.norm(np.median(far[:, 0, 0] - far[:, 1, 0], axis=0))
    assert away > 1.6
    for window in last_windows(far, times).values():
        assert window.partner is None
        assert window.joints.shape[1] == 1


def test_the_nearest_is_the_partner_and_the_third_is_not_in_the_window(shared):
    joints, times = clip(shared)
    third = joints[:, 1:] + np.array([0.6, 0, 0.6], np.float32)
    three = np.concatenate([third, joints], axis=1)
    gaps = [np.median(np.linalg.norm(three[:, 1, 0] - three[:, k, 0], axis=1)) for k in (0, 2)]
    nearest = (0, 2)[int(np.argmin(gaps))]
    window = last_windows(three, times)[1]
    assert window.partner == nearest
    np.testing.assert_array_equal(window.joints[-1], three[-1, [1, nearest]])


@pytest.mark.parametrize(("leaves_at", "partner"), [(0.65, 1), (0.35, None)])
def test_who_leaves_is_a_partner_while_seen_in_half_of_the_window(shared, leaves_at, partner):
    joints, times = clip(shared)
    joints = joints.copy()
    leaves = round(leaves_at * len(joints))
    joints[leaves:, 1] = np.nan
    assert times[-1] - times[leaves] > Windower().max_gap  # has gone by the windower's own measure
    window = last_windows(joints, times)[0]
    assert window.partner == partner
    if partner is not None:
        chain = Preprocessing()
        x, _ = prepared(chain, window.joints, window.times)
        expected, _ = prepared(chain, joints, times)
        np.testing.assert_allclose(x, expected, atol=1e-6)
        assert not x[:, -5:, :, 1].any()


def test_frames_without_anybody_count_for_the_half(shared):
    joints, times = clip(shared)
    joints = joints.copy()
    joints[1::3, 1] = joints[2::3, 1] = np.nan
    assert last_windows(joints, times)[0].partner is None


def test_two_people_of_a_file_find_each_other_on_their_way_through_the_house(shared):
    windower, tracker = Windower(length=2.0, stride=0.2, pairs=True), Tracker()
    windows = []
    with open_source(str(shared / f"data/ntu_samples/{HUG}.skeleton")) as source:
        for frame in source:
            windows += windower.push(tracker(frame))
    assert {(window.track, window.partner) for window in windows} == {(0, 1), (1, 0)}

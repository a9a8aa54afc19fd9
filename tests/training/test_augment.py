"""Changed windows are still prepared windows of people, and equal seeds change them equally."""

import json
from dataclasses import asdict, replace
from importlib.resources import files

import numpy as np
import pytest
import torch

from bank.errors import InputError
from train.data.readers.skeleton_file import read_skeleton
from train.skeletons.gaps import fill_joints
from train.skeletons.joints import BONES, INDEX, MIRROR, NTU_25
from train.skeletons.mirroring import mirror_windows
from train.skeletons.preprocess import Preprocessing
from train.training.augment import NAMED, Augmentation
from train.training.augment.draws import Draws
from train.training.augment.dropping import drop_joints
from train.training.augment.timing import moments
from train.training.augment.webcam import facing_again, measured

NONE = NAMED["none"]
EACH = {
    "yaw": 0.5,
    "scale": 0.2,
    "noise": 0.01,
    "crop": 0.3,
    "mirror": 0.5,
    "speed": 0.3,
    "warp": 0.4,
    "drop": 0.9,
    "proportions": 0.1,
    "webcam": 0.7,
}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def draws(n, seed=0):
    return Draws(n, seeded(seed), torch.device("cpu"))


def lengths(x):
    """(N, T, bones, M) lengths of bones."""
    return torch.stack([(x[:, :, :, a] - x[:, :, :, b]).norm(dim=1) for a, b in BONES], 2)


@pytest.fixture(scope="module")
def window(shared):
    """A real person, prepared (1, 3, 50, 25, 2): drinking, seen by Kinect; no second body."""
    path = shared / "data/ntu_samples/S001C001P001R001A001.skeleton"
    joints = read_skeleton(path)
    prepared = Preprocessing()([(joints, np.arange(len(joints)) / 30)])
    return torch.from_numpy(prepared.x), torch.from_numpy(prepared.present)


def batch(window, n=16):
    x, present = window
    return x.repeat(n, 1, 1, 1, 1), present.repeat(n, 1)


def test_nothing_is_changed_where_all_is_off(window):
    x, present = batch(window)
    same = NONE(x, present, seeded())
    assert same.x is x
    assert same.present is present
    assert not same.mirrored.any()


@pytest.mark.parametrize("name", EACH)
def test_each_change_changes_alone_and_repeats_from_its_seed(window, name):
    x, present = batch(window)
    kept = x.clone()
    change = replace(NONE, **{name: EACH[name]})
    first, again, other = (change(x, present, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(x, kept)
    assert torch.equal(first.x, again.x)
    assert not torch.equal(first.x, other.x)
    assert not torch.equal(first.x, x)
    assert first.x.shape == x.shape
    assert first.x.isfinite().all()
    assert (first.x[..., 1] == 0).all(), "an absent body stays absent"
    assert torch.equal(first.present, present)
    assert first.mirrored.any() == (name == "mirror")


@pytest.mark.parametrize("name", ["mirror", "proportions", "webcam", "drop"])
def test_the_result_is_a_prepared_window(window, name):
    x, present = batch(window)
    changed = replace(NONE, **{name: EACH[name]})(x, present, seeded()).x[..., 0]
    assert changed[:, :, :, INDEX["SpineShoulder"]].abs().max() < 1e-5
    if name in ("drop", "proportions"):  # a shoulder may be what is lost, or of another length
        return
    line = changed[:, :, :, INDEX["ShoulderRight"]] - changed[:, :, :, INDEX["ShoulderLeft"]]
    assert (line[:, 0] > 0.1).all()
    assert line[:, 2].abs().max() < 1e-5


def test_a_mirror_image_mirrored_is_the_original(window):
    x, _ = window
    mirrored = mirror_windows(x)
    assert torch.equal(mirror_windows(mirrored), x)
    right, left = INDEX["HandRight"], INDEX["HandLeft"]
    assert torch.equal(mirrored[:, 0, :, right], -x[:, 0, :, left])
    assert torch.equal(mirrored[:, 1:, :, right], x[:, 1:, :, left])
    # Who drinks with the right hand drinks with the left one in a mirror.
    assert x[0, 1, 25, right, 0] > x[0, 1, 25, left, 0]


def test_only_windows_that_may_be_are_mirrored(window):
    x, present = batch(window)
    may = torch.arange(len(x)) % 2 == 0
    change = replace(NONE, mirror=1.0)(x, present, seeded(), may)
    assert torch.equal(change.mirrored, may)
    assert torch.equal(change.x[~may], x[~may])
    torch.testing.assert_close(change.x[may], mirror_windows(x[may]))


def test_bones_keep_their_lengths_where_nothing_says_otherwise(window):
    x, present = batch(window)
    for name in ("yaw", "mirror"):
        change = replace(NONE, **{name: EACH[name]})(x, present, seeded())
        found = lengths(change.x)
        own = lengths(x)
        swapped = lengths(mirror_windows(x))
        expected = torch.where(change.mirrored[:, None, None, None], swapped, own)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_proportions_change_bones_by_one_factor_each_alike_on_both_sides(window):
    x, present = batch(window)
    changed = replace(NONE, proportions=0.1)(x, present, seeded()).x
    factor = (lengths(changed) / lengths(x))[..., 0]
    assert factor.std(dim=1).max() < 1e-3, "one length over time"
    assert 0.9 - 1e-3 < factor.min() < 0.95
    assert 1.05 < factor.max() < 1.1 + 1e-3
    place = {bone: number for number, bone in enumerate(BONES)}
    for (child, parent), number in place.items():
        other = place[MIRROR[child], MIRROR[parent]]
        torch.testing.assert_close(factor[:, :, number], factor[:, :, other], atol=1e-3, rtol=0)
    knee, hip = INDEX["KneeLeft"], INDEX["HipLeft"]
    old, new = (y[..., knee, 0] - y[..., hip, 0] for y in (x, changed))
    torch.testing.assert_close(torch.cosine_similarity(old, new, dim=1), torch.ones(16, 50))


def test_time_runs_forwards_within_the_window():
    at = moments(draws(200), 50, crop=0.3, speed=0.4, warp=0.6)
    assert at.shape == (200, 50)
    assert at.min() >= 0
    assert at.max() <= 49
    assert (at.diff(dim=1) >= 0).all()
    fast = moments(draws(200), 50, crop=0.0, speed=0.4, warp=0.0)
    torch.testing.assert_close(fast[:, 24] + fast[:, 25], torch.full((200,), 49.0))
    pace = fast.diff(dim=1)[:, 24]
    assert 1 / 1.4 < pace.min() < 0.8
    assert 1.3 < pace.max() < 1.4


def test_a_body_is_never_mixed_with_its_absence(window):
    x, present = batch(window)
    x = x.clone()
    x[:, :, 30:, :, 0] = 0  # the person leaves
    changed = replace(NONE, crop=0.3, noise=0.01, webcam=1.0)(x, present, seeded()).x[..., 0]
    there = (changed != 0).any(dim=1).any(dim=2)
    assert (there.int().diff(dim=1) <= 0).all()
    assert there[:, 0].all()
    assert not there[:, -1].all()
    head = changed[:, 1, :, INDEX["Head"]]
    own = x[:, 1, :30, INDEX["Head"], 0]
    assert head[there].min() > 0.7 * own.min(), "half a person is half as high"


def test_lost_joints_are_filled_as_the_preparation_fills_them(window):
    x, _ = batch(window, 200)
    filled = drop_joints(x, draws(200), 1.0)
    changed = (filled != x).any(dim=1)[..., 0]  # (N, T, V)
    times = np.arange(50.0)
    limbs, checked = set(), 0
    for n in range(200):
        joints = changed[n].any(dim=0).nonzero()[:, 0].tolist()
        frames = changed[n].any(dim=1).nonzero()[:, 0].tolist()
        if not joints or len(joints) > 5:
            continue
        first, last = frames[0], frames[-1]
        lost = x[n, :, :, :, :1].permute(1, 3, 2, 0).numpy().copy()
        lost[first : last + 1, :, joints] = np.nan
        limit = 10.0 + 1 if last - first + 1 <= 10 else 0.0
        expected = fill_joints(lost, times, limit)[:, 0]
        found = filled[n, ..., 0].permute(1, 2, 0).numpy()
        np.testing.assert_allclose(found, expected, atol=1e-5)
        limbs.add(tuple(NTU_25[joint] for joint in joints))
        checked += 1
    assert checked > 150
    assert len(limbs) > 20


def test_webcam_errors_are_as_large_as_measured():
    still = torch.zeros(400, 3, 50, 25, 1)
    base = torch.linspace(-0.5, 0.5, 25)
    still[:, 0, :, :, 0] = base
    still[:, 0, :, INDEX["SpineShoulder"]] = 0
    still[:, 0, :, INDEX["ShoulderLeft"]], still[:, 0, :, INDEX["ShoulderRight"]] = -0.2, 0.2
    figures = measured()
    data = json.loads((files("train.training.augment") / "webcam.json").read_text("utf-8"))
    assert figures.larger == data["larger"]
    changed = replace(NONE, webcam=1.0)(still, torch.ones(400, 1, dtype=torch.bool), seeded()).x
    head = changed[:, 1, :, INDEX["HandRight"], 0]  # turning about the vertical leaves it alone
    fast = head.diff(dim=1).std() / (2 * (1 - figures.correlation)) ** 0.5
    drift = figures.drift[1, INDEX["HandRight"]] * 7 / 49  # of a knot's way, a frame
    assert fast == pytest.approx(float(figures.jitter[1, INDEX["HandRight"]]), rel=0.25)
    assert drift < fast
    size = changed[:, :, :, INDEX["ShoulderRight"], 0].norm(dim=1).mean() / 0.2
    assert size == pytest.approx(1 + figures.larger, abs=0.05)


def test_legs_that_the_camera_does_not_see_do_not_move(window):
    x, present = batch(window)
    x = x.clone()
    knee, hip = INDEX["KneeLeft"], INDEX["HipLeft"]
    x[:, 2, :, knee] += torch.linspace(0, 0.5, 50)[:, None]  # the knee is lifted
    x[..., 1] = 0
    change = replace(NONE, webcam=1.0)

    def movement(missing):
        changed = replace(change, missing_legs=missing)(x, present, seeded()).x
        knees = changed[:, 2, :, knee, 0] - changed[:, 2, :, hip, 0]
        return (knees[:, -1] - knees[:, 0]).abs().mean()

    assert movement(1.0) < movement(0.0) / 3


def test_facing_again_turns_back_what_was_turned(window):
    x, present = batch(window)
    turned = Augmentation(yaw=1.0, scale=0.0, noise=0.0, crop=0.0)(x, present, seeded()).x
    assert not torch.allclose(turned, x, atol=1e-2)
    torch.testing.assert_close(facing_again(turned), x, atol=1e-5, rtol=0)


def test_named_sets_and_json():
    for name, values in NAMED.items():
        assert Augmentation.named(name) == values
        assert Augmentation.from_dict(json.loads(json.dumps(values.to_dict()))) == values
        assert json.loads(json.dumps(asdict(values))) == values.to_dict()
    assert Augmentation.from_dict({}) == NONE
    assert Augmentation.from_dict({"mirror": 0.5}) == replace(NONE, mirror=0.5)
    webcam = NAMED["webcam"].to_dict()
    assert {name: webcam[name] for name in ("yaw", "scale", "noise", "crop")} == {
        name: NAMED["default"].to_dict()[name] for name in ("yaw", "scale", "noise", "crop")
    }
    assert all(webcam.values())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mirrors": 0.5}, "unknown augmentation: mirrors; there are"),
        ({"mirror": 1.5}, "probability is at most 1"),
        ({"crop": 1.0}, "crop is 1.0, it must be below 1"),
        ({"yaw": -1}, "yaw is -1, not a number from 0"),
        ({"yaw": "far"}, "yaw is 'far', not a number"),
        ({"yaw": float("nan")}, "yaw is nan, not a number"),
        ([1], "not a table"),
    ],
)
def test_impossible_values_are_refused(values, message):
    with pytest.raises(InputError, match=message):
        Augmentation.from_dict(values)


def test_an_unknown_set_is_named():
    with pytest.raises(InputError, match="no augmentation 'strong'; there are: none, default"):
        Augmentation.named("strong")

"""Changed windows are still windows of the same action, prepared as all others."""

import math

import pytest
import torch

from bank.errors import InputError
from train.skeletons.joints import BONES, INDEX, SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_SHOULDER
from train.skeletons.mirroring import mirror_windows
from train.training.augment import NAMED, Augmentation
from train.training.augment.draws import Draws
from train.training.augment.dropping import drop_joints
from train.training.augment.webcam import (
    _without_legs,
    facing_again,
    measured,
    through_a_webcam,
)

NONE = NAMED["none"]


def windows(n=6, frames=24):
    """Prepared windows of smooth motion, the second body in every third one only."""
    generator = torch.Generator().manual_seed(0)
    pose = torch.randn(n, 3, 1, 25, 2, generator=generator) * 0.3
    sway = torch.randn(n, 3, 1, 25, 2, generator=generator) * 0.1
    time = torch.linspace(0, 3, frames).view(1, 1, -1, 1, 1)
    x = pose + sway * torch.sin(time + pose)
    x[:, 0, :, SHOULDER_RIGHT] += 2.0
    x[:, 0, :, SHOULDER_LEFT] -= 2.0
    x = facing_again(x - x[:, :, :, SPINE_SHOULDER, None])
    present = torch.ones(n, 2, dtype=torch.bool)
    present[torch.arange(n) % 3 != 0, 1] = False
    return x * present[:, None, None, None, :], present


def changed(seed=1, n=6, may_mirror=None, **values):
    x, present = windows(n)
    generator = torch.Generator().manual_seed(seed)
    return x, present, Augmentation.from_dict(values)(x, present, generator, may_mirror)


def bones(x):
    ends, starts = zip(*BONES, strict=True)
    return (x[..., list(ends), :] - x[..., list(starts), :]).norm(dim=1)


def assert_faces_us(x, present):
    """The preparation's convention: right shoulder on +x, at the left one's depth."""
    line = (x[:, :, :, SHOULDER_RIGHT] - x[:, :, :, SHOULDER_LEFT]).permute(0, 3, 1, 2)[present]
    assert (line[:, 0] > 0).all()
    torch.testing.assert_close(line[:, 2], torch.zeros_like(line[:, 2]), atol=1e-5, rtol=0)


def test_all_off_changes_nothing_bit_for_bit():
    x, present = windows()
    generator = torch.Generator().manual_seed(0)
    out = NONE(x, present, generator)
    assert torch.equal(out.x, x)
    assert torch.equal(out.present, present)
    assert not out.mirrored.any()
    assert torch.equal(generator.get_state(), torch.Generator().manual_seed(0).get_state())


@pytest.mark.parametrize("name", ["default", "webcam"])
def test_equal_generators_give_equal_batches_and_leave_the_input(name):
    x, present = windows()
    before = x.clone()
    one = NAMED[name](x, present, torch.Generator().manual_seed(3))
    two = NAMED[name](x, present, torch.Generator().manual_seed(3))
    other = NAMED[name](x, present, torch.Generator().manual_seed(4))
    assert torch.equal(one.x, two.x)
    assert torch.equal(one.mirrored, two.mirrored)
    assert not torch.equal(one.x, other.x)
    assert torch.equal(x, before)


@pytest.mark.parametrize("name", ["default", "webcam"])
def test_absent_bodies_stay_absent(name):
    x, present = windows()
    out = NAMED[name](x, present, torch.Generator().manual_seed(3))
    absent = out.x.permute(0, 4, 1, 2, 3)[~present]
    assert torch.equal(absent, torch.zeros_like(absent))
    assert torch.equal(out.present, present)
    assert out.x.isfinite().all()


def test_turning_keeps_bones_and_heights():
    x, _, out = changed(yaw=1.0)
    assert not torch.allclose(out.x, x)
    torch.testing.assert_close(out.x.norm(dim=1), x.norm(dim=1))
    torch.testing.assert_close(bones(out.x), bones(x))
    torch.testing.assert_close(out.x[:, 1], x[:, 1])


def test_sizing_changes_all_bones_alike():
    x, _, out = changed(scale=0.2)
    factor = (bones(out.x) / bones(x))[..., 0].flatten(1)
    torch.testing.assert_close(factor, factor[:, :1].expand_as(factor))
    assert ((factor[:, 0] >= 0.8) & (factor[:, 0] <= 1.2)).all()
    assert factor[:, 0].std() > 0.01


def test_a_mirror_twice_is_none():
    x, present = windows()
    once = mirror_windows(x)
    assert not torch.equal(once, x)
    assert torch.equal(mirror_windows(once), x)
    assert_faces_us(once, present)
    hand, other = INDEX["HandLeft"], INDEX["HandRight"]
    torch.testing.assert_close(once[:, 1:, :, hand], x[:, 1:, :, other])
    torch.testing.assert_close(once[:, 0, :, hand], -x[:, 0, :, other])


def test_only_those_are_mirrored_that_may_be():
    may = torch.arange(6) % 2 == 0
    x, _, out = changed(mirror=1.0, may_mirror=may)
    assert torch.equal(out.mirrored, may)
    assert torch.equal(out.x[may], mirror_windows(x[may]))
    assert torch.equal(out.x[~may], x[~may])


def test_other_proportions_keep_directions_and_are_alike_on_both_sides():
    x, _, out = changed(proportions=0.2)
    starts = [start for _, start in BONES]
    ends = [end for end, _ in BONES]
    before = x[:1, :, :, ends] - x[:1, :, :, starts]
    after = out.x[:1, :, :, ends] - out.x[:1, :, :, starts]
    cosine = torch.cosine_similarity(before, after, dim=1)
    torch.testing.assert_close(cosine, torch.ones_like(cosine))
    factor = (bones(out.x) / bones(x))[0, 0, :, 0]
    by_end = dict(zip(ends, factor.tolist(), strict=True))
    assert by_end[INDEX["KneeLeft"]] == pytest.approx(by_end[INDEX["KneeRight"]], rel=1e-3)
    assert factor.std() > 0.01


@pytest.mark.parametrize("change", [{"speed": 0.5}, {"warp": 0.5}, {"crop": 0.4}])
def test_other_timing_shows_only_what_was_there(change):
    present = windows()[1]
    line = torch.arange(24.0).view(1, 1, -1, 1, 1).expand(6, 3, 24, 25, 2) + 1
    out = Augmentation.from_dict(change)(line * 1.0, present, torch.Generator().manual_seed(1))
    moment = out.x[:, 0, :, 0, 0]
    assert ((moment >= 1) & (moment <= 24 + 1e-4)).all()
    assert (moment.diff(dim=1) >= -1e-4).all()  # time runs forwards
    assert (moment - line[:, 0, :, 0, 0]).abs().max() > 0.5


def test_a_body_is_never_mixed_with_its_absence():
    x = torch.ones(8, 3, 24, 25, 2)
    x[:, :, :11, :, 1] = 0  # the second body comes in later
    present = torch.ones(8, 2, dtype=torch.bool)
    values = Augmentation.from_dict({"speed": 0.5, "crop": 0.4})
    out = values(x, present, torch.Generator().manual_seed(1))
    assert ((out.x == 0) | ((out.x - 1).abs() < 1e-5)).all()
    assert (out.x[..., 1] == 0).any()


def test_dropped_joints_are_filled_without_a_jump():
    x, _ = windows(n=64)
    out = drop_joints(x, Draws(64, torch.Generator().manual_seed(1), x.device), 1.0)
    moved = (out != x).any(dim=1)  # (N, T, V, M)
    lost = moved.any(dim=3).any(dim=1)  # (N, V)
    assert (lost.any(dim=1)).sum() > 50
    assert not lost[:, SPINE_SHOULDER].any()
    assert lost.sum(dim=1).max() <= 5  # an arm from the elbow outwards
    assert out.isfinite().all()
    # Joints leave and come back without a jump; in the middle of a long gap they go over, once,
    # from the offset of the sighting before to that of the sighting after.
    usual = x.diff(dim=2).norm(dim=1).max()
    jumps = (out.diff(dim=2).norm(dim=1) > 1.5 * usual).sum(dim=1)  # (N, V, M)
    assert jumps.max() == 1
    assert not jumps.transpose(1, 2)[~lost[:, None].expand(-1, 2, -1)].any()
    long = moved.any(dim=3).any(dim=2).sum(dim=1) > 0.2 * 24
    assert long.any() and (~long).any()
    assert not jumps[~long].any()


def test_webcam_errors_are_as_large_as_measured():
    n, frames = 400, 24
    x = windows(1, frames)[0][..., :1].expand(n, -1, -1, -1, -1).clone()
    figures = measured()
    out = through_a_webcam(x, Draws(n, torch.Generator().manual_seed(1), x.device), 0.0)
    assert_faces_us(out, torch.ones(n, 1, dtype=torch.bool))
    torch.testing.assert_close(
        out[:, :, :, SPINE_SHOULDER], torch.zeros(n, 3, frames, 1), atol=1e-6, rtol=0
    )
    assert out.isfinite().all()
    # Heights: turns about the vertical do not touch them. Tilt and size stay over a window, so
    # what changes within one is drift and jitter alone.
    height = out[:, 1, :, :, 0]
    own = x[:, 1, :, :, 0]
    size = 1 + figures.larger
    error = height - size * own
    quick = error.diff(dim=1).diff(dim=1)
    for joint in ("WristRight", "AnkleLeft", "KneeRight"):
        number = INDEX[joint]
        r = figures.correlation
        # second difference of noise whose neighbours correlate by r, next ones by r squared
        of_jitter = math.sqrt(6 - 8 * r + 2 * r * r)
        expected = float(figures.jitter[1, number]) * of_jitter
        assert float(quick[:, :, number].std()) == pytest.approx(expected, rel=0.35), joint


def test_missing_legs_hang_or_stand_still():
    x, _ = windows(n=40)
    legs = [INDEX[f"{j}{s}"] for j in ("Knee", "Ankle", "Foot") for s in ("Left", "Right")]
    base = INDEX["SpineBase"]

    def pace(seen):
        """How much knees and feet move against the pelvis, in one body of every window."""
        relative = seen[:, :, :, legs, 0] - seen[:, :, :, [base], 0]
        return relative.diff(dim=2).norm(dim=1).mean(dim=(1, 2))

    lost = through_a_webcam(x, Draws(40, torch.Generator().manual_seed(1), x.device), 1.0)
    kept = through_a_webcam(x, Draws(40, torch.Generator().manual_seed(1), x.device), 0.0)
    assert pace(lost).mean() < pace(kept).mean()

    still = _without_legs(x, Draws(40, torch.Generator().manual_seed(1), x.device), 1.0)
    torch.testing.assert_close(pace(still), torch.zeros(40), atol=1e-6, rtol=0)
    others = [joint for joint in range(25) if joint not in legs]
    assert torch.equal(still[..., others, :], x[..., others, :])
    shin = still[:, :, :, INDEX["AnkleLeft"], 0] - still[:, :, :, INDEX["KneeLeft"], 0]
    hangs = (shin[:, 0].abs() < 1e-6).all(dim=1) & (shin[:, 1] < 0).all(dim=1)
    assert 5 < int(hangs.sum()) < 35  # some hang, some keep a pose


def test_values_go_to_json_and_back():
    for values in NAMED.values():
        assert Augmentation.from_dict(values.to_dict()) == values
    assert Augmentation.from_dict({"yaw": 0.5}) == Augmentation(yaw=0.5, scale=0, noise=0, crop=0)
    assert Augmentation.named("webcam").webcam == 0.5


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"jaw": 1}, "unknown augmentation: jaw; there are: crop, drop"),
        ({"yaw": -1}, "augmentation yaw is -1, not a number from 0"),
        ({"yaw": "a"}, "augmentation yaw is 'a', not a number"),
        ({"mirror": 2}, "augmentation mirror is 2, a probability is at most 1"),
        ({"crop": 1}, "augmentation crop is 1, it must be below 1"),
        ([1], "augmentation is not a table"),
    ],
)
def test_impossible_values_get_one_line(values, line):
    with pytest.raises(InputError, match=line):
        Augmentation.from_dict(values)


def test_an_unknown_set_gets_one_line():
    with pytest.raises(InputError, match="no augmentation 'wecbam'; there are: none, default, web"):
        Augmentation.named("wecbam")

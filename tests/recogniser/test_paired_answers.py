"""Two who act on each other, through the network: real recordings, a small untrained model."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from realtime.recogniser import Recogniser
from realtime.replay import windows_of
from realtime.windows import SkeletonWindow, Windower
from train.data.readers.skeleton_file import read_skeleton
from train.encoders import make_encoder
from train.model import CheckpointInfo, SkeletonModel, save_checkpoint
from train.skeletons.preprocess import Preprocessing
from train.text.encoder import OFFLINE_DEFAULT
from train.text.labels import Label

LABELS = [Label("punch", "punches somebody"), Label("hug", "hugs somebody"), Label("jump")]
SMALL = {"hidden_channels": 8, "out_channels": 8}


def varied_model():
    """Untrained, but its normalisation has seen bodies, so that features differ between windows."""
    torch.manual_seed(0)
    model = SkeletonModel(make_encoder("st-gcn", **SMALL, dropout=0.0), 384)
    rng = np.random.default_rng(0)
    bodies = rng.normal(0, 0.3, (16, 1, 1, 25, 3)) + rng.normal(0, 0.1, (16, 50, 1, 25, 3))
    some = Preprocessing()([(clip, np.arange(50) / 30) for clip in bodies.astype(np.float32)])
    for _ in range(60):
        model.train()(torch.from_numpy(some.x), torch.from_numpy(some.present))
    torch.nn.init.zeros_(model.projection.bias)
    return model.eval()


def recogniser(folder, two_bodies=0.2, **options):
    model = varied_model()
    info = CheckpointInfo(
        encoder="st-gcn",
        encoder_config=SMALL,
        text_encoder=OFFLINE_DEFAULT,
        text_dim=384,
        text_style="skeleton",
        preprocessing=Preprocessing(**options).to_dict(),
        temperature=0.07,
        classes=["walk"],
        training={} if two_bodies is None else {"data": {"two_bodies": two_bodies}},
    )
    path = folder / "checkpoint.safetensors"
    save_checkpoint(path, model, info)
    return Recogniser(path, LABELS, lengths=[1.0, 2.0], still=0.0), model


@pytest.fixture
def punch(shared):
    """Joints and times of one who punches another."""
    joints = read_skeleton(shared / "data/ntu_samples/S001C001P001R001A050.skeleton")
    return joints, np.arange(len(joints)) / 30


def windows(joints, times, pairs=True):
    return windows_of(joints, times, Windower(length=2.0, stride=0.1, pairs=pairs))


@pytest.mark.parametrize(
    ("two_bodies", "bodies", "known"),
    [(0.2, 2, True), (0.0, 2, False), (None, 2, False), (0.2, 1, False)],
)
def test_pairs_are_known_to_weights_that_were_shown_some(tmp_path, two_bodies, bodies, known):
    made, _ = recogniser(tmp_path, two_bodies, bodies=bodies)
    assert made.knows_pairs() is known
    assert made.bodies == bodies


@pytest.mark.parametrize("order", ["file", "motion"])
def test_the_person_stays_first_and_features_are_those_of_training(tmp_path, punch, order):
    made, model = recogniser(tmp_path, order_bodies=order)
    joints, times = punch
    for track in (0, 1):
        window = [w for w in windows(joints, times) if w.track == track][-1]
        assert window.times[-1] == pytest.approx(times[-1], abs=0.1)
        cut = (times >= window.times[0] - 1e-9) & (times <= window.times[-1] + 1e-9)
        clip = Preprocessing()([(joints[cut][:, [track, 1 - track]], times[cut])])
        expected = model.encode(torch.from_numpy(clip.x), torch.from_numpy(clip.present))
        features = made.features([window])[0, -1]
        torch.testing.assert_close(features, F.normalize(expected, dim=1)[0], atol=1e-4, rtol=0)


def test_windows_with_and_without_a_partner_go_through_in_one_batch(tmp_path, punch):
    made, _ = recogniser(tmp_path)
    joints, times = punch
    with_partner, single = (windows(joints, times, pairs)[-1] for pairs in (True, False))
    assert (with_partner.joints.shape[1], single.joints.shape[1]) == (2, 1)
    calls, encode = [], made.model.encode
    made.model.encode = lambda x, present: calls.append(len(x)) or encode(x, present)
    together = made.features([with_partner, single, with_partner])
    assert calls == [3 * len(made.lengths)]
    apart = torch.cat([made.features([w]) for w in (with_partner, single, with_partner)])
    torch.testing.assert_close(together, apart, atol=1e-5, rtol=0)
    assert (together[0] - together[1]).abs().max() > 1e-3  # the partner makes a difference


def test_of_two_who_act_on_each_other_one_is_learned_from(tmp_path, punch):
    both = [windows(*punch, pairs=pairs)[-2:] for pairs in (True, False)]
    assert [{w.track for w in two} for two in both] == [{0, 1}, {0, 1}]
    counts = []
    for two in both:
        made, _ = recogniser(tmp_path)
        made(two)
        counts.append(int(made.bank.support.sum()))
    assert counts == [1, 2]


def test_who_acts_on_somebody_that_stands_still_is_learned_from(tmp_path, punch):
    made, _ = recogniser(tmp_path)
    made.still = 0.05
    joints, times = punch[0].copy(), punch[1]
    joints[:, 0] = joints[0, 0]
    window = [w for w in windows(joints, times) if w.track == 1][-1]
    assert isinstance(window, SkeletonWindow)
    assert window.partner == 0
    made([window])
    assert made.bank.support.sum() == 1


def test_whose_window_it_is_comes_first_also_where_training_put_who_moves_most_first(
    tmp_path, punch
):
    made, _ = recogniser(tmp_path, order_bodies="motion", bodies=1)  # sees the first body alone
    for track in (0, 1):
        pair, alone = (
            [w for w in windows(*punch, pairs=pairs) if w.track == track][-1]
            for pairs in (True, False)
        )
        assert pair.partner == 1 - track
        torch.testing.assert_close(made.features([pair]), made.features([alone]))

"""The recogniser on a small untrained network: what it does, not how well."""

import numpy as np
import pytest
import torch

from bank.errors import InputError
from realtime.recogniser import Recogniser
from realtime.windows import SkeletonWindow
from train.encoders import make_encoder
from train.model import CheckpointInfo, SkeletonModel, load_checkpoint, save_checkpoint
from train.skeletons.preprocess import Preprocessing
from train.text.encoder import OFFLINE_DEFAULT
from train.text.labels import Label

LABELS = [Label("wave", "waves a hand"), Label("bow", "bends forward"), Label("jump")]


def info(**changes):
    values = {
        "encoder": "st-gcn",
        "encoder_config": {"hidden_channels": 8, "out_channels": 8},
        "text_encoder": OFFLINE_DEFAULT,
        "text_dim": 384,
        "text_style": "skeleton",
        "preprocessing": Preprocessing().to_dict(),
        "temperature": 0.07,
        "classes": ["walk"],
    }
    return CheckpointInfo(**{**values, **changes})


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(0)
    model = SkeletonModel(make_encoder("st-gcn", hidden_channels=8, out_channels=8), 384)
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, model, info())
    return path


def window(track, end, seed=0):
    rng = np.random.default_rng(seed)
    joints = np.cumsum(rng.normal(0, 0.02, (60, 1, 25, 3)), axis=0) + rng.normal(0, 0.3, (25, 3))
    times = np.linspace(end - 2.5, end, 60)
    return SkeletonWindow(track, joints.astype(np.float32), times, 59, 1e9)


def test_answers_are_distributions_over_the_users_classes(checkpoint):
    recogniser = Recogniser(checkpoint, LABELS)
    one, two = recogniser([window(0, 2.5, seed=1), window(1, 2.5, seed=2)])
    for answer in (one, two):
        assert answer.label == answer.top[0][0]
        assert answer.score == answer.top[0][1] >= answer.top[1][1] >= answer.top[2][1]
        assert sum(p for _, p in answer.top) == pytest.approx(1.0)
        assert 0 < answer.entropy <= np.log(3) + 1e-9
    assert recogniser([]) == []


def test_overlapping_windows_of_a_person_are_learned_from_once(checkpoint):
    recogniser = Recogniser(checkpoint, LABELS)
    for end in (2.5, 2.9, 3.3, 3.7, 4.9, 5.1):
        recogniser([window(0, end)])
    assert recogniser.bank.support.sum() == 2  # the windows that end at 2.5 and at 5.1
    recogniser([window(1, 5.1)])
    assert recogniser.bank.support.sum() == 3


def test_answers_do_not_depend_on_the_batch(checkpoint):
    windows = [window(track, 2.5, seed=track) for track in range(4)]
    together = Recogniser(checkpoint, LABELS)(windows)
    alone = [Recogniser(checkpoint, LABELS)([one])[0] for one in windows]
    for a, b in zip(together, alone, strict=True):
        assert a.label == b.label
        assert a.score == pytest.approx(b.score, abs=1e-5)


def test_checkpoints_come_back_as_they_were(checkpoint):
    model, read = load_checkpoint(checkpoint)
    assert read == info()
    x, present = torch.randn(2, 3, 50, 25, 2), torch.tensor([[True, False]] * 2)
    again, _ = load_checkpoint(checkpoint)
    torch.testing.assert_close(model.encode(x, present), again.encode(x, present))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"joint_layout": "coco-17"}, "joints are coco-17"),
        ({"encoder": "mlp"}, "no encoder is called 'mlp'"),
        ({"encoder_config": {"hidden_channels": 16, "out_channels": 8}}, "weights do not fit"),
        ({"text_dim": 12}, "weights do not fit"),
    ],
)
def test_wrong_checkpoints_are_refused(checkpoint, changes, complaint):
    model, _ = load_checkpoint(checkpoint)
    save_checkpoint(checkpoint, model, info(**changes))
    with pytest.raises(InputError, match=complaint) as error:
        Recogniser(checkpoint, LABELS)
    assert "\n" not in str(error.value)


def test_weights_that_are_not_finite_are_refused(checkpoint):
    model, _ = load_checkpoint(checkpoint)
    with torch.no_grad():
        model.projection.bias[0] = torch.nan
    save_checkpoint(checkpoint, model, info())
    with pytest.raises(InputError, match="not finite"):
        load_checkpoint(checkpoint)

"""Training learns, resumes exactly, and keeps unseen classes out."""

import pytest
import torch
import torch.nn.functional as F

from bank.errors import InputError
from train.encoders import make_encoder
from train.model import SkeletonModel
from train.training.loop import Samples, TrainingOptions, train
from train.training.objective import ContrastiveLoss

TEXT = F.normalize(torch.eye(3, 8), dim=1)


def samples():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(24) % 3
    x = torch.randn(24, 3, 12, 25, 2, generator=generator) * 0.1
    x[:, 1, :, 11, 0] += labels[:, None] * 1.0  # how high the right hand is tells the class
    x[..., 1] = 0
    return Samples(x, torch.tensor([[True, False]]).repeat(24, 1), labels)


def new_model(dropout):
    torch.manual_seed(0)
    encoder = make_encoder("st-gcn", hidden_channels=8, out_channels=16, dropout=dropout)
    return SkeletonModel(encoder, 8)


def accuracy(model, data):
    return float(
        ((model.encode(data.x, data.present) @ TEXT.T).argmax(1) == data.labels).float().mean()
    )


def run(folder, epochs, stop_after=None, dropout=0.3):
    model, loss, data = new_model(dropout), ContrastiveLoss(), samples()
    options = TrainingOptions(epochs=epochs, batch=8, warmup=1.0, learning_rate=0.02)

    def validate():
        run.epochs_done += 1
        if stop_after is not None and run.epochs_done > stop_after:
            raise KeyboardInterrupt
        return accuracy(model, data)

    run.epochs_done = 0
    progress = train(
        model, loss, data, TEXT, options, folder, validate, on_best=lambda progress: None
    )
    return model, progress


def test_it_learns(tmp_path):
    model, progress = run(tmp_path, epochs=25, dropout=0.0)
    assert progress.history[-1]["loss"] < progress.history[0]["loss"]
    assert accuracy(model, samples()) > 0.9


def test_a_resumed_run_ends_with_the_same_weights(tmp_path):
    whole, progress = run(tmp_path / "whole", epochs=4)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "broken", epochs=4, stop_after=2)
    resumed, again = run(tmp_path / "broken", epochs=4)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name
    assert again == progress


def test_a_folder_of_other_settings_is_refused(tmp_path):
    run(tmp_path, epochs=1)
    with pytest.raises(InputError, match="other settings"):
        run(tmp_path, epochs=2)


def test_without_held_out_clips_the_latest_epoch_counts_as_best(tmp_path):
    best = []
    progress = train(
        new_model(0.0),
        ContrastiveLoss(),
        samples(),
        TEXT,
        TrainingOptions(epochs=2, batch=8),
        tmp_path,
        None,
        on_best=lambda progress: best.append(progress.epoch),
    )
    assert best == [1, 2]
    assert "held_out_seen" not in progress.history[0]

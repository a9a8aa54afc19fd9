"""Synthetic features are what their recipe says."""

import pytest
import torch
import torch.nn.functional as F

from bank import align_two_pass
from bank.errors import InputError
from train.evaluation.streams.synthetic import Recipe, synthetic


def accuracy(predictions, labels):
    return float((predictions == labels).double().mean())


def test_the_defaults_look_like_a_trained_encoder():
    texts, gains = [], []
    for seed in range(3):
        data = synthetic(Recipe(unknown_classes=0, seed=seed))
        result = align_two_pass(data.features, data.text)
        texts.append(accuracy(result.pseudo_labels, data.labels))
        gains.append(accuracy(result.predictions, data.labels) - texts[-1])
    assert 0.25 < sum(texts) / 3 < 0.55
    assert all(gain > 0.03 for gain in gains)


def test_there_is_a_modality_gap_and_every_class_is_as_concentrated():
    data = synthetic(Recipe(samples=400, unknown_classes=0, dimension=64))
    units, text = F.normalize(data.features, dim=1), F.normalize(data.text, dim=1)
    means = torch.stack([units[data.labels == k].mean(dim=0) for k in range(14)])
    lengths = means.norm(dim=1)
    assert float(lengths.max() - lengths.min()) < 0.06  # one kappa
    towards_text = (units @ text.T).mean()
    assert float((units @ units.T).mean()) > float(towards_text)


def test_noise_is_what_texts_lose_by():
    shares = []
    for noise in (0.0, 3.0, 8.0):
        data = synthetic(Recipe(unknown_classes=0, gap=0.0, noise=noise))
        shares.append(accuracy(align_two_pass(data.features, data.text).pseudo_labels, data.labels))
    assert shares == sorted(shares, reverse=True) and shares[0] > shares[2] + 0.2


def test_classes_without_a_text_are_unknown():
    data = synthetic(Recipe(classes=3, samples=5, unknown_classes=2))
    assert data.labels.tolist() == [0] * 5 + [1] * 5 + [2] * 5 + [-1] * 10
    assert data.text.shape == (3, 384) and len(data.classes) == 3 and len(set(data.actions)) == 5


@pytest.mark.parametrize(
    "wrong", [{"classes": 1}, {"subspace": 500}, {"kappa": 0.0}, {"noise": -1.0}]
)
def test_a_recipe_out_of_range_is_refused(wrong):
    with pytest.raises(InputError):
        synthetic(Recipe(**wrong))

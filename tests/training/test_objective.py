import pytest
import torch
import torch.nn.functional as F

from bank.errors import InputError
from train.training.objective import ContrastiveLoss, OfficialLoss, make_objective

LABELS = torch.tensor([0, 1, 1, 2, 0, 1])


def by_the_book(features, text, labels, tau, target_of):
    """Eq. 3 to 5 written with loops."""
    batch = len(labels)
    sim = torch.stack(
        [
            torch.stack([F.cosine_similarity(v, text[k], dim=0) / tau for k in labels])
            for v in features
        ]
    )
    total = torch.zeros(())
    for scores in (sim, sim.T):
        for i in range(batch):
            match = torch.tensor([float(labels[i] == labels[b]) for b in range(batch)])
            target = target_of(match)
            p = scores[i].exp() / scores[i].exp().sum()
            for b in range(batch):
                if target[b] > 0:
                    total = total + target[b] * (target[b] / p[b]).log()
    return total / (2 * batch)


def inputs():
    torch.manual_seed(0)
    return torch.randn(6, 5), F.normalize(torch.randn(3, 5), dim=1)


def test_loss_equals_the_equations():
    features, text = inputs()
    expected = by_the_book(features, text, LABELS, 0.07, lambda match: match / match.sum())
    torch.testing.assert_close(ContrastiveLoss()(features, text, LABELS), expected)


def test_official_loss_equals_the_official_code_written_with_loops():
    features, text = inputs()

    def target_of(match):
        return (10 * match).exp() / (10 * match).exp().sum()

    expected = by_the_book(features, text, LABELS, 0.07, target_of)
    torch.testing.assert_close(OfficialLoss()(features, text, LABELS), expected)


def test_temperature_is_learned_except_in_the_official_code():
    features, text = inputs()
    loss = make_objective("paper")
    loss(features, text, LABELS).backward()
    assert loss.log_scale.grad is not None
    assert loss.log_scale.grad.abs() > 0
    assert not list(make_objective("official").parameters())
    assert float(make_objective("official").scale) == pytest.approx(1 / 0.07)


def test_half_precision_features_lose_nothing_in_the_loss():
    features, text = inputs()
    half = features.bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = ContrastiveLoss()(half, text, LABELS)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, ContrastiveLoss()(half.float(), text, LABELS))


def test_an_unknown_objective_is_named():
    with pytest.raises(InputError, match="paper, official"):
        make_objective("mse")

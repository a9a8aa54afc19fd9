import math

import pytest
import torch
import torch.nn.functional as F

from bank.errors import InputError
from train.training.objective import ContrastiveLoss, OfficialLoss, make_objective


def by_the_book(features, text, labels, tau):
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
            target = match / match.sum()
            p = scores[i].exp() / scores[i].exp().sum()
            for b in range(batch):
                if target[b] > 0:
                    total = total + target[b] * (target[b] / p[b]).log()
    return total / (2 * batch)


def test_loss_equals_the_equations():
    torch.manual_seed(0)
    features, text = torch.randn(6, 5), F.normalize(torch.randn(3, 5), dim=1)
    labels = torch.tensor([0, 1, 1, 2, 0, 1])
    loss = ContrastiveLoss()
    expected = by_the_book(features, text, labels, 0.07)
    torch.testing.assert_close(loss(features, text, labels), expected)


def test_temperature_is_learned():
    torch.manual_seed(0)
    loss = ContrastiveLoss()
    text = F.normalize(torch.randn(3, 5), dim=1)
    loss(torch.randn(4, 5), text, torch.tensor([0, 1, 2, 0])).backward()
    assert loss.log_scale.grad is not None
    assert loss.log_scale.grad.abs() > 0


def by_the_official_code(features, text, labels):
    """What the official code computes, written with loops: see the facts on it."""
    batch = len(labels)
    total = 0.0
    for direction in ("skeleton to text", "text to skeleton"):
        for i in range(batch):
            scores, match = [], []
            for j in range(batch):
                skeleton, row = (i, j) if direction == "skeleton to text" else (j, i)
                v, t = features[skeleton], text[labels[row]]
                scores.append(float(v @ t / v.norm() / t.norm()) / 0.07)
                match.append(10.0 if labels[i] == labels[j] else 0.0)
            target = [math.exp(m) / sum(map(math.exp, match)) for m in match]
            p = [math.exp(s) / sum(map(math.exp, scores)) for s in scores]
            total += sum(q * math.log(q / r) for q, r in zip(target, p, strict=True)) / batch
    return total / 2


def test_the_official_objective_is_what_its_code_computes():
    torch.manual_seed(0)
    features, text = torch.randn(6, 5), F.normalize(torch.randn(3, 5), dim=1)
    labels = torch.tensor([0, 1, 1, 2, 0, 1])
    loss = OfficialLoss()
    expected = by_the_official_code(features.double(), text.double(), labels.tolist())
    assert float(loss(features, text, labels)) == pytest.approx(expected, rel=1e-5)


def test_the_official_temperature_is_fixed():
    loss = OfficialLoss()
    assert not list(loss.parameters())
    assert float(1 / loss.scale) == pytest.approx(0.07)


def test_samples_with_one_row_match_whatever_their_class():
    torch.manual_seed(0)
    features, text = torch.randn(4, 5), F.normalize(torch.randn(3, 5), dim=1)
    loss = ContrastiveLoss()
    assert loss.target(torch.tensor([[1.0, 1, 0, 0]])).tolist() == [[0.5, 0.5, 0, 0]]
    same = loss(features, text, torch.tensor([0, 0, 1, 1]))
    expected = by_the_book(features, text, torch.tensor([0, 0, 1, 1]), 0.07)
    torch.testing.assert_close(same, expected)


def test_another_objective_is_refused():
    with pytest.raises(InputError, match="objective 'nce' is not one of: paper, official"):
        make_objective("nce")

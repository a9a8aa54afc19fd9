import torch
import torch.nn.functional as F

from train.training.augment import Augmentation
from train.training.objective import ContrastiveLoss


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


def test_augmentation_keeps_bones_and_absent_bodies():
    torch.manual_seed(0)
    x = torch.randn(4, 3, 50, 25, 2)
    x[:, ..., 1] = 0
    only_turn = Augmentation(yaw=1.0, scale=0.0, noise=0.0, crop=0.0)
    turned = only_turn(x, torch.Generator().manual_seed(1))
    assert not torch.allclose(turned, x)
    torch.testing.assert_close(turned.norm(dim=1), x.norm(dim=1))
    torch.testing.assert_close(turned[:, 1], x[:, 1])  # height is untouched
    everything = Augmentation()(x, torch.Generator().manual_seed(1))
    assert (everything[..., 1] == 0).all()
    nothing = Augmentation(0.0, 0.0, 0.0, 0.0)(x, torch.Generator().manual_seed(1))
    torch.testing.assert_close(nothing, x)

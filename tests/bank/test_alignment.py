import math

import pytest
import torch
import torch.nn.functional as F

from bank import InputError, align_two_pass
from bank.alignment import kept_count


def by_the_book(features, text, alpha):
    """Alg. 2 in plain loops; needs entropies without ties."""
    w = F.normalize(text.double(), dim=1)
    z = F.normalize(features.double(), dim=1)
    p = torch.softmax(z @ w.T, dim=1)
    label = p.argmax(dim=1)
    entropy = -(p * p.log()).sum(dim=1)
    prototypes = w.clone()
    for k in range(len(w)):
        members = [i for i in range(len(z)) if label[i] == k]
        members.sort(key=lambda i: float(entropy[i]))
        kept = members[: int(alpha * len(members))]
        if kept:
            prototypes[k] = z[kept].mean(dim=0)
    return label, entropy, prototypes, (z @ F.normalize(prototypes, dim=1).T).argmax(dim=1)


@pytest.mark.parametrize("alpha", [0.0, 0.4, 0.9, 1.0])
def test_equals_the_algorithm_written_as_loops(alpha):
    torch.manual_seed(0)
    features, text = torch.randn(200, 16), torch.randn(6, 16)
    result = align_two_pass(features, text, alpha=alpha)
    label, entropy, prototypes, predictions = by_the_book(features, text, alpha)
    assert torch.equal(result.pseudo_labels, label)
    torch.testing.assert_close(result.entropies, entropy)
    torch.testing.assert_close(result.prototypes, prototypes.float())
    assert torch.equal(result.predictions, predictions)
    assert result.kept.tolist() == [int(alpha * n) for n in result.support.tolist()]


def test_alpha_zero_is_plain_classification():
    torch.manual_seed(0)
    result = align_two_pass(torch.randn(50, 8), torch.randn(4, 8), alpha=0.0)
    assert torch.equal(result.predictions, result.pseudo_labels)


def test_a_class_without_samples_keeps_its_text():
    text = torch.eye(3)
    result = align_two_pass(torch.tensor([[1.0, 0.1, 0.0]]), text, alpha=1.0)
    assert torch.equal(result.prototypes[1:], text[1:])
    assert result.support.tolist() == [1, 0, 0]


def test_weighted_variant_is_table_six():
    torch.manual_seed(1)
    features, text = torch.randn(30, 5), torch.randn(3, 5)
    z, w = F.normalize(features, dim=1), F.normalize(text, dim=1)
    p = torch.softmax(z @ w.T, dim=1)
    expected = torch.stack([(p[:, k, None] * z).sum(0) / p[:, k].sum() for k in range(3)])
    result = align_two_pass(features, text, pseudo_labels="weighted")
    torch.testing.assert_close(result.prototypes, expected)


def test_ties_do_not_depend_on_the_order():
    torch.manual_seed(2)
    text = torch.eye(4, dtype=torch.float64)[:2]
    rest = torch.randn(10, 2, dtype=torch.float64)
    features = torch.cat([torch.tensor([[2.0, 1.0]]).expand(10, 2), rest], dim=1)
    features[:, 2:] /= features[:, 2:].norm(dim=1, keepdim=True)  # equal cosines, hence entropies
    first = align_two_pass(features, text, alpha=0.5)
    order = torch.randperm(10)
    second = align_two_pass(features[order], text, alpha=0.5)
    assert first.entropies.unique().numel() == 1
    torch.testing.assert_close(first.prototypes, second.prototypes)


def test_kept_count_is_not_misled_by_binary_fractions():
    assert kept_count(0.29, 100) == 29 != int(0.29 * 100)
    assert all(kept_count(a / 100, 100) == a for a in range(101))
    assert kept_count(0.9, 1) == 0
    assert kept_count(1.0, 7) == 7
    assert math.floor(0.4 * 5) == kept_count(0.4, 5)


def test_no_samples_at_all():
    result = align_two_pass(torch.empty(0, 4), torch.eye(4)[:2])
    torch.testing.assert_close(result.prototypes, torch.eye(4)[:2])
    assert result.predictions.shape == (0,)


@pytest.mark.parametrize(
    ("features", "text", "alpha", "complaint"),
    [
        (torch.full((2, 3), torch.nan), torch.eye(3), 0.9, "not finite"),
        (torch.zeros(2, 3), torch.eye(3), 0.9, "no direction"),
        (torch.ones(2, 4), torch.eye(3), 0.9, "differ in dimension"),
        (torch.ones(2, 3), torch.eye(3), 1.1, "between 0 and 1"),
        (torch.ones(2, 3), torch.eye(3), math.nan, "between 0 and 1"),
    ],
)
def test_bad_input_is_named(features, text, alpha, complaint):
    with pytest.raises(InputError, match=complaint):
        align_two_pass(features, text, alpha=alpha)

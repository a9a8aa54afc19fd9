"""What exactness rests on: every sample is read the same, whatever it comes with."""

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bank import InputError, PrototypeBank, align_two_pass
from bank.alignment import cosine_scores, entropy, probabilities
from bank.directions import CHUNK, cosines, stored, tie_direction, unit_chunks


def random(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(1, 40),
    classes=st.integers(1, 70),
    dimension=st.one_of(st.integers(1, 20), st.sampled_from([127, 128, 129, 384, 768])),
)
def test_a_sample_alone_reads_bit_for_bit_as_in_a_batch(seed, size, classes, dimension):
    features, text = random(seed, size, dimension), random(seed + 1, classes, dimension)
    bank = PrototypeBank(text)
    bank.update(features)
    together, scores = entropy(features, text), bank.predict(features)
    for i in range(size):
        assert torch.equal(entropy(features[i : i + 1], text), together[i : i + 1])
        assert torch.equal(bank.predict(features[i : i + 1]), scores[i : i + 1])


# Whole numbers of few values: many ties of entropy between different samples, many duplicates.
@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.tuples(*[st.integers(-1, 1)] * 4).filter(any), max_size=30),
    alpha=st.one_of(st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.floats(0, 1)),
    shuffle=st.randoms(use_true_random=False),
    size=st.integers(1, 9),
)
def test_ties_and_duplicates_end_at_exactly_the_two_pass_prototypes(rows, alpha, shuffle, size):
    text = torch.tensor([[1.0, 0, 0, 0], [0, 1.0, 0, 0], [1.0, 1.0, 0, 0]])
    expected = align_two_pass(torch.tensor(rows).reshape(-1, 4).float(), text, alpha)
    shuffle.shuffle(rows)
    bank = PrototypeBank(text, alpha)
    features = torch.tensor(rows).reshape(-1, 4).float()
    for batch in features.split(size):
        bank.update(batch)
    assert torch.equal(bank.prototypes, expected.prototypes)
    assert torch.equal(bank.support, expected.support)
    assert torch.equal(bank.kept, expected.kept)
    if rows:
        again = align_two_pass(features, text, alpha)
        assert torch.equal(bank.settle(features), again.predictions)


def test_batches_larger_than_a_chunk_are_no_different():
    features, text = random(0, 2 * CHUNK + 5, 9), random(1, 6, 9)
    whole, bits = PrototypeBank(text), PrototypeBank(text)
    whole.update(features)
    for batch in features.flip(0).split(300):
        bits.update(batch)
    assert torch.equal(whole.prototypes, bits.prototypes)
    assert torch.equal(whole.prototypes, align_two_pass(features, text).prototypes)
    assert torch.equal(whole.predict(features)[-3:], whole.predict(features[-3:]))


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e-20, 1e20, 1e300])
def test_length_does_not_matter_however_extreme(scale):
    features, text = random(0, 30, 8).double(), random(1, 4, 8)
    expected = align_two_pass(features, text)
    result = align_two_pass(features * scale, text)
    torch.testing.assert_close(result.prototypes, expected.prototypes, atol=1e-6, rtol=0)
    mixed = torch.cat([features[:1] * scale, features[1:]])
    assert torch.equal(entropy(mixed, text)[1:], expected.entropies[1:])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_any_floating_type_and_memory_layout(dtype):
    features, text = random(0, 12, 40).to(dtype), random(1, 40, 3).T
    strided = features.T.contiguous().T.requires_grad_()
    plain = features.double().contiguous()
    assert torch.equal(entropy(strided, text), entropy(plain, text.contiguous()))


def test_probabilities_are_those_of_the_paper():
    features, text = random(0, 10, 6).double(), random(1, 4, 6).double()
    scores = torch.cosine_similarity(features[:, None], text[None], dim=2)
    p = torch.exp(scores) / torch.exp(scores).sum(dim=1, keepdim=True)
    torch.testing.assert_close(cosine_scores(features, text), scores, atol=1e-7, rtol=0)
    torch.testing.assert_close(probabilities(features, text), p, atol=1e-7, rtol=0)
    torch.testing.assert_close(entropy(features, text), -(p * p.log()).sum(1), atol=1e-7, rtol=0)


def test_dot_products_are_exact():
    (units,) = unit_chunks(random(0, 12, 300), "features")
    direction = tie_direction(300)
    whole = [[sum(int(a) * int(b) for a, b in zip(u, direction[0], strict=True))] for u in units]
    for rows in (units, np.concatenate([units, units])):  # few, and many
        expected = np.array(whole * (len(rows) // len(units)), dtype=np.float64)
        assert np.array_equal(cosines(rows, stored(direction)) * 2.0**52, expected)
    assert all(abs(row[0]) < 2**53 for row in whole)


def test_features_that_cancel_leave_a_prototype_that_scores_zero():
    text = torch.tensor([[1.0, 0.0]])
    features = torch.tensor([[0.0, 1.0], [0.0, -1.0]])
    bank = PrototypeBank(text, alpha=1.0)
    bank.update(features)
    assert bank.prototypes.tolist() == [[0.0, 0.0]]
    assert bank.predict(features).tolist() == [[0.0], [0.0]]
    assert align_two_pass(features, text, alpha=1.0).prototypes.tolist() == [[0.0, 0.0]]


def test_two_passes_need_little_memory_beside_the_features():
    features, text = random(0, 10_000, 128), random(1, 9, 128)
    tracemalloc.start()
    align_two_pass(features, text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < features.nbytes  # a copy in float64 would be twice as large


@pytest.mark.parametrize("rows", [3, 2 * CHUNK])
@pytest.mark.parametrize(
    ("value", "complaint"),
    [(torch.nan, "not finite"), (-torch.inf, "not finite"), (0.0, "no direction")],
)
def test_bad_rows_are_found_wherever_they_are(rows, value, complaint):
    features = torch.ones(rows, 3)
    features[-1] = value
    bank = PrototypeBank(torch.eye(3))
    for act in (bank.predict, bank.update, bank.settle, lambda rows: bank.enroll(rows, 0)):
        with pytest.raises(InputError, match=complaint):
            act(features)
    assert bank.count == 0


@pytest.mark.parametrize("features", [torch.ones(3), torch.tensor(1.0), torch.ones(2, 3, 1)])
def test_other_shapes_are_refused(features):
    with pytest.raises(InputError, match="shape"):
        align_two_pass(features, torch.eye(3))
    with pytest.raises(InputError, match="shape"):
        PrototypeBank(torch.eye(3)).predict(features)
    with pytest.raises(InputError, match="at least one class"):
        PrototypeBank(torch.empty(0, 3))

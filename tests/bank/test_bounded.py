"""The bounded mode: fixed memory, any order, and how far it is from exact."""

import math
import tracemalloc

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from bank import Guards, PrototypeBank
from bank.bounded import BINS, BinnedSupport, bin_of
from bank.directions import STEPS


def random(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(0, 60),
    classes=st.integers(1, 8),
    alpha=st.one_of(st.sampled_from([0.0, 0.29, 0.9, 1.0]), st.floats(0, 1)),
    cuts=st.lists(st.integers(0, 60), max_size=6),
)
def test_any_order_and_any_batches_end_at_the_same_bits(seed, count, classes, alpha, cuts):
    features, text = random(seed, count, 6), random(seed + 1, classes, 6)
    features[count // 2 :] = features[: count - count // 2].clone()  # duplicates
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    exact, one, other = (PrototypeBank(text, alpha, m) for m in ("exact", "bounded", "bounded"))
    exact.update(features)
    one.update(features)
    for batch in torch.tensor_split(features[order], sorted(min(c, count) for c in cuts)):
        other.update(batch)
    assert torch.equal(one.prototypes, other.prototypes)
    assert torch.equal(one.support, exact.support)
    assert torch.equal(one.kept, exact.kept)
    if alpha in (0.0, 1.0):  # no bin is cut
        torch.testing.assert_close(one.prototypes, exact.prototypes, atol=1e-6, rtol=0)


def test_it_is_nearly_exact():
    text = F.normalize(random(0, 12, 64), dim=1)
    features = text[torch.arange(6000) % 12] + 1.5 * random(1, 6000, 64) / 8
    exact, bounded, unfiltered = (
        PrototypeBank(text, alpha, mode)
        for alpha, mode in ((0.9, "exact"), (0.9, "bounded"), (1.0, "exact"))
    )
    for bank in (exact, bounded, unfiltered):
        bank.update(features)
    error = (exact.prototypes - bounded.prototypes).norm(dim=1).mean()
    filtering = (exact.prototypes - unfiltered.prototypes).norm(dim=1).mean()
    assert error < 0.2 * filtering  # else it might as well not filter
    assert (exact.settle(features) == bounded.settle(features)).float().mean() > 0.995


@settings(deadline=None)  # the first call compiles
@given(st.floats(0, math.log(200)))
def test_bins_are_ordered_and_none_is_missing(certainty):
    place = bin_of(certainty)
    assert 0 <= place < BINS
    assert bin_of(certainty * 1.3 + 1e-9) <= place


def test_memory_does_not_grow():
    bank = PrototypeBank(random(0, 5, 32), mode="bounded")
    bank.update(random(1, 3000, 32))
    bank.predict(random(2, 1, 32))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for seed in range(20):
        bank.update(random(seed, 1000, 32))
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert bank.count == 23_000
    assert grown < 100_000


@pytest.mark.parametrize("mode", ["bounded", "anchored"])
def test_merging_equals_having_seen_both_to_the_last_bit(mode, tmp_path):
    text, one, two = random(0, 5, 12), random(1, 80, 12), random(2, 60, 12)
    left, right, both = (
        PrototypeBank(text, 0.7, mode, Guards.off() if mode == "anchored" else None)
        for _ in range(3)
    )
    left.update(one)
    right.update(two)
    right.enroll(one[:2], 3)
    before = right.prototypes
    both.update(torch.cat([two, one]))
    both.enroll(one[:2], 3)
    left.merge(right)
    assert torch.equal(left.prototypes, both.prototypes)
    assert torch.equal(right.prototypes, before)
    left.save(tmp_path / "bank.safetensors")
    loaded = PrototypeBank.load(tmp_path / "bank.safetensors", text)
    for bank in (loaded, both):
        bank.update(one[:5] + 0.1)
    assert torch.equal(loaded.prototypes, both.prototypes)
    assert loaded.guards == both.guards


def test_old_votes_fade_and_new_ones_weigh_as_many_as_fit():
    old, new = random(0, 8), random(1, 8)
    rows = [(F.normalize(row, dim=0) * STEPS).round().double().numpy() for row in (old, new)]
    support = BinnedSupport(1.0, 8, 2, memory=50)
    support.add(np.full((200, 4), 0.1), np.tile(rows[0], (200, 1)))
    assert support.assigned == 50
    support.add(np.full((50, 4), 0.1), np.tile(rows[1], (50, 1)))
    assert support.assigned == 50
    mean = support.margin.total / support.kept / STEPS
    share = math.exp(-1)  # of the old ones after as many new ones as fit
    expected = share * F.normalize(old, dim=0) + (1 - share) * F.normalize(new, dim=0)
    torch.testing.assert_close(torch.from_numpy(mean).float(), expected, atol=0.01, rtol=0)


def test_a_class_that_does_not_come_is_not_forgotten():
    text = torch.eye(3, 8)
    bank = PrototypeBank(text, mode="anchored", guards=Guards(memory=20, gate=False, drift=False))
    bank.update(text[:1] + 0.1 * random(0, 10, 8))
    before = bank.prototypes
    bank.update(text[1:2] + 0.1 * random(1, 500, 8))
    assert torch.equal(bank.prototypes[0], before[0])
    assert bank.support.tolist() == [10, 20, 0]


def test_weights_stay_in_range_for_ever():
    support = BinnedSupport(0.9, 4, 2, memory=2)
    row = np.eye(1, 4) * STEPS
    for _ in range(2000):
        support.add(np.full((1, 4), 0.3), row)
    assert 0 < support.vote < 2**21
    assert support.weight == pytest.approx(2)
    assert abs(support.margin.total[0] / support.kept / STEPS - 1) < 1e-6

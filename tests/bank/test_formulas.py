"""Compiled loops do what the same formulas do, written plainly in NumPy and PyTorch."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from bank import InputError, PrototypeBank
from bank.anchored import SHARPNESS, alike, blend, even
from bank.bounded import BINS, BinnedSupport, bin_of
from bank.directions import STEPS, cosines, on_grid, point, stored
from bank.support import kept_count
from bank.texts import ENTROPY, LABEL, SHARP, TIE, ClassTexts


def drawn(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("dimension", [1, 3, 8, 127, 129, 768, 1025])
def test_directions_are_rounded_unit_vectors(dimension):
    rows = drawn(0, 50, dimension) * 10.0 ** drawn(1, 50, 1)
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    assert np.abs(on_grid(rows) - units * STEPS).max() <= 0.5 + 1e-6
    places = np.zeros((3, dimension), np.int32)
    length = point(rows[4], places, 1)
    assert length == pytest.approx(np.linalg.norm(rows[4]))
    assert np.array_equal(places, [np.zeros(dimension), on_grid(rows)[4], np.zeros(dimension)])


def test_states_that_were_saved_keep_their_fingerprint():
    numbers = np.arange(12 * 769) * 2_654_435_761 % 1_000_003 - 500_000
    for dimension, expected in ((7, "c3e98e8a4806e3c7"), (769, "b7371e579fc7e9d0")):
        rows = torch.from_numpy(numbers[: 12 * dimension].reshape(12, dimension) / 7.0)
        assert ClassTexts(rows).fingerprint[:16] == expected


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_one_component_that_is_not_finite_is_refused(value, dtype):
    row = torch.ones(1, 9, dtype=dtype)
    row[0, 5] = value
    bank = PrototypeBank(torch.eye(3, 9), mode="anchored")
    for act in (bank.predict, bank.gate, bank.update, bank.settle):
        with pytest.raises(InputError, match="not finite"):
            act(row)
    assert bank.version == 0


@pytest.mark.parametrize("count", [1, 16, 17, 100])
def test_cosines_of_few_rows_and_of_many_are_the_same(count):
    rows, texts = on_grid(drawn(2, count, 65)), stored(on_grid(drawn(3, 31, 65)))
    together = cosines(rows, texts)
    assert np.array_equal(together, (rows @ texts.T.astype(float)) / STEPS**2)
    for i in range(count):
        assert np.array_equal(cosines(rows[i : i + 1], texts), together[i : i + 1])


def test_readings_are_the_softmax_entropies():
    texts = ClassTexts(torch.from_numpy(drawn(4, 20, 30)), SHARPNESS)
    units = on_grid(drawn(5, 200, 30))
    scores = torch.from_numpy(cosines(units, texts.readers))
    readings = texts.read(units)
    assert np.array_equal(readings[:, LABEL], scores[:, :-1].argmax(dim=1))
    assert np.array_equal(readings[:, TIE], scores[:, -1])
    for column, sharpness in ((ENTROPY, 1.0), (SHARP, SHARPNESS)):
        p = torch.softmax(scores[:, :-1] * sharpness, dim=1)
        expected = -(p * p.log()).sum(dim=1)
        assert np.allclose(readings[:, column], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_the_anchored_rule_is_the_documented_one(seed):
    generator = np.random.default_rng(seed)
    k = int(generator.integers(2, 40))
    n = np.where(generator.random(k) < 0.6, generator.integers(1, 80, k), 0).astype(float)
    length = n * generator.uniform(0.3, 0.95, k)
    c, cosine = generator.uniform(-0.2, 0.3, (2, 50, k))
    products = np.concatenate((c, cosine, np.full((50, 1), 7.0)), axis=1)
    weights, levels = np.stack((n, length, n), axis=1), np.empty((k, 2))
    affinities = generator.uniform(-0.2, 0.3, (k, k)) * (n > 0)[:, None]
    before, any_two = generator.uniform(0.3, 0.9), generator.uniform(0.0, 0.6)
    even(affinities, weights, levels)
    blend(products, weights, levels, before, any_two)
    assert np.array_equal(products[:, :k], c)
    assert (products[:, -1] == 7.0).all()
    if not n.any():
        assert np.array_equal(products[:, k:-1], c)
        return

    pairs, found = n * n - n, np.maximum(length**2 - n, 0)
    common = (found.sum() + 10 * 0.6**2) / (pairs.sum() + 10)
    r_k = np.sqrt((found + 10 * common) / (pairs + 10))
    p = cosine * np.divide(length, n, out=np.zeros(k), where=n > 0) / r_k
    nearer, reach = before - any_two + 0.05, max(common - any_two, 0) + 0.05
    near_before = min(max(nearer / reach, 0), 1)
    assert alike(weights, before, any_two) == pytest.approx(near_before)

    grown = n / (n + 1)
    m_k = grown @ affinities / grown.sum()
    s_k = grown @ affinities**2 / grown.sum() - m_k**2
    m, s = m_k.mean(), s_k.mean()
    shown = max(grown.sum() - 1, 0) / (max(grown.sum() - 1, 0) + 3)
    m_k, s_k = m + shown * (m_k - m), s + shown * (s_k - s)
    c = c + 0.4 * (1 - near_before) * (m + (c - m_k) * np.sqrt((s + 1e-12) / (s_k + 1e-12)) - c)

    r = 0.5 / (1 + (n * (1 - near_before)).mean() / 10)
    a = (1 - r) * n / (n + 1)
    c_mean = (c * a).sum(axis=1, keepdims=True) / a.sum()
    p_mean = (p * a).sum(axis=1, keepdims=True) / a.sum()
    s_c = c.var(axis=1, keepdims=True)
    s_p = ((p - p_mean) ** 2 * a).sum(axis=1, keepdims=True)
    s_p = (s_p + 2 * s_c) / (a.sum() + 2)
    t = (c - c_mean) * np.sqrt(s_p / s_c) + p_mean
    assert np.allclose(products[:, k:-1], a * p + (1 - a) * t, rtol=0, atol=1e-9)


def test_texts_that_are_moved_all_the_way_have_one_level_and_one_spread():
    affinities = drawn(7, 30, 30) * np.linspace(0.02, 0.2, 30) + np.linspace(-0.1, 0.3, 30)
    weights, levels = np.full((30, 3), 1e9), np.empty((30, 2))
    even(affinities, weights, levels)
    moved = affinities * levels[:, 0] + levels[:, 1]
    shown = 29 / 32  # so many classes have evidence
    for of in (np.mean, np.std):
        before, after = of(affinities, axis=0), of(moved, axis=0)
        assert after.std() < 0.4 * before.std()
    own, common = affinities.mean(axis=0), affinities.mean()
    expected = common + (own - common) * (1 - shown) * levels[:, 0]
    assert np.allclose(moved.mean(axis=0), expected)


@pytest.mark.parametrize("memory", [None, 40])
def test_the_margin_is_where_sorting_the_bins_puts_it(memory):
    generator = np.random.default_rng(0)
    support = BinnedSupport(0.7, 5, 10, memory)
    rows = on_grid(drawn(6, 300, 5))
    readings = np.stack([generator.uniform(1.0, math.log(10), 300)] * 4, axis=1)
    votes = np.ones(300)
    for i in range(300):
        support.add(readings[i : i + 1], rows[i : i + 1])
        if i % 7 == 3:
            support.remove(readings[i - 1], rows[i - 1], 1.0 if memory is None else votes[i - 1])
        if i + 1 < 300:
            votes[i + 1] = support.vote
        wanted = kept_count(0.7, round(support.counts.sum() / support.vote)) * support.vote
        total, left = np.zeros(5), wanted
        for place in range(BINS):
            part = min(left / support.counts[place], 1.0) if support.counts[place] > 0 else 0.0
            total += part * support.sums[place]
            left -= part * support.counts[place]
        margin = support.margin
        assert margin.weight == pytest.approx(wanted / support.vote)
        assert np.allclose(margin.total, total / support.vote, atol=1e-6 * STEPS)
    place = bin_of(math.log(10) - readings[-1, 0])
    assert support.counts[place] > 0


def test_gate_and_watch_are_running_means_and_a_rank():
    dimension, classes = 24, 5
    generator = torch.Generator().manual_seed(3)
    text = torch.randn(classes, dimension, generator=generator)
    features = text[torch.randint(classes, (400,), generator=generator)]
    features = features + 1.2 * torch.randn(400, dimension, generator=generator)
    bank = PrototypeBank(text, mode="anchored")
    text_says = PrototypeBank(text, mode="text")
    sums: list[float] = []
    mean, spread = np.zeros(2), np.zeros(2)
    share, disagreement, residual = np.zeros(classes), 0.0, np.zeros(dimension)
    for number, row in enumerate(features[:200].split(1), 1):
        answer, plain = bank.predict(row)[0], text_says.predict(row)[0]
        best = np.array([plain.max(), answer.max()], float)
        place = np.clip(((best - mean) / np.sqrt(spread + 1e-12)).sum(), -6, 6) * (number > 2)
        rank = float(bank.gate(row).score)
        if number > 1:  # to a bin of the histogram
            low, high = (np.mean([s <= place + d for s in sums]) for d in (-0.1, 0.1))
            assert low - 1e-6 <= rank <= high + 1e-6
        sums.append(place)
        away = best - mean
        mean = mean + away / number
        spread = spread + (away * (best - mean) - spread) / number
        mine = int(answer.argmax())
        share = share + (np.eye(classes)[mine] - share) / number
        disagreement += (float(mine != int(plain.argmax())) - disagreement) / number
        references = bank._evidence.references()
        votes, length, _ = references.weights[mine]
        if votes >= 2:
            unit = F.normalize(row.double(), dim=1)[0].numpy()
            mean_direction = references.directions[mine] / STEPS * length / votes
            residual = residual + (unit - mean_direction - residual) / number
        bank.update(row)
        health = bank.health
        assert health.share == pytest.approx(share.max())
        assert health.disagreement == pytest.approx(disagreement)
        assert health.drift == pytest.approx(np.linalg.norm(residual), abs=1e-6)

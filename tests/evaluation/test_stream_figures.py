"""The evaluation answers before it learns, counts what it should, and judges by the bars."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from bank import align_two_pass
from bank.errors import InputError
from train.evaluation.streams.bars import bars, gain
from train.evaluation.streams.contenders import CONTENDERS, chosen, guarded, other_guards
from train.evaluation.streams.features import FeatureSet
from train.evaluation.streams.orders import Stream
from train.evaluation.streams.progressive import (
    Figures,
    evaluate_stream,
    progressive,
    worst_tenth,
)
from train.evaluation.streams.relatives import T3A, TDA, RunningMean
from train.evaluation.streams.synthetic import Recipe, synthetic

DATA = synthetic(Recipe(samples=12, dimension=32, subspace=8, noise=1.5))
TEXT = torch.eye(3, 4)


class Parrot:
    """Says of every sample what the last one was nearest to; class 2 before there was any."""

    def __init__(self):
        self.last = 2

    def predict(self, features):
        return F.one_hot(torch.tensor([self.last] * len(features)), 3).double()

    def suspicion(self, features):
        return features[:, 3]

    def update(self, features, segments):
        assert features.shape == (1, 4) and segments.shape == (1,)
        self.last = int(features[0, :3].argmax())

    def settle(self, features):
        return torch.full((len(features),), self.last)


def test_it_answers_before_it_learns():
    labels = torch.tensor([0, 0, 1, 1])
    stream = Stream(TEXT[labels], labels, torch.arange(4))
    answers = progressive(stream, Parrot())
    assert answers.first.tolist() == [2, 0, 0, 1]
    assert answers.settled.tolist() == [1, 1, 1, 1]
    assert len(answers.suspicion) == 0


def test_figures_of_a_case_that_can_be_counted():
    labels = torch.tensor([0] * 5)
    data = FeatureSet(TEXT[labels], labels, TEXT, ("a", "b", "c"))
    figures = evaluate_stream(data, "iid", {"parrot": lambda _: Parrot()}, orders=2)
    own = figures["parrot"]
    assert own.whole.tolist() == [0.8, 0.8]  # all but the first
    assert own.second_half.tolist() == [1.0, 1.0]
    assert own.settled.tolist() == [1.0, 1.0]
    assert own.cumulative.shape == (2, 50)
    assert own.cumulative[0, 0] == 0 and own.cumulative[0, -1] == 0.8
    assert own.windowed[0, 0] == 0 and own.windowed[0, -1] == 1
    assert np.isnan(own.auroc).all()
    assert figures["text"].whole.tolist() == [1.0, 1.0]


def test_per_class_accuracy_is_not_that_of_the_most_frequent_class():
    features = torch.cat([TEXT[[0] * 9], TEXT[[1]]])
    data = FeatureSet(features, torch.tensor([0] * 9 + [2]), TEXT, ("a", "b", "c"))
    text = evaluate_stream(data, "iid", {}, orders=1)["text"]
    assert text.whole[0] == pytest.approx(0.9)
    assert text.per_class[0] == pytest.approx(0.5)


def test_unknown_samples_are_told_apart_but_not_counted():
    strangers = torch.tensor([[0.0, 0.0, 0.6, 0.8]] * 3)
    data = FeatureSet(
        torch.cat([TEXT[[0, 1, 2] * 3], strangers]),
        torch.tensor([0, 1, 2] * 3 + [-1] * 3),
        TEXT,
        ("a", "b", "c"),
    )
    figures = evaluate_stream(data, "unknown", {"parrot": lambda _: Parrot()}, orders=2)
    assert figures["text"].whole.tolist() == [1.0, 1.0]
    assert figures["text"].auroc.tolist() == [1.0, 1.0]
    assert figures["parrot"].auroc.tolist() == [1.0, 1.0]


def test_the_exact_bank_settles_where_two_passes_end():
    for name in ("iid", "classes", "unknown"):
        figures = evaluate_stream(DATA, name, chosen(["exact"]), orders=2)
        assert figures["exact"].settled.tolist() == figures["two-pass"].settled.tolist()
    known = DATA.known
    truth = DATA.labels[known]
    ceiling = align_two_pass(DATA.features[known], DATA.text).predictions
    assert gain(evaluate_stream(DATA, "iid", {}, orders=1)) == pytest.approx(
        float((ceiling == truth).double().mean())
        - float(
            (align_two_pass(DATA.features[known], DATA.text).pseudo_labels == truth).double().mean()
        )
    )


def test_all_contenders_and_all_guards_run():
    makers = {**CONTENDERS, **{name: guarded(guards) for name, guards in other_guards().items()}}
    figures = evaluate_stream(DATA, "unknown", makers, orders=1)
    assert set(figures) == {"text", "two-pass", *makers}
    assert all(0.0 < own.whole[0] < 1.0 and 0.0 < own.auroc[0] < 1.0 for own in figures.values())
    with pytest.raises(InputError, match="no contender 'oracle'; there are exact"):
        chosen(["oracle"])


def test_worst_tenth():
    assert worst_tenth(np.arange(20.0)) == 0.5
    assert worst_tenth(np.arange(5.0)) == 0.0


def unit(*values):
    return F.normalize(torch.tensor([values]), dim=1)


def test_running_mean_is_the_mean_of_what_the_texts_give_a_class():
    mean = RunningMean(torch.eye(2, 3), 0.1)
    assert torch.allclose(mean.predict(unit(1.0, 0.0, 0.0)), torch.tensor([[1.0, 0.0]]).double())
    rows = torch.cat([unit(1.0, 0.0, 2.0), unit(2.0, 0.0, -1.0)])
    mean.update(rows)
    expected = F.normalize(rows.double().sum(dim=0), dim=0)
    found = mean.predict(torch.eye(3))[:, 0]
    assert torch.allclose(found, expected, atol=1e-6)
    assert float(mean.predict(unit(0.0, 1.0, 0.0))[0, 1]) == pytest.approx(1)  # still its text


def test_t3a_keeps_the_most_certain_and_begins_with_the_text():
    t3a = T3A(torch.eye(2, 3), 0.5, filter_size=2)
    sure, unsure = unit(2.0, 0.0, 1.0), unit(2.0, 1.0, 0.0)
    t3a.update(unsure)
    t3a.update(sure)  # takes the place of the unsure one, beside the text
    expected = F.normalize((sure[0] + torch.tensor([1.0, 0.0, 0.0])).double(), dim=0)
    assert torch.allclose(t3a.predict(torch.eye(3))[:, 0], expected, atol=1e-6)


def test_tda_adds_the_votes_of_its_cache():
    tda = TDA(torch.eye(2, 3), 0.1)
    probe, sample = unit(1.0, 1.0, 1.0), unit(3.0, 0.0, 1.0)
    before = tda.predict(probe)
    tda.update(sample)
    affinity = 2 * math.exp(-5 * (1 - float((probe * sample).sum())))
    assert torch.allclose(
        tda.predict(probe) - before, torch.tensor([[affinity, 0.0]]).double(), atol=1e-5
    )


def made_up(whole, second_half=None, settled=None):
    whole = np.array(whole)
    none = np.full((len(whole), 50), np.nan)
    half = whole if second_half is None else np.array(second_half)
    last = whole if settled is None else np.array(settled)
    return Figures(whole, half, last, whole, np.full(len(whole), np.nan), none, none)


def test_bars_are_judged_as_the_issue_has_them():
    results = {
        "iid": {
            "text": made_up([0.30, 0.30]),
            "two-pass": made_up([0.40, 0.40]),
            "mine": made_up([0.38, 0.40], [0.38, 0.40], [0.40, 0.40]),
        },
        "unknown": {
            "text": made_up([0.30, 0.30]),
            "two-pass": made_up([0.40, 0.40]),
            "mine": made_up([0.26, 0.40]),
        },
    }
    found = {f"{bar.stream} {bar.says}": bar for bar in bars(results, "mine")}
    assert found["iid kept, whole stream"].value == pytest.approx(0.9)
    assert found["iid kept, whole stream"].passed
    assert not found["iid kept, second half"].passed
    assert found["iid kept, settled"].passed
    assert found["unknown against text, mean"].passed
    assert found["unknown against text, worst order"].value == pytest.approx(-0.04)
    assert not found["unknown against text, worst order"].passed
    assert found["unknown against iid"].value == pytest.approx(-0.06)
    assert not found["unknown against iid"].passed
    assert len(found) == 6

"""Streams hold the samples they say, in the order they say."""

import pytest
import torch

from bank.errors import InputError
from train.evaluation.streams.features import FeatureSet
from train.evaluation.streams.orders import make_stream, standard_streams, stream_names
from train.evaluation.streams.synthetic import Recipe, synthetic

DATA = synthetic(Recipe(classes=8, samples=30, dimension=16, subspace=6, unknown_classes=4))
CORRELATED = ("dirichlet-0.1", "dirichlet-0.01", "dirichlet-0.001", "classes")


def changes(stream):
    """How often the class changes from one sample to the next."""
    return int((stream.labels[1:] != stream.labels[:-1]).sum())


@pytest.mark.parametrize("name", ["iid", "drift", *CORRELATED])
def test_every_known_sample_comes_once(name):
    stream = make_stream(name, DATA, 3)
    assert sorted(stream.indices.tolist()) == DATA.known.nonzero()[:, 0].tolist()
    assert torch.equal(stream.labels, DATA.labels[stream.indices])


@pytest.mark.parametrize("name", stream_names())
def test_a_seed_is_an_order(name):
    first, again, other = (make_stream(name, DATA, seed) for seed in (5, 5, 6))
    assert torch.equal(first.features, again.features)
    assert torch.equal(first.indices, again.indices)
    assert not torch.equal(first.indices, other.indices)
    assert torch.allclose(first.features.norm(dim=1), torch.ones(len(first)), atol=1e-5)


def test_classes_follow_each_other_the_more_the_smaller_gamma():
    count = {
        name: sum(changes(make_stream(name, DATA, seed)) for seed in range(10)) / 10
        for name in ("iid", *CORRELATED)
    }
    expected = (len(DATA.known.nonzero()) - 1) * 7 * 30 / 239  # pairs that differ, by chance
    assert count["iid"] == pytest.approx(expected, rel=0.05)
    assert count["classes"] == 7
    assert 7 <= count["dirichlet-0.001"] < 9
    assert count["dirichlet-0.001"] <= count["dirichlet-0.01"] < count["dirichlet-0.1"] < 40


def test_half_the_classes_never_come():
    stream = make_stream("absent", DATA, 0)
    there = set(stream.labels.tolist())
    assert len(there) == 4
    assert len(stream) == sum(int((DATA.labels == k).sum()) for k in there)


def test_three_in_ten_are_unknown_and_the_others_come_as_in_iid():
    stream = make_stream("unknown", DATA, 2)
    unknown = stream.labels < 0
    assert float(unknown.double().mean()) == pytest.approx(0.3, abs=0.005)
    assert torch.equal(stream.indices[~unknown], make_stream("iid", DATA, 2).indices)
    assert len(set(stream.indices.tolist())) == len(stream)
    half = unknown[: len(unknown) // 2].double().mean()
    assert 0.2 < half < 0.4  # mixed in, not at one end


def test_drift_moves_the_second_half_only_and_all_of_it_alike():
    still, moved = make_stream("iid", DATA, 1), make_stream("drift", DATA, 1)
    half = len(still) // 2
    assert torch.equal(still.indices, moved.indices)
    assert torch.equal(still.features[:half], moved.features[:half])
    shift = moved.features[half:] - still.features[half:]
    assert float(shift.norm(dim=1).min()) > 0.05
    assert float(torch.nn.functional.cosine_similarity(shift, shift.mean(0)[None]).mean()) > 0.8


def test_windows_are_near_duplicates_in_a_row():
    stream = make_stream("windows", DATA, 0)
    ids, counts = torch.unique_consecutive(stream.indices, return_counts=True)
    assert sorted(ids.tolist()) == DATA.known.nonzero()[:, 0].tolist()
    assert int(counts.min()) == 1 and int(counts.max()) == 7
    own = torch.nn.functional.normalize(DATA.features[stream.indices], dim=1)
    assert float((stream.features * own).sum(dim=1).min()) > 0.95


def test_what_cannot_be_streamed_is_refused():
    known = FeatureSet(DATA.features[:240], DATA.labels[:240], DATA.text, DATA.classes)
    with pytest.raises(InputError, match="no unknown actions"):
        make_stream("unknown", known, 0)
    with pytest.raises(InputError, match="no stream 'sideways'; there are iid"):
        make_stream("sideways", known, 0)
    assert standard_streams()[0] == "iid" and len(standard_streams()) == 8

"""Feature files of real clips: a fold's test clips, and held-out clips to choose rules on."""

import tarfile

import pytest
import torch
import torch.nn.functional as F
from typer.testing import CliRunner

from apps.bench import app
from bank.errors import InputError
from train.data.protocols import load_fold
from train.data.readers import reader
from train.data.store import Store, build_store
from train.data.vocabularies import label_map
from train.evaluation.streams.export import fold_features, held_out_features
from train.model import BUNDLED_CHECKPOINT, load_checkpoint
from train.training.samples import split_of

UNSEEN = set(load_fold("open/1").unseen)


@pytest.fixture(scope="module")
def place(shared, tmp_path_factory):
    """A store of MSR-Action3D, the smallest of the six sets, whole."""
    folder = tmp_path_factory.mktemp("msr")
    with tarfile.open(shared / "data/raw/msr_action3d.tar.xz") as packed:
        packed.extractall(folder / "raw", filter="data")
    build_store(
        folder / "store",
        reader("msr-action3d"),
        folder / "raw",
        label_map=label_map("open", "msr-action3d"),
        progress=False,
    )
    return folder / "store"


@pytest.fixture(scope="module")
def store(place):
    return Store.open(place)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def test_test_clips_are_known_and_held_out_ones_strangers(store, cache):
    data = fold_features(BUNDLED_CHECKPOINT, store, cache=cache)
    split = split_of(store, "open/1")
    assert data.classes and set(data.classes) <= UNSEEN
    assert int(data.known.sum()) == len(split.test)
    assert len(data.labels) == len(split.test) + len(split.held_out)
    for label, action in zip(data.labels.tolist(), data.actions, strict=True):
        assert data.classes[label] == action if label >= 0 else action not in data.classes
    alone = fold_features(BUNDLED_CHECKPOINT, store, unknowns=False, cache=cache)
    assert torch.equal(alone.features, data.features[data.known])


def test_a_rule_is_chosen_on_seen_classes_with_other_texts(store, cache):
    data = held_out_features(BUNDLED_CHECKPOINT, store, "name", 5, draw=1, cache=cache)
    trained_on = set(load_checkpoint(BUNDLED_CHECKPOINT)[1].classes)
    assert len(data.classes) == 5 and set(data.classes) <= trained_on
    assert not set(data.actions) & UNSEEN
    assert len(data.labels) == len(split_of(store, "open/1").held_out)
    counts = torch.bincount(data.labels[data.known], minlength=5)
    assert int(counts.min()) >= 8
    own = held_out_features(BUNDLED_CHECKPOINT, store, "skeleton", 5, draw=1, cache=cache)
    assert own.classes == data.classes and torch.equal(own.features, data.features)
    # The style that it was trained on is right more often than another one.
    right = [
        ((F.normalize(s.features, dim=1) @ F.normalize(s.text, dim=1).T).argmax(1) == s.labels)
        for s in (own, data)
    ]
    assert int(right[0].sum()) > int(right[1].sum())
    other = held_out_features(BUNDLED_CHECKPOINT, store, "name", 5, draw=2, cache=cache)
    assert other.classes != data.classes


@pytest.mark.parametrize(
    ("style", "classes", "says"),
    [("name", 80, "classes were asked for"), ("name", 1, "from 2"), ("rhyme", 4, "style 'rhyme'")],
)
def test_what_cannot_be_drawn_is_said(store, cache, style, classes, says):
    with pytest.raises(InputError, match=says):
        held_out_features(BUNDLED_CHECKPOINT, store, style, classes, cache=cache)


def test_the_command_writes_such_a_file(place, tmp_path):
    out = tmp_path / "development.features"
    done = CliRunner().invoke(
        app,
        ["features", str(place), "--held-out", "name", "--classes", "4", "--out", str(out)],
    )
    assert done.exit_code == 0 and "of 4 classes" in done.output and out.is_file()

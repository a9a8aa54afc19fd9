"""OpenKinect-ZSL: the folds obey their rules and are those that the seed draws."""

import json
import tarfile
from collections import Counter
from importlib.resources import files

import pytest

from bank.errors import InputError
from train.data.protocols import load_fold
from train.data.protocols.draw import LEAST_CLIPS, UNSEEN, draw_folds
from train.data.readers import reader
from train.data.vocabularies import datasets_of, label_map, near_synonyms

EMPTY = {("msr-action3d", "a13_s09_e02_skeleton3D")}  # all zeros: no frame holds a body
FOLDS = ("open/1", "open/2", "open/3")


@pytest.fixture(scope="module")
def clips(shared, tmp_path_factory):
    """(label, dataset, subject) of every usable clip."""
    found = []
    for dataset in datasets_of("open"):
        folder = tmp_path_factory.mktemp(dataset)
        with tarfile.open(shared / "data" / "raw" / f"{dataset.replace('-', '_')}.tar.xz") as tar:
            tar.extractall(folder, filter="data")
        labels = label_map("open", dataset)
        found += [
            (labels[source.label], dataset, source.subject)
            for source in reader(dataset).find(folder)
            if (dataset, source.name) not in EMPTY
        ]
    return list(zip(*found, strict=True))


def test_there_are_5118_usable_clips(clips):
    assert len(clips[0]) == 5118


def test_the_folds_are_those_that_the_seed_draws(clips):
    stored = json.loads((files("train.data.protocols") / "open.json").read_text())
    assert draw_folds(*clips, near_synonyms("open")) == stored


@pytest.mark.parametrize("name", FOLDS)
def test_rules(clips, name):
    labels, datasets, subjects = clips
    fold, split = load_fold(name), load_fold(name).split(*clips)
    assert len(split.unseen) == UNSEEN
    assert not set(split.seen) & set(split.unseen)
    assert not set(split.seen) & set(fold.dropped)
    assert min(Counter(labels[i] for i in split.test).values()) >= LEAST_CLIPS
    for a, b in near_synonyms("open"):
        assert not (a in split.unseen and b in split.seen)
        assert not (b in split.unseen and a in split.seen)
    people = {p: {(datasets[i], subjects[i]) for i in getattr(split, p)} for p in ("train", "test")}
    assert not {p for p in people["train"] & people["test"] if p[1]}
    assert not set(split.train.tolist()) & set(split.held_out.tolist())


def test_unknown_folds_are_named():
    with pytest.raises(InputError, match="no protocol is called 'closed'"):
        load_fold("closed/1")
    with pytest.raises(InputError, match="has no fold '9'"):
        load_fold("open/9")

"""A whole set held out: all of it tests, nothing of it trains, unseen means unseen."""

import json
from importlib.resources import files

import pytest

from train.data.protocols import load_fold
from train.data.protocols.draw import hold_out
from train.data.vocabularies import datasets_of, label_map, near_synonyms

HELD_OUT = ("utd-mhad", "kard")


@pytest.mark.parametrize("dataset", HELD_OUT)
def test_the_fold_follows_from_the_tables(dataset):
    labels = {name: set(label_map("open", name).values()) for name in datasets_of("open")}
    stored = json.loads((files("train.data.protocols") / "holdout.json").read_text())
    assert stored["folds"][dataset] == hold_out(dataset, labels, near_synonyms("open"))


@pytest.mark.parametrize("dataset", HELD_OUT)
def test_every_clip_of_the_set_tests_and_none_trains(clips, dataset):
    labels, datasets, _ = clips
    split = load_fold(f"holdout/{dataset}").split(*clips)
    tested = sorted([*split.test.tolist(), *split.test_seen.tolist()])
    assert tested == [i for i, name in enumerate(datasets) if name == dataset]
    assert dataset not in {datasets[i] for i in [*split.train, *split.held_out]}
    assert {labels[i] for i in tested} == set(label_map("open", dataset).values())


@pytest.mark.parametrize("dataset", HELD_OUT)
def test_seen_and_unseen_labels_are_apart(clips, dataset):
    labels, datasets, subjects = clips
    fold = load_fold(f"holdout/{dataset}")
    split = fold.split(*clips)
    assert {labels[i] for i in split.test_seen} == set(split.tested_seen)
    assert split.tested_seen == fold.tested_seen
    assert set(split.tested_seen) <= set(split.seen)
    assert split.unseen == tuple(sorted(fold.unseen))
    trained = {labels[i] for i in [*split.train, *split.held_out]}
    assert not trained & {*split.unseen, *fold.dropped}
    for a, b in near_synonyms("open"):
        assert not (a in split.unseen and b in trained)
        assert not (b in split.unseen and a in trained)
    train, held_out = (
        {(datasets[i], subjects[i]) for i in part} for part in (split.train, split.held_out)
    )
    assert held_out and not train & held_out


def test_a_near_synonym_within_the_set_becomes_unseen_with_its_own():
    labels = {"a": ["hop", "jump", "leap", "sit"], "b": ["jump", "leap", "bounce", "sit"]}
    pairs = [("hop", "jump"), ("leap", "jump"), ("leap", "bounce")]
    assert hold_out("a", labels, pairs) == {
        "unseen": ["hop", "jump", "leap"],
        "dropped": ["bounce"],
    }

"""OpenKinect-ZSL: the folds obey their rules and are those that the seed draws."""

import json
from collections import Counter
from importlib.resources import files

import pytest

from bank.errors import InputError
from train.data.protocols import load_fold
from train.data.protocols.draw import LEAST_CLIPS, UNSEEN, draw_development, draw_folds
from train.data.vocabularies import near_synonyms

FOLDS = ("open/1", "open/2", "open/3")


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


def test_development_folds_are_drawn_from_what_no_reported_fold_leaves_unseen(clips):
    stored = json.loads((files("train.data.protocols") / "open-dev.json").read_text())
    reported = {label for name in FOLDS for label in load_fold(name).unseen}
    assert draw_development(clips[0], near_synonyms("open"), reported) == stored
    for number in stored["folds"]:
        split = load_fold(f"open-dev/{number}").split(*clips)
        assert len(split.unseen) == UNSEEN
        assert not set(split.unseen) & reported
        assert not set(split.unseen) & set(split.seen)


def test_other_sets_stay_out(clips):
    labels, datasets, subjects = (list(column) for column in clips)
    other = (["walk"], ["bvh"], ["1"])
    more = [a + b for a, b in zip((labels, datasets, subjects), other, strict=True)]
    assert len(load_fold("open/1").split(*more).train) == len(
        load_fold("open/1").split(*clips).train
    )


def test_unknown_folds_are_named():
    with pytest.raises(InputError, match="no protocol is called 'closed'"):
        load_fold("closed/1")
    with pytest.raises(InputError, match="has no fold '9'"):
        load_fold("open/9")

"""The published protocols, on made-up tables with every class, subject and set."""

import json
from collections import Counter

import pytest

from bank.errors import InputError
from train.data.protocols import Fold, fold_names, load_fold, protocol_names
from train.data.readers.published import actions, training_subjects

KEYS = {"ntu60": ("ntu60", 60), "ntu120": ("ntu120", 120), "pku": ("pku-mmd", 51)}
SETTINGS = [
    fold for name in protocol_names() if name.startswith("setting") for fold in fold_names(name)
]
ONE_SHOT = [f"one-shot-{key}" for key in KEYS]


def names_of(key):
    """Labels of a set in the order of their numbers."""
    table = actions("pku_actions.txt" if key == "pku" else "ntu_actions.txt")
    return [table[number] for number in range(1, KEYS[key][1] + 1)]


def columns(*keys):
    """Labels, datasets, subjects, clips: two views of each class by two trainers, two testers."""
    rows = []
    for key in keys:
        dataset = KEYS[key][0]
        trainers = ["008", "001"] if key != "pku" else ["0001", "0364"]
        testers = ["003", "006"] if key != "pku" else ["0291", "0334"]
        for number, label in enumerate(names_of(key), start=1):
            for subject in trainers + testers:
                for view in (3, 1):
                    if key == "pku":
                        clip = f"{subject}-{'LMR'[view - 1]}-{number:02}"
                    else:
                        setup = 1 if number <= 60 else 18
                        clip = f"S{setup:03}C{view:03}P{subject}R001A{number:03}"
                    rows.append((label, dataset, subject, clip))
    return [list(column) for column in zip(*rows, strict=True)]


def test_unseen_classes_are_the_published_ones(shared):
    facts = json.loads((shared / "reference" / "splits.json").read_text())
    wanted = {
        f"{part}-{key}/{fold.replace('/', '-')}": {names_of(key)[i] for i in numbers}
        for part in ("setting1", "setting2")
        for key, folds in facts[part].items()
        if key in KEYS
        for fold, numbers in folds.items()
    }
    assert {name: set(load_fold(name).unseen) for name in SETTINGS} == wanted
    for key in KEYS:
        unseen = {names_of(key)[i] for i in facts["one_shot"][key]}
        assert set(load_fold(f"one-shot-{key}/1").unseen) == unseen


def test_numbers_count_from_zero():
    assert load_fold("setting1-ntu60/1").unseen[0] == actions("ntu_actions.txt")[5] == "drop"


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_divide_by_class_and_by_published_subjects(name):
    key = name.partition("/")[0].partition("-")[2]
    dataset, classes = KEYS[key]
    labels, datasets, subjects, _ = columns(*KEYS)
    fold = load_fold(name)
    split = fold.split(labels, datasets, subjects)
    trainers = training_subjects(dataset)
    for part, unseen, trains in (
        (split.train, False, True),
        (split.held_out, False, False),
        (split.test, True, False),
    ):
        wanted = [
            i
            for i, label in enumerate(labels)
            if datasets[i] == dataset
            and (label in fold.unseen) == unseen
            and (subjects[i] in trainers) == trains
        ]
        assert part.tolist() == wanted
    assert len(split.seen) + len(split.unseen) == classes
    assert not len(split.test_seen) and not len(split.exemplars)


@pytest.mark.parametrize("protocol", ONE_SHOT)
def test_one_exemplar_of_each_unseen_class_by_a_training_subject(protocol):
    labels, datasets, subjects, clips = columns(*KEYS)
    split = load_fold(f"{protocol}/1").split(labels, datasets, subjects, clips)
    trainers = training_subjects(KEYS[protocol.removeprefix("one-shot-")][0])
    assert tuple(labels[i] for i in split.exemplars) == split.unseen
    assert all(subjects[i] in trainers for i in split.exemplars)
    assert not {subjects[i] for i in split.test} & trainers
    assert not set(split.exemplars.tolist()) & {*split.train.tolist(), *split.test.tolist()}


@pytest.mark.parametrize("protocol", ONE_SHOT)
def test_the_fold_all_trains_and_tests_on_all_other_clips(protocol):
    labels, datasets, subjects, clips = columns(*KEYS)
    fold = load_fold(f"{protocol}/all")
    split = fold.split(labels, datasets, subjects, clips)
    parts = Counter([*split.train.tolist(), *split.test.tolist(), *split.exemplars.tolist()])
    assert sorted(parts) == [i for i, name in enumerate(datasets) if name in fold.test_sets]
    assert set(parts.values()) == {1} and not len(split.held_out)
    assert {labels[i] for i in split.train}.isdisjoint(fold.unseen)


def test_exemplars_are_the_published_samples_or_the_first_by_name():
    labels, datasets, subjects, clips = columns(*KEYS)
    ntu = load_fold("one-shot-ntu120/1").split(labels, datasets, subjects, clips)
    wanted = {f"S{1 if n <= 60 else 18:03}C003P008R001A{n:03}" for n in range(1, 121, 6)}
    assert {clips[i] for i in ntu.exemplars} == wanted
    assert {datasets[i] for i in ntu.exemplars} == {"ntu120"}
    pku = load_fold("one-shot-pku/1").split(labels, datasets, subjects, clips)
    assert {clips[i][:6] for i in pku.exemplars} == {"0001-L"}


def test_a_missing_exemplar_is_named():
    rows = [row for row in zip(*columns("ntu60"), strict=True) if row[3] != "S001C003P008R001A007"]
    with pytest.raises(InputError, match=r"no exemplar clip of 'throw' \(S001C003P008R001A007\)"):
        load_fold("one-shot-ntu60/1").split(*zip(*rows, strict=True))
    with pytest.raises(InputError, match="names of the clips are needed"):
        load_fold("one-shot-ntu60/1").split(*columns("ntu60")[:3])


@pytest.mark.parametrize("number", "123")
@pytest.mark.parametrize(("source", "target"), [("ntu60", "pku"), ("pku", "ntu60")])
def test_across_sets(source, target, number):
    table = columns("ntu60", "pku")
    labels = table[0]
    split = load_fold(f"cross-{source}-{target}/{number}").split(*table)
    alone = load_fold(f"setting1-{source}/{number}").split(*table)
    tested = load_fold(f"setting1-{target}/{number}").split(*table)
    assert split.train.tolist() == alone.train.tolist()
    assert split.held_out.tolist() == alone.held_out.tolist()
    assert sorted([*split.test, *split.test_seen]) == tested.test.tolist()
    assert {labels[i] for i in split.test_seen} == set(split.tested_seen) <= set(split.seen)
    assert len(split.tested_seen) + len(split.unseen) == 5
    assert {labels[i] for i in split.test}.isdisjoint(split.seen)


def test_most_classes_tested_across_sets_are_trained_on_by_name():
    seen = {
        name: len(load_fold(name).tested_seen)
        for protocol in ("cross-ntu60-pku", "cross-pku-ntu60")
        for name in fold_names(protocol)
    }
    assert list(seen.values()) == [5, 4, 5, 4, 3, 4]


def test_a_store_without_the_set_is_told_what_it_needs():
    with pytest.raises(InputError, match="build the store from all its sets: ntu120"):
        load_fold("setting2-ntu120/96-24").split(*columns("pku"))


def test_all_folds_load_under_their_own_names():
    folds = [load_fold(name) for protocol in protocol_names() for name in fold_names(protocol)]
    assert len(folds) == 33
    assert all(isinstance(fold, Fold) for fold in folds)
    assert len({fold.name for fold in folds}) == len(folds)
    assert all(set(fold.unseen).isdisjoint({*fold.dropped, *fold.tested_seen}) for fold in folds)

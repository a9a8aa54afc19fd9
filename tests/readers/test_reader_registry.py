"""Readers are found by name, and a folder of the wrong set is told so."""

import pickle

import pytest

from bank.errors import InputError
from train.data.readers import ClipSource, reader, reader_names
from train.data.readers.published import training_subjects

NAMES = [
    "bvh",
    "gtu3d",
    "kard",
    "kinder-gator",
    "msr-action3d",
    "msrc12",
    "ntu120",
    "ntu60",
    "nw-ucla",
    "pku-mmd",
    "utd-mhad",
]


def test_all_readers_are_found_by_name():
    assert reader_names() == NAMES
    assert all(reader(name).name == name for name in NAMES)


def test_unknown_reader_names_the_known_ones():
    with pytest.raises(InputError, match=r"no reader is called 'ntu'; there are: bvh, gtu3d"):
        reader("ntu")


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_another_set_is_refused(name, tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"\xff\xd8")
    with pytest.raises(InputError, match=rf"not {name}: no file in it has a name like"):
        reader(name).find(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        reader(name).find(tmp_path / "missing")


@pytest.mark.parametrize("name", NAMES)
def test_readers_and_sources_can_be_sent_to_other_processes(name):
    source = ClipSource(__import__("pathlib").Path("x"), "x", "y", start=1, end=2)
    assert pickle.loads(pickle.dumps(source)) == source
    assert hash(source) == hash(pickle.loads(pickle.dumps(source)))
    assert pickle.loads(pickle.dumps(reader(name))).name == name


def test_published_training_subjects():
    assert len(training_subjects("ntu60")) == 20
    assert len(training_subjects("ntu120")) == 53
    assert training_subjects("ntu60") < training_subjects("ntu120")
    pku = training_subjects("pku-mmd")
    assert "0290" in pku
    assert "0335" in pku
    assert not {"0291", "0334"} & pku
    with pytest.raises(InputError, match="kard: no published"):
        training_subjects("kard")


def test_ntu60_subjects_are_those_of_the_reference(shared):
    import json

    splits = json.loads((shared / "reference/splits.json").read_text())
    expected = {f"{subject:03}" for subject in splits["ntu60_train_subjects"]}
    assert training_subjects("ntu60") == expected

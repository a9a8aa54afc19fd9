"""Damaged bytes give a clip or an InputError, quickly: never anything else."""

import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_files import bvh_text, people, pku_text, skeleton_text

from bank.errors import InputError
from train.data.readers import ClipSource, reader
from train.skeletons.clip import Clip

FUZZ = settings(
    max_examples=120,
    deadline=5000,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TOKENS = [
    b"-1",
    b"0",
    b"999999999",
    b"1e308",
    b"nan",
    b"\r",
    b"\n",
    b" ",
    b"\0",
    b"\xff",
    b",",
    b"25",
]

edits = st.lists(
    st.tuples(
        st.sampled_from(["cut", "drop", "put", "swap", "repeat"]),
        st.floats(0, 1),
        st.integers(1, 400),
        st.sampled_from(TOKENS),
    ),
    min_size=1,
    max_size=4,
)


def damaged(data, changes):
    for kind, where, length, token in changes:
        start = int(where * len(data))
        stop = start + length
        if kind == "cut":
            data = data[:start]
        elif kind == "drop":
            data = data[:start] + data[stop:]
        elif kind == "put":
            data = data[:start] + token + data[start:]
        elif kind == "swap":
            data = data[:start] + token + data[start + len(token) :]
        else:
            data = data[:stop] + data[start:]
    return data


def read_or_refuse(name, source):
    try:
        clip = reader(name).read(source)
    except InputError as error:
        assert "\n" not in str(error)
        return
    assert isinstance(clip, Clip)
    finite = clip.joints[np.isfinite(clip.joints)]
    assert np.abs(finite).max() < 1000


WHOLE = {
    "ntu120": skeleton_text(list(people(3, 2))).encode(),
    "pku-mmd": pku_text(people(6, 2)).encode(),
    "bvh": bvh_text([{}, {}, {}]).encode(),
}


@pytest.mark.parametrize("name", WHOLE)
def test_the_undamaged_files_are_read(tmp_path, name):
    (tmp_path / "file").write_bytes(WHOLE[name])
    reader(name).read(ClipSource(tmp_path / "file", "file", ""))


@pytest.mark.parametrize("name", WHOLE)
@FUZZ
@given(changes=edits)
def test_damaged_made_up_files(tmp_path, name, changes):
    (tmp_path / "file").write_bytes(damaged(WHOLE[name], changes))
    read_or_refuse(name, ClipSource(tmp_path / "file", "file", "", start=0, end=3))


@pytest.mark.parametrize("name", WHOLE)
@FUZZ
@given(data=st.binary(max_size=400))
def test_any_bytes(tmp_path, name, data):
    (tmp_path / "file").write_bytes(data)
    read_or_refuse(name, ClipSource(tmp_path / "file", "file", ""))


@settings(FUZZ, max_examples=25)
@given(changes=edits)
def test_damaged_real_skeleton_files(shared, tmp_path, changes):
    real = shared / "data/ntu_samples/S001C003P008R002A058.skeleton"
    (tmp_path / "file").write_bytes(damaged(real.read_bytes(), changes))
    read_or_refuse("ntu60", ClipSource(tmp_path / "file", "file", ""))


@pytest.mark.parametrize("name", ["gtu3d", "kard", "kinder-gator", "nw-ucla", "utd-mhad"])
@settings(FUZZ, max_examples=12)
@given(changes=edits)
def test_damaged_real_files_of_the_sets(kinect_sets, tmp_path, name, changes):
    copy = tmp_path / name
    if not copy.exists():
        shutil.copytree(kinect_sets[name], copy)
    source = reader(name).find(copy)[0]
    original = next(kinect_sets[name].rglob(source.path.name))
    source.path.write_bytes(damaged(original.read_bytes(), changes))
    read_or_refuse(name, source)

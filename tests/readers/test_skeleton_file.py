"""NTU RGB+D: ``.skeleton`` files, whole and damaged."""

import logging

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_files import people, skeleton_text

from bank.errors import InputError
from train.data.readers import ClipSource, reader
from train.data.readers.ntu import missing_samples
from train.data.readers.published import actions
from train.data.readers.skeleton_file import read_skeleton
from train.skeletons.preprocess import Preprocessing
from train.text.descriptions import describe

QUICK = settings(
    max_examples=60, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def write(folder, text, name="S001C001P001R001A001.skeleton"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(path, message):
    with pytest.raises(InputError, match=message) as caught:
        read_skeleton(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@QUICK
@given(
    counts=st.lists(st.integers(0, 3), min_size=1, max_size=5).filter(any),
    seed=st.integers(0, 99),
    ends=st.sampled_from(["\n", "\r\n", "\r", "\r\r\n", " \r\n\n"]),
)
def test_what_is_written_is_read(tmp_path, counts, seed, ends):
    values = people(len(counts), max(counts), seed)
    for frame, count in enumerate(counts):
        values[frame, count:] = np.nan
    frames = [list(values[frame, :count]) for frame, count in enumerate(counts)]
    joints = read_skeleton(write(tmp_path, skeleton_text(frames, ends)))
    np.testing.assert_array_equal(joints, values)


def test_a_joint_at_the_origin_is_absent(tmp_path):
    values = people(2, 1)
    values[1, 0, 7] = 0
    joints = read_skeleton(write(tmp_path, skeleton_text(list(values))))
    assert np.isnan(joints[1, 0, 7]).all()
    assert np.isnan(joints).sum() == 3


@QUICK
@given(data=st.data())
def test_every_cut_is_noticed(tmp_path, data):
    text = skeleton_text(list(people(3, 2))).rstrip()
    path = write(tmp_path, text[: data.draw(st.integers(0, len(text) - 1))])
    with pytest.raises(InputError):
        read_skeleton(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("\r\n25\r\n", "\r\n20\r\n", 1), "20 joints, not 25"),
        (lambda t: t.replace("\r\n25\r\n", "\r\n999999999\r\n", 1), "number of joints"),
        (lambda t: "999999999" + t[1:], "number of frames is '999999999'"),
        (lambda t: "99999" + t[1:], "number of frames"),
        (lambda t: "9999" + t[1:], "cut short after"),
        (lambda t: "-3" + t[1:], "number of frames"),
        (lambda t: "1" + t[1:], "lines more than the file says"),
        (lambda t: "0\r\n", "no frames"),
        (lambda t: "2\r\n0\r\n0\r\n", "no frame holds a body"),
        (lambda t: t.replace("3\r\n1\r\n", "3\r\n700000\r\n", 1), "number of bodies in frame 1"),
        (lambda t: t.replace("277.4", "277.4 5", 1), "13 values, not 12"),
        (lambda t: "", "cut short after 0"),
        (lambda t: "three" + t[1:], "number of frames is 'three'"),
        (lambda t: t.encode("utf-16"), "not UTF-8 text"),
        (lambda t: t.encode().replace(b"277", b"\xff\xfe7", 1), "not UTF-8 text"),
        (lambda t: t.encode().replace(b"277", b"\x0077", 1), "zero bytes"),
    ],
)
def test_damage_is_named(tmp_path, change, message):
    refused(write(tmp_path, change(skeleton_text(list(people(3, 1))))), message)


@pytest.mark.parametrize(
    ("word", "message"),
    [("NaN", "NaN"), ("inf", "NaN or infinite"), ("1e9", "100 m away"), ("x", "not a number")],
)
def test_impossible_values_are_refused(tmp_path, word, message):
    text = skeleton_text(list(people(3, 1)))
    line = text.splitlines()[4]
    refused(write(tmp_path, text.replace(line, f"{word} {line.split(' ', 1)[1]}")), message)


def test_a_missing_file_is_refused(tmp_path):
    refused(tmp_path / "gone.skeleton", "cannot be read")


def test_find_leaves_out_the_published_list_and_says_so(tmp_path, caplog):
    for name in (
        "S001C002P005R002A008",  # on the list
        "S001C001P001R001A002",
        "S017C001P003R001A061",  # not an action of NTU RGB+D 60
        "S018C003P042R002A001",  # not a setup of it
        "S001C001P001R001A001_rgb",
    ):
        write(tmp_path, "", f"{name}.skeleton")
    with caplog.at_level(logging.WARNING):
        found = reader("ntu60").find(tmp_path)
    assert [(s.name, s.label, s.subject, s.view) for s in found] == [
        ("S001C001P001R001A002", "eat meal or snack", "001", "001")
    ]
    assert "left out 1 files which its authors list" in caplog.text
    assert "left out 2 files beyond A060 or S017" in caplog.text
    names = [source.name for source in reader("ntu120").find(tmp_path)]
    assert names == ["S001C001P001R001A002", "S017C001P003R001A061", "S018C003P042R002A001"]


def test_a_folder_of_only_missing_samples_is_refused(tmp_path):
    write(tmp_path, "", "S001C002P005R002A008.skeleton")
    with pytest.raises(InputError, match="no file in it is a sample of it"):
        reader("ntu120").find(tmp_path)


def test_published_list_of_missing_samples(shared):
    missing = missing_samples()
    assert len(missing) == 535
    expected = (shared / "reference/ntu60_missing_skeletons.txt").read_text().split()
    assert {name for name in missing if int(name[1:4]) <= 17} == set(expected)


def test_labels_are_those_that_are_described():
    assert len(set(actions("ntu_actions.txt").values())) == 120
    describe("ntu120", "complete", list(actions("ntu_actions.txt").values()))


def test_real_files_prepare_exactly_as_published(shared):
    parity = np.load(shared / "reference/preprocess_parity.npz")
    ntu = reader("ntu60")
    sources = {source.path.name: source for source in ntu.find(shared / "data/ntu_samples")}
    names = [str(name).rsplit("/", 1)[-1] for name in parity["files"]]
    clips = [ntu.read(sources[name if "." in name else f"{name}.skeleton"]) for name in names]
    prepared = Preprocessing(style="published")([(c.joints, c.times) for c in clips])
    np.testing.assert_allclose(prepared.x, parity["expected"], atol=1e-5)
    assert [clip.bodies for clip in clips if clip.name[-3:] in ("050", "058")] == [2, 2]
    assert all(clip.fps == pytest.approx(30) for clip in clips)


def test_a_source_found_bad_is_refused_on_reading(tmp_path):
    source = ClipSource(tmp_path / "x", "x", "y", problem="it is no good")
    for name in ("ntu60", "pku-mmd", "bvh", "kard"):
        with pytest.raises(InputError, match="it is no good"):
            reader(name).read(source)

"""PKU-MMD: recordings cut by label files."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_files import people, pku_text

from bank.errors import InputError
from train.data.readers import reader
from train.data.readers.published import actions
from train.text.descriptions import describe

PKU = reader("pku-mmd")
QUICK = settings(
    max_examples=60, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def make_set(root, labels="1,2,5,2\n34,5,9,1\n", frames=12, name="0002-L", end="\n"):
    """A set of one recording; returns its values (T, 2, 25, 3)."""
    for folder in ("Train_Label_PKU_final", "PKU_Skeleton_Renew"):
        (root / folder).mkdir(exist_ok=True, parents=True)
    values = people(frames, 2)
    values[:6, 1] = 0
    (root / f"PKU_Skeleton_Renew/{name}.txt").write_bytes(pku_text(values, end).encode())
    (root / f"Train_Label_PKU_final/{name}.txt").write_text(labels)
    return values


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_clips_are_the_labelled_frames(tmp_path, end):
    values = make_set(tmp_path, end=end)
    first, second = PKU.find(tmp_path)
    assert (first.name, first.label, first.subject, first.view) == ("0002-L-01", "bow", "0002", "L")
    assert (second.name, second.label) == ("0002-L-02", "standing up")
    clip = PKU.read(first)
    np.testing.assert_array_equal(clip.joints[:, 0], values[2:5, 0])
    assert np.isnan(clip.joints[:, 1]).all()
    assert (clip.bodies, clip.fps) == (1, pytest.approx(30))
    clip = PKU.read(second)
    np.testing.assert_array_equal(clip.joints[1:], values[6:9])
    assert clip.bodies == 2


def test_folders_of_any_name_are_told_apart_by_what_is_in_them(tmp_path):
    values = make_set(tmp_path)
    (tmp_path / "Train_Label_PKU_final").rename(tmp_path / "a")
    (tmp_path / "PKU_Skeleton_Renew").rename(tmp_path / "b")
    np.testing.assert_array_equal(PKU.read(PKU.find(tmp_path)[0]).joints[:, 0], values[2:5, 0])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("52,2,5,2", "there is no action 52"),
        ("0,2,5,2", "there is no action 0"),
        ("1,5,5,2", "ends at frame 5 but starts at 5"),
        ("1,2", "is not 'action,start,end,confidence'"),
        ("1;2;5;2", "is not 'action"),
        ("1,-2,5,2", "is not 'action"),
        ("1,nan,5,2", "is not 'action"),
        ("1,20,25,2", "is frames 20 to 25, but there are only 12"),
        ("1,2,99,2", "is frames 2 to 99"),
        ("1,2,999999999,2", "is frames 2 to 999999999"),
    ],
)
def test_a_bad_label_is_one_bad_clip(tmp_path, line, message):
    make_set(tmp_path, f"{line}\n34,5,9,1\n")
    bad, good = PKU.find(tmp_path)
    with pytest.raises(InputError, match=message):
        PKU.read(bad)
    assert (good.name, len(PKU.read(good).times)) == ("0002-L-02", 4)


def test_a_last_action_may_end_a_moment_after_the_skeletons(tmp_path):
    make_set(tmp_path, "1,8,14,2\n")
    assert len(PKU.read(PKU.find(tmp_path)[0]).times) == 4


def test_recordings_without_labels_or_skeletons_are_reported(tmp_path):
    make_set(tmp_path)
    make_set(tmp_path, name="0003-M")
    make_set(tmp_path, name="0004-R")
    make_set(tmp_path, labels="\n", name="0005-R")
    (tmp_path / "Train_Label_PKU_final/0003-M.txt").unlink()
    (tmp_path / "PKU_Skeleton_Renew/0004-R.txt").unlink()
    bad = {source.name: source.problem for source in PKU.find(tmp_path) if source.problem}
    assert set(bad) == {"0003-M", "0004-R", "0005-R"}
    assert bad["0003-M"].endswith("has no labels")
    assert bad["0004-R"].endswith("has no skeletons")
    assert bad["0005-R"].endswith("no labels in it")


def test_half_a_set_is_refused(tmp_path):
    make_set(tmp_path)
    (tmp_path / "PKU_Skeleton_Renew/0002-L.txt").unlink()
    with pytest.raises(InputError, match="no skeleton files"):
        PKU.find(tmp_path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1 2 3", "3 values, not 150; cut short"),
        (" ".join(["nan"] * 150), "NaN"),
        (" ".join(["1e30"] * 150), "100 m away"),
        (" ".join(["one"] * 150), "not a number"),
    ],
)
def test_a_damaged_row_spoils_only_the_clip_it_is_in(tmp_path, row, message):
    make_set(tmp_path)
    path = tmp_path / "PKU_Skeleton_Renew/0002-L.txt"
    rows = path.read_text().splitlines()
    path.write_text("\n".join([*rows[:3], row, *rows[4:]]) + "\n")
    bad, good = PKU.find(tmp_path)
    with pytest.raises(InputError, match=message):
        PKU.read(bad)
    assert PKU.read(good).bodies == 2


def test_labels_are_those_that_are_described():
    assert len(set(actions("pku_actions.txt").values())) == 51
    describe("pku-mmd", "complete", list(actions("pku_actions.txt").values()))


@QUICK
@given(labels=st.text(alphabet="0123456789,,,\n\n .-x\t\r", max_size=60))
def test_any_label_file_is_read_or_refused(tmp_path, labels):
    make_set(tmp_path, labels)
    names = []
    for source in PKU.find(tmp_path):
        names.append(source.name)
        try:
            clip = PKU.read(source)
        except InputError:
            continue
        assert len(clip.times) > 0
    assert len(set(names)) == len(names) > 0

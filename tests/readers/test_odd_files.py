"""Files that are there but are not what a set's folder should hold."""

import logging
import os
import signal

import numpy as np
import pytest

from bank.errors import InputError
from train.data.readers import reader


def lines(count, columns, value="0.5"):
    return "\n".join([" ".join([value] * columns)] * count) + "\n"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("kard", "a01_s01_e01_realworld.txt"),
        ("utd-mhad", "a1_s1_t1_skeleton.mat"),
        ("ntu60", "S001C001P001R001A001.skeleton"),
    ],
)
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path, name, file):
    os.mkfifo(tmp_path / file)
    signal.alarm(20)  # a hang ends the test run loudly
    try:
        (source,) = reader(name).find(tmp_path)
        with pytest.raises(InputError, match="not a plain file"):
            reader(name).read(source)
    finally:
        signal.alarm(0)


def test_files_with_other_names_are_counted(tmp_path, caplog):
    (tmp_path / "a01_s01_e01_realworld.txt").write_text(lines(15, 3))
    (tmp_path / "a01_s01_e02_RealWorld.TXT").write_text(lines(15, 3))
    (tmp_path / "README.md").write_text("about the set")
    with caplog.at_level(logging.WARNING):
        assert len(reader("kard").find(tmp_path)) == 1
    assert "left out 1 files" in caplog.text
    assert "a01_s01_e02_RealWorld.TXT" in caplog.text


def test_a_movement_folder_that_is_none_is_a_bad_clip(tmp_path):
    for folder in ("1", "15", "x"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "movement1.txt").write_text(lines(50, 3))
    good, *bad = sorted(reader("gtu3d").find(tmp_path), key=lambda source: source.problem)
    assert good.label == "1"
    for source in bad:
        with pytest.raises(InputError, match="is no movement"):
            reader("gtu3d").read(source)


def test_a_pku_clip_of_the_second_body_alone_is_somebody(tmp_path):
    for folder in ("labels", "skeletons"):
        (tmp_path / folder).mkdir()
    row = " ".join(["0"] * 75 + ["0.25"] * 75)
    (tmp_path / "skeletons" / "0004-L.txt").write_text("\r\r\n".join([row] * 40) + "\r\r\n")
    (tmp_path / "labels" / "0004-L.txt").write_text("1,5,25,1\n")
    (source,) = reader("pku-mmd").find(tmp_path)
    clip = reader("pku-mmd").read(source)
    assert clip.joints.shape[0] == 20
    assert np.isfinite(clip.joints[:, 0]).all()
    assert clip.bodies == 1

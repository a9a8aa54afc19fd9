"""Folders of real pictures, numbered or with their times in their names."""

import cv2
import numpy as np
import pytest

from bank.errors import InputError
from realtime.sources import ImageFolder, open_source


@pytest.fixture
def folder(pictures, tmp_path):
    def write(*names):
        for name, picture in zip(names, pictures, strict=False):
            (tmp_path / name).write_bytes(picture)
        return tmp_path

    return write


def test_numbers_are_read_as_numbers_and_a_missing_one_is_a_gap(folder, pictures):
    path = folder("img_8.jpg", "img_9.jpg", "img_10.jpg", "img_12.jpg", "notes.txt")
    with open_source(str(path), fps=10) as source:
        frames = list(source)
    assert isinstance(source, ImageFolder)
    assert (source.live, source.gives, source.fps) == (False, "frames", pytest.approx(10))
    assert source.aspect == pytest.approx(4 / 3)
    assert [frame.index for frame in frames] == [0, 1, 2, 4]
    assert [frame.time for frame in frames] == pytest.approx([0.0, 0.1, 0.2, 0.4])
    for frame, picture in zip(frames, pictures, strict=False):
        expected = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
        np.testing.assert_array_equal(frame.image, expected)
    assert all(frame.decode > 0 for frame in frames)
    assert source.notes == []


@pytest.mark.parametrize(
    "names",
    [
        ("1760000000.00.jpg", "1760000000.04.jpg", "1760000000.10.jpg"),
        ("1760000000000.jpg", "1760000000040.jpg", "1760000000100.jpg"),
        ("1760000000000000000.jpg", "1760000000040000000.jpg", "1760000000100000000.jpg"),
    ],
)
def test_times_in_names_are_times(folder, names):
    frames = list(ImageFolder(folder(*names)))
    assert [frame.time for frame in frames] == pytest.approx([0.0, 0.04, 0.10], abs=1e-6)
    assert [frame.index for frame in frames] == [0, 1, 2]


def test_a_given_rate_goes_before_times_in_names(folder):
    path = folder("1760000000.00.jpg", "1760000000.04.jpg", "1760000000.10.jpg")
    assert [f.time for f in ImageFolder(path, fps=50)] == pytest.approx([0.0, 0.02, 0.04])


def test_names_without_numbers_are_in_the_order_of_the_alphabet(folder):
    frames = list(ImageFolder(folder("b.jpg", "a.JPEG", "c.png")))
    assert [frame.time for frame in frames] == pytest.approx([0, 1 / 30, 2 / 30])


def test_zeros_before_a_number_are_no_time(folder):
    frames = list(ImageFolder(folder("0000000001.jpg", "0000000002.jpg"), fps=25))
    assert [frame.time for frame in frames] == pytest.approx([0.0, 0.04])


def test_what_cannot_be_decoded_is_left_out_and_said(folder):
    path = folder("1.jpg", "2.jpg", "3.jpg", "4.jpg")
    (path / "2.jpg").write_bytes(b"")
    (path / "3.jpg").write_bytes(b"no picture")
    source = ImageFolder(path)
    assert [frame.index for frame in source] == [0, 3]
    assert source.notes == [
        f"{path}: 2 of 4 pictures cannot be decoded and were left out; the first: 2.jpg"
    ]


def test_pictures_may_change_their_size(folder):
    path = folder("1.jpg")
    cv2.imwrite(str(path / "2.png"), np.zeros((10, 20, 3), np.uint8))
    assert [frame.image.shape[:2] for frame in ImageFolder(path)] == [(288, 384), (10, 20)]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ((), "no pictures in it"),
        (("notes.txt",), "no pictures in it"),
        (("colour_1.jpg", "depth_1.jpg"), "colour_1.jpg and depth_1.jpg have the same number"),
    ],
)
def test_a_folder_that_is_no_series_is_refused(folder, names, says):
    with pytest.raises(InputError, match=says):
        open_source(str(folder(*names)))


def test_a_folder_of_broken_pictures_is_refused(tmp_path):
    (tmp_path / "1.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match="none of its 1 pictures can be decoded"):
        open_source(str(tmp_path))


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        open_source(str(tmp_path / "frames"))


def test_a_rate_is_refused_where_the_source_has_one():
    with pytest.raises(InputError, match="leave --fps out"):
        open_source(0, fps=10)

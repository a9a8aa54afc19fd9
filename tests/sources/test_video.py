"""Video files: every frame, its own time, and clear words about what cannot be read."""

import itertools

import cv2
import numpy as np
import pytest

from bank.errors import InputError
from realtime.frames import VideoFrame
from realtime.sources import Source, VideoSource, open_source
from realtime.sources.capture import redact


@pytest.fixture
def clip(shared):
    return shared / "data" / "video" / "right_hand_wave.mp4"


@pytest.fixture
def three_people(shared):
    return shared / "data" / "video" / "three_people_exercise.avi"


def made_video(path, frames=20, fps=20.0):
    """A video whose frames grow brighter."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (64, 48))
    assert writer.isOpened()
    for index in range(frames):
        writer.write(np.full((48, 64, 3), 10 * index, np.uint8))
    writer.release()
    return path


def test_every_frame_of_a_real_clip_with_its_time(clip):
    with open_source(str(clip)) as source:
        assert isinstance(source, VideoSource)
        assert (source.name, source.gives, source.live) == ("right_hand_wave", "frames", False)
        assert (source.fps, source.aspect) == (25.0, 1.0)
        frames = list(source)
    assert [frame.index for frame in frames] == list(range(101))
    assert np.allclose([frame.time for frame in frames], np.arange(101) / 25)
    captured = [frame.t_capture for frame in frames]
    assert captured == sorted(captured)
    assert frames[0].image.shape == (1080, 1080, 3)
    assert not np.array_equal(frames[0].image, frames[50].image)
    assert (source.dropped, source.notes) == (0, [])


def test_times_are_those_of_the_file_not_of_a_usual_rate(three_people):
    with open_source(str(three_people)) as source:
        times = [frame.time for frame in itertools.islice(source, 30)]
    assert source.fps == 10
    assert np.allclose(times, np.arange(30) / 10)


def test_frames_come_in_order_and_whole(tmp_path):
    with open_source(str(made_video(tmp_path / "made.avi"))) as source:
        means = [frame.image.mean() for frame in source]
    assert source.aspect == pytest.approx(4 / 3)
    assert np.allclose(means, 10 * np.arange(20), atol=3)


def test_a_file_cut_short_gives_what_it_has_and_says_so(three_people, tmp_path):
    data = three_people.read_bytes()
    path = tmp_path / "cut.avi"
    path.write_bytes(data[: len(data) // 4])
    with open_source(str(path)) as source:
        count = sum(1 for _ in source)
    assert 50 < count < 200
    assert source.notes == [
        f"{path}: ends after {count} of 393 frames; the file is cut short or damaged"
    ]


def test_stopping_early_is_no_damage(tmp_path):
    with open_source(str(made_video(tmp_path / "made.avi"))) as source:
        for frame in source:
            if frame.index == 3:
                source.stop()
    assert frame.index == 3
    assert source.notes == []


def test_realtime_holds_frames_back(tmp_path):
    path = made_video(tmp_path / "slow.avi", frames=6, fps=20.0)
    with open_source(str(path), realtime=True) as source:
        frames = list(source)
    took = frames[-1].t_capture - frames[0].t_capture
    assert took >= frames[-1].time - frames[0].time - 0.01


def damaged(kind, clip):
    data = clip.read_bytes()
    return {
        "empty": b"",
        "no index": data[: len(data) // 2],
        "noise": np.random.default_rng(0).bytes(5000),
        "text": b"not a video\n" * 100,
        "still header": data[:64],
    }[kind]


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("kind", ["empty", "no index", "noise", "text", "still header"])
@pytest.mark.parametrize("ending", [".mp4", ".txt", ""])
def test_files_that_are_no_video_are_refused_in_one_line(kind, ending, clip, tmp_path):
    path = tmp_path / f"bad{ending}"
    path.write_bytes(damaged(kind, clip))
    with pytest.raises(InputError, match="video") as caught:
        open_source(str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_does_not_exist_is_said(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        open_source(str(tmp_path / "no.mp4"))
    with pytest.raises(InputError, match="no pictures in it"):
        open_source(str(tmp_path))
    with pytest.raises(InputError, match="--camera 3"):
        open_source("3")


@pytest.mark.usefixtures("quiet")
def test_a_missing_camera_is_said_and_nothing_else():
    with pytest.raises(InputError, match="camera 97: no such camera"):
        open_source(97)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("scheme", ["rtsp", "http", "rtmp", "zmq+tcp"])
def test_credentials_stay_out_of_messages(scheme):
    with pytest.raises(InputError) as caught:
        open_source(f"{scheme}://user1:s3/c@ret@127.0.0.1:9/live?token=abc")
    assert str(caught.value).startswith(f"{scheme}://***@127.0.0.1:9/live?***: ")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://me:secret@cam/live", "rtsp://***@cam/live"),
        ("rtsp://me:p@ss/w?rd@cam/live", "rtsp://***@cam/live"),
        ("http://cam/video?key=1", "http://cam/video?***"),
        ("http://cam/video", "http://cam/video"),
    ],
)
def test_redaction(address, shown):
    assert redact(address) == shown


@pytest.mark.parametrize("name", ["my cam", "a.b", ""])
def test_stream_names_are_checked_before_anything_is_opened(name, tmp_path):
    with pytest.raises(InputError, match="stream name"):
        open_source(str(tmp_path / "no.mp4"), name=name)


def test_names_are_made_or_given(tmp_path):
    path = made_video(tmp_path / "My clip (2).avi", frames=2)
    with open_source(str(path)) as made, open_source(str(path), name="door") as given:
        assert made.name == "My-clip-2"
        assert given.name == "door"
    with open_source(path.as_uri()) as by_uri:
        assert by_uri.name == "My-clip-2"


class Still(Source):
    """The smallest source: what a test or a new kind of camera has to write."""

    def __init__(self):
        super().__init__("still", "frames", False, None, 4 / 3)

    def __iter__(self):
        yield VideoFrame(np.zeros((3, 4, 3), np.uint8), 0, 0.0, 0.0)


def test_a_new_source_needs_no_more_than_an_iteration():
    with Still() as source:
        assert len(list(source)) == 1

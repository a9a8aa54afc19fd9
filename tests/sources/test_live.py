"""Streams without an end, over real HTTP on loopback: newest first, drops counted, no freeze."""

import threading
import time

import cv2
import numpy as np
import pytest
from loopback_cameras import Camera

from realtime.frames import VideoFrame
from realtime.sources import LiveSource, VideoSource, open_source
from realtime.sources.live import NewestFirst


def take(source, count, pause=0.0):
    frames = []
    for frame in source:
        frames.append(frame)
        if len(frames) == count:
            break
        time.sleep(pause)
    return frames


def test_a_stream_gives_frames_from_zero_on_a_clock_that_grows(pictures):
    with Camera(pictures) as camera, open_source(camera.url("live")) as source:
        assert isinstance(source, LiveSource)
        assert (source.live, source.gives) == (True, "frames")
        assert source.name == f"127-0-0-1-{camera.server_port}-live"
        assert source.aspect == pytest.approx(4 / 3)
        time.sleep(0.2)  # as long as a model takes to load: those frames are nobody's loss
        frames = take(source, 15)
    assert frames[0].index == 0
    assert frames[0].time == 0.0
    assert frames[0].image.shape == (288, 384, 3)
    assert (np.diff([frame.time for frame in frames]) > 0).all()
    assert (np.diff([frame.index for frame in frames]) >= 1).all()
    assert all(abs(frame.t_capture - time.time()) < 60 for frame in frames)
    missing = frames[-1].index - (len(frames) - 1)
    assert source.dropped == missing


def test_a_slow_reader_gets_the_newest_and_the_rest_is_counted(pictures):
    with Camera(pictures) as camera, open_source(camera.url("live")) as source:
        camera.fps = 200.0
        frames = take(source, 8, pause=0.1)
    steps = np.diff([frame.index for frame in frames])
    assert steps.max() > 1  # it ran on meanwhile
    assert source.dropped == frames[-1].index - (len(frames) - 1)
    # Newest, not oldest: what comes after a pause was taken at its end.
    ages = np.diff([frame.time for frame in frames])
    assert ages.min() > 0.05


def test_stopping_wakes_a_reader_that_waits(pictures):
    with Camera(pictures) as camera:
        camera.mute_after = 25
        with open_source(camera.url("live")) as source:
            timer = threading.Timer(0.5, source.stop)
            timer.start()
            list(source)  # would raise after ten seconds of silence
            timer.join()
            camera.gone.set()
    assert source.notes == []


def test_a_file_behind_an_address_is_read_whole(tmp_path):
    path = tmp_path / "made.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (64, 48))
    for index in range(30):
        writer.write(np.full((48, 64, 3), 8 * index, np.uint8))
    writer.release()
    with (
        Camera([], path.read_bytes()) as camera,
        open_source(camera.url("file.avi?key=secret")) as source,
    ):
        assert isinstance(source, VideoSource)
        frames = take(source, 100, pause=0.005)
    assert [frame.index for frame in frames] == list(range(30))
    assert source.name == f"127-0-0-1-{camera.server_port}-file-avi"


def frame(index):
    return VideoFrame(np.zeros((1, 1, 3), np.uint8), index, float(index), 0.0)


def test_the_buffer_keeps_the_newest_and_counts_the_others():
    newest = NewestFirst()
    assert newest.get(timeout=0.0) is None
    for index in range(5):
        newest.put(frame(index))
    assert newest.get(timeout=0.0).index == 4
    assert newest.get(timeout=0.0) is None
    assert newest.dropped == 4
    several = NewestFirst(3)
    for index in range(5):
        several.put(frame(index))
    assert [several.get(0.0).index for _ in range(3)] == [2, 3, 4]
    assert several.dropped == 2

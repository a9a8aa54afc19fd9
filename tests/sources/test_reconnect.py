"""What is unplugged, dies, hangs or comes back otherwise: found again, counted, never silent."""

import threading
import time
from itertools import islice

import cv2
import numpy as np
import pytest
from loopback_cameras import Camera

from bank.errors import InputError
from realtime.frames import VideoFrame
from realtime.sources import LiveSource, open_source
from realtime.sources.capture import CaptureFeed
from realtime.sources.feed import LostError, backoff

CHECK = "check its cable"


class Device:
    """A capture device in OpenCV's shape whose cable is pulled after some pictures."""

    def __init__(self, pictures, size=(4, 4), failure=None, torn=()):
        self.left, self.size, self.failure, self.torn = pictures, size, failure, torn
        self.released, self.read = False, 0

    def get(self, prop):
        return 100.0 if prop == cv2.CAP_PROP_FPS else 0.0

    def grab(self):
        time.sleep(0.01)
        if self.left == 0 and self.failure:
            raise self.failure
        self.left -= 1
        self.read += 1
        return self.left >= 0

    def retrieve(self):
        if self.read in self.torn:
            return False, None
        return True, np.zeros((*self.size, 3), np.uint8)

    def release(self):
        self.released = True


def plugged(*devices, then="camera 0: no such camera"):
    """Connects to one device after the other; in the end there is none."""
    left = list(devices)

    def connect():
        if not left:
            raise InputError(then)
        device = left.pop(0)
        if device is None:
            raise InputError(then)
        return CaptureFeed(device, CHECK)

    return connect


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    monkeypatch.setattr("realtime.sources.feed._FIRST", 0.05)


def watch(source, frames, states, until):
    """Collect frames in a thread, and the states seen meanwhile."""

    def collect():
        frames.extend(islice(iter(source), 100_000))

    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not until() and time.monotonic() < deadline:
        states.add((source.state, source.attempts > 0, source.reason))
        time.sleep(0.002)
    assert until(), states
    return thread


def test_an_unplugged_camera_comes_back_and_time_goes_on():
    first, second = Device(30), Device(100_000, size=(6, 8))
    frames, states = [], set()
    connect = plugged(first, None, None, second)
    with LiveSource(connect, "camera 0", "camera-0") as source:
        assert source.aspect == 1.0
        thread = watch(source, frames, states, lambda: source.reconnects == 1 and len(frames) > 60)
        source.stop()
        thread.join(5)
    assert first.released
    assert second.released
    times = np.array([frame.time for frame in frames])
    stamps = np.array([frame.t_mono for frame in frames])
    numbers = np.array([frame.index for frame in frames])
    assert (np.diff(times) > 0).all()
    assert (np.diff(stamps) > 0).all()
    assert (np.diff(numbers) > 0).all()
    gap = int(np.diff(times).argmax())
    assert np.diff(times)[gap] > 0.2  # three waits of 0.05, 0.1 and 0.2 seconds, less a fifth
    # As many numbers are missing as pictures would have come at 100 a second.
    assert np.diff(numbers)[gap] == pytest.approx(100 * np.diff(times)[gap], abs=3)
    assert {frame.image.shape for frame in frames} == {(4, 4, 3), (6, 8, 3)}
    assert source.aspect == pytest.approx(8 / 6)
    assert ("running", False, "") in states
    assert ("reconnecting", False, f"camera 0: stopped giving pictures; {CHECK}") in states
    assert ("reconnecting", True, "camera 0: no such camera") in states
    assert (source.state, source.attempts, source.reconnects) == ("running", 0, 1)


def test_an_outage_may_have_an_end():
    with LiveSource(plugged(Device(20)), "camera 0", "camera-0", give_up=0.5) as source:
        began = time.monotonic()
        with pytest.raises(InputError, match=r"no such camera; given up after 0\.5 seconds"):
            list(source)
    assert 0.5 < time.monotonic() - began < 3


def test_without_patience_the_first_outage_is_the_end():
    with (
        LiveSource(plugged(Device(20)), "camera 0", "camera-0", give_up=0) as source,
        pytest.raises(InputError, match=f"camera 0: stopped giving pictures; {CHECK}; given up"),
    ):
        list(source)


def test_a_driver_that_throws_is_an_outage_with_its_reason():
    failing = Device(20, failure=RuntimeError("rtsp://me:secret@camera says no"))
    frames, states = [], set()
    with LiveSource(plugged(failing, Device(10**6)), "camera 0", "camera-0") as source:
        thread = watch(source, frames, states, lambda: source.reconnects == 1)
        source.stop()
        thread.join(5)
    assert source.reason == "camera 0: cannot be read on (rtsp://***@camera says no)"


def test_pictures_torn_now_and_then_are_left_out():
    feed = CaptureFeed(Device(100, torn={3, 4}), CHECK)
    read = [feed.read() for _ in range(6)]
    assert [frame is None for frame in read] == [False, False, True, True, False, False]


def test_nothing_but_torn_pictures_is_an_outage():
    feed = CaptureFeed(Device(100, torn=set(range(101))), CHECK)
    with pytest.raises(LostError, match="cannot be decoded"):
        for _ in range(100):
            feed.read()


@pytest.mark.parametrize(
    ("device", "says"),
    [
        (Device(0), "camera 0: stopped giving pictures; check its cable"),
        (Device(9, torn=set(range(10))), "camera 0: stopped giving pictures"),
        (Device(0, failure=RuntimeError("driver says no")), "driver says no"),
    ],
)
def test_at_the_beginning_there_is_no_waiting(device, says):
    with pytest.raises(InputError, match=says):
        LiveSource(plugged(device), "camera 0", "camera-0")
    assert device.released


class Quiet:
    """A feed that says nothing after a while; or hangs, as a driver may."""

    fps, aspect, hint, patient = 50.0, None, "is it on?", False

    def __init__(self, frames, hang=None):
        self.left, self.hang = frames, hang

    def read(self):
        time.sleep(0.01)
        self.left -= 1
        if self.left >= 0:
            return VideoFrame(np.zeros((2, 2, 3), np.uint8), 0, 0.0, time.time())
        if self.hang is not None:
            self.hang.wait()
        return None

    def close(self):
        pass


def test_silence_is_an_outage(monkeypatch):
    monkeypatch.setattr("realtime.sources.live._SILENCE", 0.3)
    feeds = [Quiet(10), Quiet(10**6)]
    frames, states = [], set()
    with LiveSource(lambda: feeds.pop(0), "cam", "cam") as source:
        thread = watch(source, frames, states, lambda: source.reconnects == 1)
        source.stop()
        thread.join(5)
    assert "is it on?" in source.reason
    assert "no picture for" in source.reason


def test_a_driver_that_hangs_is_left_behind(monkeypatch):
    monkeypatch.setattr("realtime.sources.live._SILENCE", 0.2)
    monkeypatch.setattr("realtime.sources.live._HUNG", 0.6)
    release = threading.Event()
    feeds = [Quiet(10, hang=release), Quiet(10**6)]
    frames, states = [], set()
    with LiveSource(lambda: feeds.pop(0), "cam", "cam") as source:
        thread = watch(source, frames, states, lambda: source.reconnects == 1)
        source.stop()
        thread.join(5)
    release.set()
    assert any("no answer" in reason for _, _, reason in states)


def test_a_driver_that_hangs_again_and_again_ends_the_run(monkeypatch):
    monkeypatch.setattr("realtime.sources.live._SILENCE", 0.1)
    monkeypatch.setattr("realtime.sources.live._HUNG", 0.3)
    release = threading.Event()
    with (
        LiveSource(lambda: Quiet(3, hang=release), "cam", "cam") as source,
        pytest.raises(InputError, match="cam: its driver does not answer any more"),
    ):
        list(source)
    release.set()


def test_waiting_grows_and_is_capped():
    waits = list(islice(backoff(), 40))
    expected = [min(30.0, 0.05 * 2**n) for n in range(40)]
    np.testing.assert_allclose(waits, expected, rtol=0.2)
    assert len({round(wait / base, 6) for wait, base in zip(waits, expected, strict=True)}) > 30


def test_a_stream_over_http_dies_and_comes_back_in_another_size(pictures):
    small = [
        cv2.imencode(".jpg", cv2.resize(cv2.imdecode(np.frombuffer(p, np.uint8), 1), (192, 108)))
        for p in pictures[:10]
    ]
    frames, states = [], set()
    with Camera(pictures) as camera:
        port = camera.server_port
        source = open_source(f"http://me:secret@127.0.0.1:{port}/live?token=1")
        thread = watch(source, frames, states, lambda: len(frames) > 20)
    # The camera is gone, port and all.
    before = len(frames)
    with source:
        deadline = time.monotonic() + 20
        while source.attempts < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert source.state == "reconnecting"
        assert source.reason.startswith(f"http://***@127.0.0.1:{port}/live?***: ")
        with Camera([data.tobytes() for _, data in small], port=port):
            while len(frames) < before + 20 and time.monotonic() < deadline:
                time.sleep(0.01)
            source.stop()
            thread.join(5)
    assert frames[0].image.shape == (288, 384, 3)
    assert frames[-1].image.shape == (108, 192, 3)
    assert (np.diff([frame.time for frame in frames]) > 0).all()
    assert source.reconnects >= 1
    assert source.aspect == pytest.approx(192 / 108)


def test_a_mute_stream_over_http_is_an_outage(pictures, monkeypatch):
    monkeypatch.setattr("realtime.sources.capture._READING_MS", 500)
    frames, states = [], set()
    with Camera(pictures) as camera:
        camera.mute_after = 25
        with open_source(camera.url("live")) as source:
            thread = watch(source, frames, states, lambda: source.state == "reconnecting")
            camera.mute_after = None
            deadline = time.monotonic() + 20
            while source.reconnects == 0 and time.monotonic() < deadline:
                time.sleep(0.01)
            source.stop()
            thread.join(5)
            camera.gone.set()
    assert source.reconnects == 1

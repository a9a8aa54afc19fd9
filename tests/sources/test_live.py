"""Streams without an end, over real HTTP on loopback: newest first, drops counted, no freeze."""

import contextlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from bank.errors import InputError
from realtime.frames import VideoFrame
from realtime.sources import LiveSource, VideoSource, open_source
from realtime.sources.live import NewestFirst


@pytest.fixture
def pictures(shared):
    """Real pictures, as JPEG."""
    capture = cv2.VideoCapture(str(shared / "data" / "video" / "three_people_exercise.avi"))
    read = [capture.read()[1] for _ in range(40)]
    capture.release()
    return [cv2.imencode(".jpg", image)[1].tobytes() for image in read]


class Camera(ThreadingHTTPServer):
    """An HTTP camera: endless JPEG pictures at ``/live``, a file at ``/file``."""

    daemon_threads = True

    def __init__(self, pictures, file=b""):
        super().__init__(("127.0.0.1", 0), Handler)
        self.pictures, self.file = pictures, file
        self.fps = 100.0
        self.total = None  # pictures until the stream ends; None: never
        self.mute_after = None  # pictures until it says nothing more, with the line open
        self.gone = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}/{path}"

    def __exit__(self, *_):
        self.gone.set()
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path.startswith("/file"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.server.file)))
            self.end_headers()
            self.wfile.write(self.server.file)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        with contextlib.suppress(OSError):  # the reader may leave
            self._stream()

    def _stream(self):
        camera, sent = self.server, 0
        while not camera.gone.is_set() and sent != camera.total:
            if sent == camera.mute_after:
                camera.gone.wait(30)
                return
            picture = camera.pictures[sent % len(camera.pictures)]
            self.wfile.write(
                b"--frame\r\nContent-Type: image/jpeg\r\n"
                + f"Content-Length: {len(picture)}\r\n\r\n".encode()
                + picture
                + b"\r\n"
            )
            sent += 1
            time.sleep(1 / camera.fps)


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


def test_the_end_of_a_stream_is_noted(pictures):
    with Camera(pictures) as camera:
        camera.total, camera.fps = 30, 50.0
        with open_source(camera.url("live")) as source:
            frames = list(source)
    assert 1 <= len(frames) <= 30
    assert source.notes == [f"{camera.url('live')}: ended after {len(frames)} frames"]


def test_silence_ends_with_a_clear_line(pictures, monkeypatch):
    monkeypatch.setattr("realtime.sources.live._SILENCE", 0.6)
    with Camera(pictures) as camera:
        camera.mute_after = 25
        with open_source(camera.url("live")) as source:
            with pytest.raises(InputError, match="no picture for 1 seconds"):
                list(source)
            camera.gone.set()


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


class Unplugged:
    """A capture device in OpenCV's shape whose cable is pulled after some pictures."""

    def __init__(self, pictures, failure=None):
        self.left, self.failure, self.released = pictures, failure, False

    def get(self, _):
        return 0.0

    def read(self):
        time.sleep(0.01)
        if self.left == 0 and self.failure:
            raise self.failure
        self.left -= 1
        return (True, np.zeros((4, 4, 3), np.uint8)) if self.left >= 0 else (False, None)

    def release(self):
        self.released = True


def test_an_unplugged_camera_is_a_failure():
    device = Unplugged(pictures=20)
    with (
        LiveSource(device, "camera 0", "camera-0") as source,
        pytest.raises(InputError, match="camera 0: stopped giving pictures after"),
    ):
        list(source)
    assert device.released


def test_a_reader_that_dies_says_why():
    device = Unplugged(pictures=20, failure=RuntimeError("driver says no"))
    with (
        LiveSource(device, "camera 0", "camera-0") as source,
        pytest.raises(InputError, match="driver says no"),
    ):
        list(source)
    assert device.released


def test_a_camera_that_opens_without_a_picture_is_refused():
    with pytest.raises(InputError, match="gives no picture"):
        LiveSource(Unplugged(pictures=0), "camera 0", "camera-0")

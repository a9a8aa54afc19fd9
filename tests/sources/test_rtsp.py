"""RTSP over loopback, as FFmpeg reads it: real pictures, a camera that dies and comes back."""

import threading
import time
from itertools import islice

import numpy as np
from loopback_rtsp import RtspCamera, decoded

from realtime.sources import LiveSource, open_source


def test_rtsp_gives_the_pictures_that_were_sent(pictures):
    images = decoded(pictures[:5], (384, 288))
    with (
        RtspCamera(images) as camera,
        open_source(f"rtsp://me:secret@127.0.0.1:{camera.port}/live") as source,
    ):
        assert isinstance(source, LiveSource)
        assert source.name == f"127-0-0-1-{camera.port}-live"
        frames = list(islice(iter(source), 10))
    for frame in frames:
        off = min(np.abs(frame.image.astype(int) - image).mean() for image in images)
        assert off < 6  # grey levels: what JPEG loses
    assert (np.diff([frame.time for frame in frames]) > 0).all()


def test_an_rtsp_camera_dies_and_comes_back_in_another_size(pictures, monkeypatch):
    monkeypatch.setattr("realtime.sources.feed._FIRST", 0.05)
    frames = []
    with RtspCamera(decoded(pictures[:5], (384, 288))) as camera:
        port = camera.port
        source = open_source(f"rtsp://me:secret@127.0.0.1:{port}/live")
        thread = threading.Thread(target=lambda: frames.extend(source), daemon=True)
        thread.start()
        until = time.monotonic() + 30
        while len(frames) < 10 and time.monotonic() < until:
            time.sleep(0.01)
    with source:
        while source.attempts < 1 and time.monotonic() < until:
            time.sleep(0.01)
        assert source.state == "reconnecting"
        assert source.reason.startswith(f"rtsp://***@127.0.0.1:{port}/live: ")
        before = len(frames)
        with RtspCamera(decoded(pictures[:5], (192, 112)), port):
            while len(frames) < before + 10 and time.monotonic() < until:
                time.sleep(0.01)
            source.stop()
            thread.join(10)
    assert frames[0].image.shape == (288, 384, 3)
    assert frames[-1].image.shape == (112, 192, 3)
    assert (np.diff([frame.time for frame in frames]) > 0).all()
    assert source.reconnects >= 1

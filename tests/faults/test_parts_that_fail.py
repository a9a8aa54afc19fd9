"""Every part is broken while it runs: the run recovers, or ends with one clear line."""

import json
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from loopback_cameras import Camera

from bank.errors import InputError
from realtime.pipeline import BankKeeper
from realtime.pipeline.commands import Command
from realtime.publishing import message_schema
from realtime.sources import RecordingWriter, open_source

FULL = Path("/dev/full")  # a disk without room
needs_full = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")


def check(run):
    """What holds of every run, however it ended."""
    messages = [json.loads(line) for line in run.log.read_text().splitlines()]
    validator = Draft202012Validator(message_schema())
    for message in messages:
        validator.validate(message)
    for kind in ("window", "action", "status"):
        numbers = [m["seq"] for m in messages if m["type"] == kind]
        assert numbers == list(range(len(numbers)))
    phases = [m["phase"] for m in messages if m["type"] == "action"]
    assert phases.count("start") == phases.count("end")
    assert messages[-1]["type"] == "status"
    assert messages[-1]["state"] == "ended"
    assert messages[-1]["message"] == (run.failure or "")
    assert "\n" not in (run.failure or "")
    return messages


def wait_for(what, seconds=30):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def raising(error):
    def fault(*_):
        raise error

    return fault


def test_a_camera_that_goes_and_comes_back(run, replayed, shared):
    capture = cv2.VideoCapture(str(shared / "data" / "video" / "three_people_exercise.avi"))
    pictures = [cv2.imencode(".jpg", capture.read()[1])[1].tobytes() for _ in range(20)]
    capture.release()
    camera = Camera(pictures)
    camera.fps = 40.0
    back = []

    def during(run):
        states = lambda: run.states  # noqa: E731
        wait_for(lambda: sum(run.pipeline.recogniser.bank.support.tolist()) > 0)
        run.learned = sum(run.pipeline.recogniser.bank.support.tolist())
        camera.__exit__()
        wait_for(lambda: any(m["attempts"] for m in run.messages("status")))
        back.append(Camera(pictures, port=camera.server_port))
        wait_for(lambda: run.source.reconnects == 1)
        frames = run.pipeline.summary().frames
        wait_for(lambda: run.pipeline.summary().frames > frames + 20)
        wait_for(lambda: states()[-1] == "running")
        run.pipeline.stop("test over")

    source = open_source(camera.url("live"))
    done = run(source, estimator=replayed)(during)
    back[0].__exit__()
    check(done)
    assert done.failure is None
    assert done.summary.reconnects == 1
    assert sum(done.summary.bank.values()) >= done.learned  # the bank is kept
    outage = [m for m in done.messages("status") if m["state"] == "reconnecting"]
    assert outage[-1]["message"]
    assert outage[-1]["attempts"] >= 1


def test_a_decoder_that_fails_ends_the_run_with_its_reason(broken):
    done = broken(120, raising(RuntimeError("bitstream is damaged")))()
    check(done)
    assert done.failure == "capture: RuntimeError: bitstream is damaged"
    assert done.messages("status")[-1]["frames"] == 120  # what came before was worked on


def test_a_damaged_file_is_played_as_far_as_it_goes(run, replayed, shared, tmp_path):
    data = bytearray((shared / "data" / "video" / "bow_nod.mp4").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = bytes(4000)
    (tmp_path / "damaged.mp4").write_bytes(data)
    done = run(open_source(str(tmp_path / "damaged.mp4")), estimator=replayed)()
    check(done)
    assert done.failure is not None or done.summary.frames > 20


def test_a_pose_model_that_fails_on_a_frame_loses_that_frame(pictured, replayed):
    def fault(number):
        if number in (50, 51, 90):
            raise InputError(f"frame {number}: pose estimation failed")

    done = pictured(lambda: replayed(fault))()
    check(done)
    assert done.failure is None
    assert (done.summary.frames, done.summary.failed) == (247, 3)
    said = " ".join(m["message"] for m in done.messages("status"))
    assert "pose estimation failed" in said or len(done.messages("status")) == 2


def test_a_pose_model_that_breaks_is_built_anew(pictured, replayed):
    made = []

    def make():
        made.append(1)
        first = len(made) == 1
        return replayed(lambda number: 1 / 0 if first and number > 60 else None)

    done = pictured(make)()
    check(done)
    assert done.failure is None
    assert len(made) == 2
    assert done.summary.stages["pose"].restarts == 1
    assert (done.summary.frames, done.summary.failed) == (245, 5)


def test_a_pose_model_that_stays_broken_ends_the_run(pictured, replayed):
    done = pictured(lambda: replayed(lambda number: 1 / 0))()
    check(done)
    assert "pose failed on 20 frames in a row" in done.failure
    assert "ZeroDivisionError" in done.failure


def test_a_pose_model_that_hangs_ends_the_run(pictured, replayed, monkeypatch):
    monkeypatch.setattr("realtime.pipeline.watchdog._EVERY", 0.1)
    monkeypatch.setattr("realtime.pipeline.watchdog._HUNG", 10)
    monkeypatch.setattr("realtime.pipeline.run._GRACE", 0.5)
    release = threading.Event()
    done = pictured(lambda: replayed(lambda n: release.wait(60) if n == 40 else None))()
    assert "pose has been at item 40" in done.failure
    assert done.messages("status")[-1]["message"] == done.failure
    release.set()


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_joints_that_are_nan(broken, with_joints, share):
    rng = np.random.default_rng(0)

    def holed(joints):
        gone = rng.random(len(joints)) < share
        return np.where(gone[:, None], np.float32(np.nan), joints)

    run = broken(-1, None)
    inner = run.source._inner
    run.source._inner = [
        with_joints(f, holed) if 60 <= f.index < 140 else f for f in inner if f.index < 250
    ]
    run.source.close = inner.close
    done = run()
    check(done)
    assert done.failure is None
    assert done.messages("window")[-1]["frame"] > 200
    assert done.summary.frames + done.summary.failed == 250


def test_a_wall_clock_that_jumps(broken, monkeypatch):
    real = time.time
    jump = [0.0]
    monkeypatch.setattr("time.time", lambda: real() + jump[0])

    def fault(_):
        jump[0] = -7200.0

    done = broken(120, fault)()
    check(done)
    assert done.failure is None
    windows = done.messages("window")
    jumped = [m for m in windows if m["t_publish"] < windows[0]["t_publish"] - 3600]
    assert jumped
    assert all(0 < m["latency_ms"] < 30_000 for m in windows)
    assert 0 < done.summary.latency.p95 < 30_000
    assert done.summary.seconds < 600


@needs_full
def test_a_disk_that_is_full_while_messages_are_logged(run, broken, monkeypatch):
    done = broken(-1, None)
    done.log = FULL
    done()
    assert done.failure == "/dev/full: events cannot be written (No space left on device)"


@needs_full
def test_a_disk_that_is_full_while_poses_are_recorded(broken):
    done = broken(-1, None, recording=RecordingWriter(FULL))()
    check(done)  # subscribers and the log still heard everything
    assert done.failure == "/dev/full: poses cannot be recorded (No space left on device)"


def test_a_bank_whose_disk_goes_and_comes_back(broken, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    path = folder / "bank.safetensors"

    run = broken(-1, None)
    inner = run.source._inner

    def frames():
        for frame in inner:
            if frame.index == 120:
                shutil.rmtree(folder)
                run.pipeline.command(Command("enroll", 0))  # something to save
            if frame.index == 230:
                wait_for(lambda: "cannot be written" in run.log.read_text())  # once a second
                folder.mkdir()
            yield frame

    run.source._inner, run.source.close = frames(), inner.close
    with BankKeeper(path, every=0.0) as keeper:
        run.options["keeper"] = keeper
        done = run()
        check(done)
        assert done.failure is None
        assert "cannot be written" in " ".join(m["message"] for m in done.messages("status"))
        assert keeper.load(done.recogniser.text, 0.9, "exact").count == sum(
            done.summary.bank.values()
        )


def test_a_display_that_breaks_ends_the_run(broken):
    class Display:
        def show(self, view):
            raise RuntimeError("no screen any more")

        def close(self):
            pass

    done = broken(100, lambda _: time.sleep(0.5), display=Display())()
    check(done)
    assert done.failure == "display: RuntimeError: no screen any more"


def test_a_frame_that_cannot_be_recognised_is_passed_over(broken):
    # A body of another size, as a sender with a fault may make it.
    def fault(frame):
        return replace(frame, bodies=tuple(replace(b, joints=b.joints[:10]) for b in frame.bodies))

    done = broken(-1, None)
    done.source._at, done.source._fault = 100, fault
    done()
    check(done)
    assert done.failure is None or "recognise" in done.failure

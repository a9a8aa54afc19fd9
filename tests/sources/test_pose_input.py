"""Poses by ZeroMQ over loopback: read as sent; what is malformed is skipped and said."""

import json
import socket
import subprocess
import sys
import threading
import time
from itertools import islice
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kinect_vendors import Runtime, as_azure

from bank.errors import InputError
from realtime.frames import Body
from realtime.sources import LiveSource, open_source
from realtime.sources.pose_message import pose_schema, read_poses, write_poses
from realtime.sources.sender_clock import SenderClock
from train.data.readers.skeleton_file import read_skeleton

ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = jsonschema.Draft202012Validator(pose_schema())


@pytest.fixture(scope="module")
def clip(shared):
    return read_skeleton(shared / "data" / "ntu_samples" / "S001C001P001R001A050.skeleton")


def message(**changes):
    values = {"schema": 1, "type": "poses", "t": 1.0, "bodies": [body()]}
    return values | changes


def body(**changes):
    return {"joints": [[0.1, 0.2, 2.0]] * 25} | changes


def as_bytes(values):
    return json.dumps(values).encode()


@pytest.fixture
def sender():
    """A PUB socket on a free port."""
    with zmq.Context.instance().socket(zmq.PUB) as made:
        made.linger = 0
        made.bind("tcp://127.0.0.1:*")
        yield made


def spec(sender):
    return "zmq+" + sender.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sending:
    """Sends messages over and over in a thread of its own."""

    def __init__(self, sender, make, pause=0.005):
        self.sender, self.make, self.pause = sender, make, pause
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        number = 0
        while not self.over.wait(self.pause):
            self.sender.send(self.make(number))
            number += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def test_a_message_says_again_what_was_written(clip):
    pixels = np.random.default_rng(0).random((25, 2), np.float32)
    torn = clip[0, 0].copy()
    torn[7] = np.nan
    bodies = [Body(torn, pixels, 0.75, 3), Body(clip[0, 0])]
    sent = write_poses(bodies, t=5.5, fps=30.0, aspect=16 / 9)
    VALIDATOR.validate(json.loads(sent))
    read = read_poses(sent)
    assert (read.t, read.fps, read.aspect) == (5.5, 30.0, pytest.approx(16 / 9))
    assert read.ids == (3, None)
    np.testing.assert_allclose(read.bodies[0].joints, torn, atol=1e-4)
    np.testing.assert_allclose(read.bodies[0].pixels, pixels, atol=1e-5)
    assert read.bodies[0].confidence == 0.75
    assert read.bodies[1].pixels is None


def test_other_layouts_are_mapped(clip):
    joints = clip[0, 0]
    azure = read_poses(
        as_bytes(message(layout="azure-32", bodies=[{"joints": as_azure(joints).tolist()}]))
    )
    np.testing.assert_allclose(azure.bodies[0].joints, joints, atol=1e-4)
    v1 = joints[[0, 1, 20, 3, *range(4, 20)]]
    kinect = read_poses(as_bytes(message(layout="kinect-v1-20", bodies=[{"joints": v1.tolist()}])))
    same = [0, 1, 3, *range(4, 21)]
    np.testing.assert_allclose(kinect.bodies[0].joints[same], joints[same], atol=1e-6)
    np.testing.assert_array_equal(kinect.bodies[0].joints[22], joints[7])


def test_mediapipe_landmarks_that_are_missing_take_only_their_joints_along():
    from realtime.poses import to_ntu25

    marks = np.random.default_rng(0).normal(size=(33, 3))
    whole = read_poses(
        as_bytes(message(layout="mediapipe-33", bodies=[{"joints": marks.tolist()}]))
    )
    np.testing.assert_allclose(whole.bodies[0].joints, to_ntu25(marks), rtol=1e-5, atol=1e-6)
    points = marks.tolist()
    points[27] = None  # the left ankle
    part = read_poses(as_bytes(message(layout="mediapipe-33", bodies=[{"joints": points}])))
    absent = np.isnan(part.bodies[0].joints).any(axis=1)
    assert np.flatnonzero(absent).tolist() == [14, 15]  # ankle and foot
    np.testing.assert_allclose(
        part.bodies[0].joints[~absent], whole.bodies[0].joints[~absent], atol=1e-6
    )


def test_nan_and_null_are_absent_and_an_empty_body_is_nobody():
    points = [[0.1, 0.2, 2.0]] * 22 + [None, [float("nan"), 0.0, 1.0], [None, None, None]]
    read = read_poses(as_bytes(message(bodies=[body(joints=points), body(joints=[None] * 25)])))
    assert len(read.bodies) == 1
    assert np.isnan(read.bodies[0].joints).all(axis=1).nonzero()[0].tolist() == [22, 23, 24]


BROKEN = [
    (b"", "not a JSON object"),
    (b"\xff\xfe", "not a JSON object"),
    (b"[" * 100_000, "not a JSON object"),
    (b"[1]", "not a JSON object"),
    (as_bytes(message(schema=2)), "schema is 2"),
    (as_bytes(message(type="window")), "type is 'window'"),
    (as_bytes(message(layout="coco-17")), "layout is 'coco-17', not one of ntu-25"),
    (as_bytes(message(bodies={})), "bodies is not a list"),
    (as_bytes(message(bodies=[7])), "a body is not an object"),
    (as_bytes(message(bodies=[body(joints=[[0, 0, 1]] * 20)])), "joints is not a list of 25"),
    (as_bytes(message(bodies=[body(joints=[[0, 0]] * 25)])), r"joints\[0\] is not null or a list"),
    (as_bytes(message(bodies=[body(joints=[["1", 0, 1]] * 25)])), r"joints\[0\] holds '1'"),
    (as_bytes(message(bodies=[body(joints=[[1e9, 0, 1]] * 25)])), "a number beyond"),
    (as_bytes(message(bodies=[body(joints=[[float("inf"), 0, 1]] * 25)])), "a number beyond"),
    (as_bytes(message(bodies=[body(confidence=2)])), "confidence is 2"),
    (as_bytes(message(bodies=[body(id=[1])])), "id is"),
    (as_bytes(message(bodies=[body(pixels=[[0, 0]] * 24)])), "pixels is not a list of 25"),
    (as_bytes(message(t="now")), "t is 'now'"),
    (as_bytes(message(t=True)), "t is True"),
]


@pytest.mark.parametrize(("sent", "says"), BROKEN)
def test_what_is_malformed_is_said(sent, says):
    with pytest.raises(InputError, match=says):
        read_poses(sent)
    if sent[:1] == b"{" and b"Infinity" not in sent:
        assert not VALIDATOR.is_valid(json.loads(sent))


VALUES = st.none() | st.booleans() | st.integers(-3, 30) | st.text(max_size=3) | st.just([])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from(["schema", "type", "t", "layout", "fps", "aspect"]), VALUES),
    st.dictionaries(st.sampled_from(["id", "confidence", "joints", "pixels"]), VALUES),
)
def test_the_schema_and_the_reader_agree(changes, of_body):
    values = message(bodies=[body(**of_body)]) | changes
    try:
        read_poses(as_bytes(values))
    except InputError:
        assert not VALIDATOR.is_valid(values)
    else:
        VALIDATOR.validate(values)


def test_poses_arrive_on_our_clock_with_small_tracks(sender, clip):
    def make(number):
        bodies = [Body(joints) for joints in clip[min(number, len(clip) - 1)]]
        return write_poses(bodies, [2**40, "b"], t=7000 + number * 0.005, fps=200.0, aspect=1.5)

    with Sending(sender, make), open_source(spec(sender)) as source:
        assert isinstance(source, LiveSource)
        assert (source.gives, source.fps, source.aspect) == ("bodies", 200.0, 1.5)
        frames = list(islice(iter(source), 60))
        now = time.monotonic()
    assert {body.track for frame in frames for body in frame.bodies} == {0, 1}
    # The sender's even pace, not the network's and the machine's.
    steps = np.diff([frame.time for frame in frames])
    assert np.median(steps) == pytest.approx(0.005, abs=5e-4)
    assert all(now - 60 < frame.t_mono <= now for frame in frames)
    assert source.notes == []


def test_bad_messages_are_counted_said_once_and_skipped(sender):
    def make(number):
        return b"rubbish" if number % 3 == 1 else as_bytes(message(t=number / 200))

    with Sending(sender, make), open_source(spec(sender)) as source:
        frames = list(islice(iter(source), 30))
    assert len(frames) == 30
    (note,) = source.notes
    assert "messages skipped; the first: not a JSON object" in note
    assert int(note.split(": ")[1].split()[0]) >= 10


def test_times_that_do_not_grow_are_skipped(sender):
    def make(number):
        return as_bytes(message(t=number / 200 if number % 2 else (number - 2) / 200 - 0.05))

    with Sending(sender, make), open_source(spec(sender)) as source:
        times = [frame.time for frame in islice(iter(source), 20)]
    assert (np.diff(times) > 0).all()
    assert "not later than" in source.notes[0]


def test_a_sender_that_stops_and_starts_anew_is_found_again(monkeypatch):
    monkeypatch.setattr("realtime.sources.live._SILENCE", 0.5)
    context = zmq.Context.instance()
    first = context.socket(zmq.PUB)
    first.bind("tcp://127.0.0.1:*")
    endpoint = first.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")
    frames = []
    with Sending(first, lambda number: as_bytes(message(t=9000 + number / 200))):
        source = open_source(f"zmq+{endpoint}")
        thread = threading.Thread(target=lambda: frames.extend(source), daemon=True)
        thread.start()
        time.sleep(0.3)
    first.close(linger=0)
    until = time.monotonic() + 20
    while source.state == "running" and time.monotonic() < until:
        time.sleep(0.01)
    assert "no pose for" in source.reason
    second = context.socket(zmq.PUB)
    for _ in range(100):  # the port may be in use for a moment
        try:
            second.bind(endpoint)
            break
        except zmq.ZMQError:
            time.sleep(0.05)
    with Sending(second, lambda number: as_bytes(message(t=number / 200))):
        while source.state != "running" and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.1)
        source.close()
    thread.join(5)
    second.close(linger=0)
    assert source.reconnects == 1
    assert (np.diff([frame.time for frame in frames]) > 0).all()
    assert np.diff([frame.time for frame in frames]).max() > 0.5


def test_we_may_wait_at_a_port_for_senders_that_connect():
    port = free_port()
    with zmq.Context.instance().socket(zmq.PUB) as sender:
        sender.linger = 0
        sender.connect(f"tcp://127.0.0.1:{port}")
        with Sending(sender, lambda n: as_bytes(message(t=n / 200))):
            source = open_source(f"zmq+tcp://*:{port}")
            with source:
                assert next(iter(source)).bodies


def test_where_nobody_sends_is_said(monkeypatch, sender):
    monkeypatch.setattr("realtime.sources.live._SILENCE", 0.4)
    with pytest.raises(InputError, match="no pose for 0 seconds; is the sender running"):
        open_source(spec(sender))
    with (
        Sending(sender, lambda _: b"[]"),
        pytest.raises(InputError, match="messages were skipped; the first: not a JSON object"),
    ):
        open_source(spec(sender))


@pytest.mark.parametrize("endpoint", ["zmq+tcp://host", "zmq+tcp://", "zmq+tcp://host:99999"])
def test_a_malformed_endpoint_is_said(endpoint):
    with pytest.raises(InputError, match="not an endpoint"):
        open_source(endpoint)


def test_the_clock_follows_drift_and_restarts():
    clock = SenderClock()
    late = np.random.default_rng(0).exponential(0.02, 3000)
    sent = np.arange(3000) / 30
    arrived = 50.0 + sent * 1.0005 + late  # a sender whose clock is slow
    ours = np.array([clock(s, a) for s, a in zip(sent, arrived, strict=True)])
    assert (ours <= arrived).all()
    assert np.abs(ours - (50.0 + sent * 1.0005))[300:].max() < 0.02
    assert clock(0.0, 500.0) == 500.0  # begun anew


def test_the_example_sender_feeds_us(shared):
    clip = shared / "data" / "ntu_samples" / "S001C001P001R001A011.skeleton"
    port = free_port()
    command = [sys.executable, "examples/send_poses.py", str(clip), "--loop"]
    process = subprocess.Popen([*command, "--to", f"tcp://127.0.0.1:{port}"], cwd=ROOT)
    try:
        for _ in range(6):  # the example may need a while to load on a busy machine
            try:
                source = open_source(f"zmq+tcp://127.0.0.1:{port}")
                break
            except InputError:
                continue
        with source:
            frame = next(iter(source))
        assert source.fps == 30
        joints = read_skeleton(clip)
        close = np.isclose(joints[:, 0], frame.bodies[0].joints, atol=1e-4).all(axis=(1, 2))
        assert close.any()
    finally:
        process.terminate()
        process.wait(10)


def test_the_kinect_example_sends_what_we_read(clip, monkeypatch):
    import runpy
    from types import SimpleNamespace

    runtime = Runtime(clip, (2**56, 2**56 + 1))
    runtime.states[3] = 0
    vendor = SimpleNamespace(
        PyKinectRuntime=SimpleNamespace(PyKinectRuntime=lambda _: runtime),
        PyKinectV2=SimpleNamespace(FrameSourceTypes_Body=32),
    )
    monkeypatch.setitem(sys.modules, "pykinect2", vendor)
    port = free_port()
    example = runpy.run_path(str(ROOT / "examples" / "send_kinect_v2.py"))
    threading.Thread(target=example["main"], args=(f"tcp://127.0.0.1:{port}",), daemon=True).start()
    with open_source(f"zmq+tcp://127.0.0.1:{port}") as source:
        frame = next(iter(source))
    assert np.isnan(frame.bodies[0].joints[3]).all()
    assert np.isfinite(np.delete(frame.bodies[0].joints, 3, axis=0)).all()

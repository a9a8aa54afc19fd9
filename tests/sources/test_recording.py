"""Pose recordings: what goes in comes out, whatever happens to the process or the file."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bank.errors import InputError
from realtime.frames import Body, BodyFrame
from realtime.sources import RecordingSource, RecordingWriter, open_source


def body(rng, track=0, pixels=True):
    joints = rng.normal(0, 1, (25, 3)).astype(np.float32)
    joints[rng.random(25) < 0.2] = np.nan
    return Body(
        joints=joints,
        pixels=rng.random((25, 2), dtype=np.float32) if pixels else None,
        confidence=0.75,
        track=track,
    )


def made_frames(count=12, seed=0):
    """Nobody, one or two people, with and without pixels; some indices are missing."""
    rng = np.random.default_rng(seed)
    return [
        BodyFrame(
            tuple(body(rng, track, pixels=(index + track) % 3 > 0) for track in range(index % 3)),
            index=2 * index,
            time=0.5 + index / 25,
            t_capture=1e9 + index,
            image=np.zeros((90, 160, 3), np.uint8),
        )
        for index in range(count)
    ]


def record(path, frames, **options):
    with RecordingWriter(path, **options) as writer:
        for frame in frames:
            writer.write(frame)
    return path


def assert_same(got, expected):
    assert (got.index, len(got.bodies)) == (expected.index, len(expected.bodies))
    assert got.time == pytest.approx(expected.time, abs=1e-6)
    assert got.image is None
    for a, b in zip(got.bodies, expected.bodies, strict=True):
        assert (a.track, a.confidence) == (b.track, pytest.approx(b.confidence, abs=5e-4))
        assert a.joints.dtype == np.float32
        np.testing.assert_allclose(a.joints, b.joints, atol=5.1e-4)  # half a millimetre; NaN = NaN
        if b.pixels is None:
            assert a.pixels is None
        else:
            np.testing.assert_allclose(a.pixels, b.pixels, atol=5.1e-5)


def replay(path):
    with open_source(str(path)) as source:
        frames = list(source)
    return frames, source


def test_what_goes_in_comes_out(tmp_path):
    expected = made_frames()
    frames, source = replay(record(tmp_path / "hall way.poses", expected, fps=25.0, note="test"))
    for got, wanted in zip(frames, expected, strict=True):
        assert_same(got, wanted)
    assert isinstance(source, RecordingSource)
    assert (source.gives, source.live, source.name) == ("bodies", False, "hall-way")
    assert (source.fps, source.header.note, source.notes) == (25.0, "test", [])
    assert source.aspect == pytest.approx(16 / 9, abs=1e-5)  # of the first picture


def test_plain_json_lines_are_read_too_whatever_their_name(tmp_path):
    packed = record(tmp_path / "a.poses", made_frames())
    plain = tmp_path / "written-by-somebody.jsonl"
    plain.write_bytes(gzip.decompress(packed.read_bytes()).replace(b"\n", b"\r\n"))
    frames, _ = replay(plain)
    for got, wanted in zip(frames, made_frames(), strict=True):
        assert_same(got, wanted)


def test_the_format_is_as_documented(tmp_path):
    frame = made_frames()[2]
    path = record(tmp_path / "a.poses", [frame], fps=30.0, aspect=2.0)
    header, line = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
    assert header == {
        "format": "pgfa-poses",
        "version": 1,
        "layout": "ntu-25",
        "fps": 30.0,
        "aspect": 2.0,
        "note": "",
    }
    assert (line["i"], line["t"]) == (4, 0.58)
    assert [set(b) for b in line["bodies"]] == [{"track", "confidence", "joints", "pixels"}] * 2
    millimetres = line["bodies"][0]["joints"]
    for got, wanted in zip(millimetres, frame.bodies[0].joints.ravel(), strict=True):
        assert got is None if np.isnan(wanted) else got == round(float(wanted) * 1000)


def test_values_beyond_sense_are_written_as_not_seen(tmp_path):
    joints = np.zeros((25, 3), np.float32)
    joints[3] = np.inf
    joints[4, 0] = 1e30
    frames, _ = replay(record(tmp_path / "a.poses", [BodyFrame((Body(joints),), 0, 0.0, 0.0)]))
    got = frames[0].bodies[0].joints
    assert np.isnan(got[3]).all()
    assert np.isnan(got[4, 0])
    assert np.isfinite(np.delete(got, (3, 4), axis=0)).all()


def test_a_recording_is_never_overwritten(tmp_path):
    path = record(tmp_path / "a.poses", made_frames())
    before = path.read_bytes()
    with pytest.raises(InputError, match="a file already"):
        RecordingWriter(path)
    assert path.read_bytes() == before
    empty = tmp_path / "empty.poses"
    empty.touch()
    assert len(replay(record(empty, made_frames()))[0]) == 12


def test_frames_that_do_not_grow_are_not_written(tmp_path):
    first, second = made_frames(2)
    with RecordingWriter(tmp_path / "a.poses") as writer:
        writer.write(second)
        with pytest.raises(ValueError, match="after"):
            writer.write(first)
    assert len(replay(tmp_path / "a.poses")[0]) == 1


def test_a_full_disk_is_said_in_one_line():
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(InputError, match="No space left"), RecordingWriter(Path("/dev/full")) as w:
        w.write(made_frames(1)[0])


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(InputError, match="cannot be recorded"):
        RecordingWriter(tmp_path / "no" / "a.poses")


def test_a_killed_process_leaves_a_readable_file(tmp_path):
    path = tmp_path / "killed.poses"
    code = f"""
import time, numpy as np
from pathlib import Path
from realtime.frames import Body, BodyFrame
from realtime.sources import recording
recording._FLUSH_EVERY = 0.02
writer = recording.RecordingWriter(Path({str(path)!r}))
body = Body(np.ones((25, 3), np.float32))
for index in range(10**9):
    writer.write(BodyFrame((body,), index, index / 100, 0.0))
    if index == 40:
        time.sleep(0.05)
    if index == 50:
        print("fifty", flush=True)
    time.sleep(0.001)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    frames, source = replay(path)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert len(frames) >= 40
    assert source.notes == [f"{path}: cut short; {len(frames)} frames could be read"]


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.999])
def test_a_file_cut_anywhere_gives_its_beginning(kept, compressed, tmp_path):
    packed = record(tmp_path / "whole.poses", made_frames(200)).read_bytes()
    data = packed if compressed else gzip.decompress(packed)
    path = tmp_path / "cut.poses"
    path.write_bytes(data[: int(len(data) * kept)])
    frames, source = replay(path)
    assert 0 < len(frames) < 200 if kept < 0.99 else len(frames) <= 200
    for got, wanted in zip(frames, made_frames(200), strict=False):
        assert_same(got, wanted)
    assert source.notes == [f"{path}: cut short; {len(frames)} frames could be read"]


def test_a_spoilt_middle_is_noticed(tmp_path):
    data = bytearray(record(tmp_path / "whole.poses", made_frames(200)).read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    path = tmp_path / "spoilt.poses"
    path.write_bytes(data)
    with open_source(str(path)) as source:
        try:
            count = sum(1 for _ in source)
        except InputError as error:
            assert str(path) in str(error)
        else:
            assert count < 200
            assert "cut short" in source.notes[0]


HEADER = b'{"format":"pgfa-poses","version":1,"layout":"ntu-25","fps":25}\n'
JOINTS = json.dumps([0] * 75).encode()


def line(i=b"0", t=b"0.0", joints=JOINTS, pixels=b"null", track=b"0", confidence=b"1"):
    return b'{"i":%b,"t":%b,"bodies":[{"track":%b,"confidence":%b,"joints":%b,"pixels":%b}]}\n' % (
        i,
        t,
        track,
        confidence,
        joints,
        pixels,
    )


def test_the_line_that_the_refusals_vary_is_good_itself(tmp_path):
    path = tmp_path / "good.poses"
    path.write_bytes(HEADER + line() + line(i=b"1", t=b"1"))
    assert len(replay(path)[0]) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\x1f\x8b garbage",
        gzip.compress(b"", mtime=0),
        gzip.compress(b"hello\n", mtime=0),
        b"[]\n",
        b'{"format":"other"}\n',
        HEADER.replace(b":1", b":2"),
        HEADER.replace(b"ntu-25", b"coco"),
        HEADER.replace(b"25}", b"-1}"),
        HEADER.replace(b"25}", b'"fast"}'),
        HEADER,
        HEADER + b"{",
        HEADER + b"{}\n",
        HEADER + b"nonsense\n",
        HEADER + b"[" * 200_000 + b"\n",
        HEADER + b" " * 2_000_000 + b"\n",
        HEADER + line(i=b"-1"),
        HEADER + line(i=b"0.5"),
        HEADER + line(i=b"true"),
        HEADER + line(t=b"NaN"),
        HEADER + line(t=b"1e999"),
        HEADER + line(t=b'"0"'),
        HEADER + line(t=b"1" + b"0" * 400),
        HEADER + line(joints=b"[]"),
        HEADER + line(joints=b"null"),
        HEADER + line(joints=JOINTS.replace(b"0,", b"1e9,", 1)),
        HEADER + line(joints=JOINTS.replace(b"0,", b"9" * 30 + b",", 1)),
        HEADER + line(joints=JOINTS.replace(b"0,", b'"0",', 1)),
        HEADER + line(joints=JOINTS.replace(b"0,", b"NaN,", 1)),
        HEADER + line(pixels=JOINTS),
        HEADER + line(track=b"-2"),
        HEADER + line(track=b"1" + b"0" * 40),
        HEADER + line(confidence=b"2"),
        HEADER + line(confidence=b"NaN"),
        HEADER + line() + line(),
        HEADER + line(i=b"1", t=b"1") + line(i=b"2", t=b"0.5"),
    ],
)
def test_what_is_no_recording_is_refused_in_one_line(data, tmp_path):
    path = tmp_path / "bad.poses"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught, open_source(str(path)) as source:
        list(source)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_a_recording_with_spoilt_bytes_is_read_or_refused(data, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "fuzzed.poses"
    path.unlink(missing_ok=True)
    whole = bytearray(record(path, made_frames(4)).read_bytes())
    if data.draw(st.booleans()):
        whole = bytearray(zlib.decompress(bytes(whole), wbits=31))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole)
    try:
        frames, _ = replay(path)
    except InputError:
        return
    assert all(b.joints.shape == (25, 3) for frame in frames for b in frame.bodies)


def test_realtime_replay_is_stamped_when_it_is_given(tmp_path):
    path = record(tmp_path / "a.poses", made_frames(6))
    with open_source(str(path), realtime=True) as source:
        frames = list(source)
    took = frames[-1].t_capture - frames[0].t_capture
    assert took >= frames[-1].time - frames[0].time - 0.01


def test_stopping_wakes_a_replay_that_waits(tmp_path):
    first = BodyFrame((), 0, 0.0, 0.0)
    path = record(tmp_path / "a.poses", [first, BodyFrame((), 1, 3600.0, 0.0)])
    with open_source(str(path), realtime=True) as source:
        timer = threading.Timer(0.2, source.stop)
        timer.start()
        assert [frame.index for frame in source] == [0]
        timer.join()
    assert source.notes == []

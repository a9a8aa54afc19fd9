"""pgfa-live as a user runs it: the real program, in a process of its own."""

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import jsonschema
import pytest

from realtime.publishing import Subscriber, message_schema
from realtime.sources import open_source

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "apps" / "demo" / "demo.poses"
LABELS = ROOT / "apps" / "demo" / "labels.txt"


def program(name, *arguments):
    code = f"from apps.{name} import main; main()"
    return [sys.executable, "-c", code, *map(str, arguments)]


def run(name, *arguments, **environment):
    env = {**os.environ, "DISPLAY": "", "WAYLAND_DISPLAY": "", **environment}
    return subprocess.run(
        program(name, *arguments), cwd=ROOT, env=env, capture_output=True, text=True, timeout=240
    )


def free_endpoint():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """One run of the demo at full speed, with everything written down."""
    folder = tmp_path_factory.mktemp("demo")
    summary, events, poses = (folder / n for n in ("summary.json", "events.jsonl", "again.poses"))
    done = run(
        "live", "--demo", "--fast", "--no-publish",
        "--events", events, "--record", poses, "--json-summary", summary,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    messages = [json.loads(line) for line in events.read_text().splitlines()]
    return done, json.loads(summary.read_text()), messages, poses


def test_the_recording_is_small_and_played_whole(demo):
    _, summary, _, _ = demo
    assert DEMO.stat().st_size <= 500_000
    with open_source(str(DEMO)) as source:
        assert summary["frames"] == sum(1 for _ in source)
    assert summary["windows"] > 20
    assert summary["dropped"] == 0
    assert summary["ended"] == "end of source"


def test_the_summary_says_what_happened(demo):
    done, summary, messages, _ = demo
    for word in ("frames", "windows", "fps", "latency", "actions", "bank"):
        assert word in done.stdout
    windows = [m for m in messages if m["type"] == "window"]
    starts = Counter(
        m["label"] for m in messages if m["type"] == "action" and m["phase"] == "start"
    )
    assert summary["windows"] == len(windows)
    assert summary["actions"] == dict(starts)
    assert 0 < sum(summary["bank"].values()) <= len(windows)
    assert summary["latency"]["p50"] <= summary["latency"]["p95"]
    labels = set(summary["bank"])
    assert {m["label"] for m in windows} <= labels | {"idle", "unknown"}
    assert {m["top"][0][0] for m in windows} <= labels


def test_every_message_obeys_the_schema_and_numbers_have_no_gaps(demo):
    _, _, messages, _ = demo
    validator = jsonschema.Draft202012Validator(message_schema())
    for message in messages:
        validator.validate(message)
    for kind in ("window", "action", "status"):
        numbers = [m["seq"] for m in messages if m["type"] == kind]
        assert numbers == list(range(len(numbers)))
    ends = [m for m in messages if m["type"] == "action" and m["phase"] == "end"]
    starts = [m for m in messages if m["type"] == "action" and m["phase"] == "start"]
    assert {(m["track"], m["t_start"]) for m in ends} == {
        (m["track"], m["t_start"]) for m in starts
    }


def test_a_recorded_run_replays_to_the_same_answers(demo, tmp_path):
    _, _, messages, poses = demo
    events = tmp_path / "events.jsonl"
    done = run(
        "live", "--source", poses, "--classes", LABELS, "--fast", "--headless", "--no-publish",
        "--events", events,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    again = [json.loads(line) for line in events.read_text().splitlines()]

    def answers(run_messages):
        return [(m["frame"], m["label"], m["top"]) for m in run_messages if m["type"] == "window"]

    assert [a[:2] for a in answers(again)] == [a[:2] for a in answers(messages)]


def test_a_second_process_receives_every_message():
    endpoint = free_endpoint()
    live = subprocess.Popen(
        program("live", "--demo", "--realtime", "--headless", "--publish", endpoint,
                "--max-seconds", 8),
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with Subscriber(endpoint, timeout=90) as subscriber:
        received = []
        for message in subscriber:
            received.append(message)
            if message["type"] == "status" and message["state"] == "ended":
                break
        assert sum(subscriber.gaps.values()) == 0
    out, err = live.communicate(timeout=60)
    assert live.returncode == 0, err
    assert "time limit" in out
    windows = [m["seq"] for m in received if m["type"] == "window"]
    assert windows
    assert windows == list(range(windows[0], windows[0] + len(windows)))


def test_watch_prints_what_is_published():
    endpoint = free_endpoint()
    watch = subprocess.Popen(
        program("watch", endpoint, "--json", "--topic", "window.", "--count", 3, "--timeout", 90),
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    live = run("live", "--demo", "--realtime", "--headless", "--publish", endpoint,
               "--max-seconds", 8)  # fmt: skip
    assert live.returncode == 0, live.stderr
    out, err = watch.communicate(timeout=90)
    assert watch.returncode == 0, err
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["type"] for line in lines] == ["window"] * 3
    assert "3 messages, 0 missed" in err


def test_sigterm_ends_with_a_summary(tmp_path):
    summary = tmp_path / "summary.json"
    live = subprocess.Popen(
        program("live", "--demo", "--realtime", "--headless", "--no-publish",
                "--json-summary", summary, "--events", tmp_path / "events.jsonl"),
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while (
        not (tmp_path / "events.jsonl").exists() or not (tmp_path / "events.jsonl").stat().st_size
    ):
        assert time.monotonic() < deadline
        assert live.poll() is None
        time.sleep(0.1)
    live.send_signal(signal.SIGTERM)
    _, err = live.communicate(timeout=60)
    assert live.returncode == 0, err
    assert json.loads(summary.read_text())["ended"] == "SIGTERM"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "give one of --camera N, --source PATH_OR_URL or --demo"),
        (["--demo", "--camera", 0], "give one of"),
        (["--camera", 0], "give --classes FILE"),
        (["--camera", 63, "--classes", LABELS], "camera 63"),
        (["--source", "nothing.mp4", "--classes", LABELS], "nothing.mp4"),
        (["--source", LABELS, "--classes", LABELS], "labels.txt"),
        (["--source", "nothing.poses", "--classes", LABELS], "nothing.poses"),
        (["--demo", "--checkpoint", LABELS], "labels.txt: damaged or not a safetensors file"),
        (["--demo", "--checkpoint", "nothing.safetensors"], "no such file"),
        (["--demo", "--classes", "nothing.txt"], "no such label file"),
        (["--demo", "--publish", "tcp://192.0.2.1:5556"], "192.0.2.1"),
        (["--demo", "--no-publish", "--device", "cuda"], "no cuda device"),
        (["--demo", "--no-publish", "--events", "no/folder/events.jsonl"], "no/folder"),
        (["--demo", "--alpha", "1.5"], "alpha"),
        (["--demo", "--json-summary", "."], "name a file"),
        (["--demo", "--json-summary", "no/folder.json"], "name a file"),
        (["--demo", "--classes", LABELS, "--events", LABELS], "is the file of --classes too"),
        (["--demo", "--no-publish", "--bank-state", LABELS], "is the file of --classes too"),
        (["--demo", "--no-publish", "--bank-state", "no/folder/bank"], "name a file in a folder"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_two(arguments, complaint):
    if "cuda" in arguments:
        import torch

        if torch.cuda.is_available():
            pytest.skip("there is a cuda device here")
    done = run("live", *arguments)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    if "--alpha" not in arguments:  # which the option parser itself refuses, in its own frame
        assert len(done.stderr.strip().splitlines()) == 1


def test_labels_may_look_like_markup(tmp_path):
    labels = write(tmp_path / "labels.txt", "raise [/b] a hand\nbow [red]\n")
    done = run("live", "--demo", "--fast", "--headless", "--no-publish", "--classes", labels)
    assert done.returncode == 0, done.stderr
    assert "[/b]" in done.stdout or "[red]" in done.stdout


def test_a_failing_run_still_tells_its_subscribers(tmp_path):
    lines = gzip.decompress(DEMO.read_bytes()).splitlines(keepends=True)
    lines[150] = b'{"i": 149}\n'
    broken, events = tmp_path / "broken.poses", tmp_path / "events.jsonl"
    broken.write_bytes(b"".join(lines))
    done = run(
        "live", "--source", broken, "--classes", LABELS, "--fast", "--headless", "--no-publish",
        "--events", events,
    )  # fmt: skip
    assert done.returncode == 2
    messages = [json.loads(line) for line in events.read_text().splitlines()]
    assert messages[-1]["state"] == "ended"
    assert "broken.poses" in messages[-1]["message"]
    phases = Counter(m["phase"] for m in messages if m["type"] == "action")
    assert phases["start"] == phases["end"] > 0


def test_a_taken_port_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("live", "--demo", "--publish", f"tcp://127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 2
    assert "another program uses that port" in done.stderr


def test_a_bank_goes_on_and_is_refused_for_other_classes(tmp_path):
    bank, summary = tmp_path / "bank.safetensors", tmp_path / "summary.json"
    quick = ["--demo", "--fast", "--headless", "--no-publish", "--bank-state", bank]
    quick += ["--bank-mode", "exact"]
    learned = []
    for _ in range(2):
        done = run("live", *quick, "--json-summary", summary)
        assert done.returncode == 0, done.stderr
        learned.append(sum(json.loads(summary.read_text())["bank"].values()))
    assert learned[1] == 2 * learned[0] > 0
    kept = bank.read_bytes()
    labels = write(tmp_path / "others.txt", "kick\nbow\nclap\njump\nwave\nsit down\n")
    done = run("live", *quick, "--classes", labels)
    assert done.returncode == 2
    assert f"{bank}: a bank of other class texts" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert bank.read_bytes() == kept


@pytest.mark.parametrize("name", ["live", "watch", "train", "bench", "data"])
def test_help_has_examples(name):
    done = run(name, "--help", COLUMNS="120")
    assert done.returncode == 0
    assert f"$ pgfa-{name} " in done.stdout


def test_a_real_video_goes_all_the_way(shared, tmp_path):
    summary = tmp_path / "summary.json"
    done = run(
        "live", "--source", shared / "data" / "video" / "right_hand_raise.mp4", "--classes", LABELS,
        "--fast", "--headless", "--no-publish", "--json-summary", summary,
    )  # fmt: skip
    if "pose model" in done.stderr and done.returncode == 2:
        pytest.skip(f"no pose model can be had here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    figures = json.loads(summary.read_text())
    assert figures["frames"] > 50
    assert figures["windows"] > 0


@pytest.mark.parametrize(("pairs", "partners"), [("on", {0: 1, 1: 0}), ("auto", {})])
def test_pairs_are_for_weights_that_know_them_or_when_told(shared, tmp_path, pairs, partners):
    """One punches another, as Kinect saw it; the bundled weights were shown single people."""
    events = tmp_path / "events.jsonl"
    done = run(
        "live", "--source", shared / "data/ntu_samples/S001C001P001R001A050.skeleton",
        "--classes", LABELS, "--headless", "--no-publish", "--events", events, "--pairs", pairs,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    messages = [json.loads(line) for line in events.read_text().splitlines()]
    windows = [m for m in messages if m["type"] == "window"]
    assert {m["track"] for m in windows} == {0, 1}
    assert {m["track"]: m["partner"] for m in windows if m["partner"] is not None} == partners

"""pgfa-data as a user runs it: the real entry point, once in a process of its own."""

import io
import json
import subprocess
import sys
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image

from apps.data import main
from realtime.frames import Body, BodyFrame
from realtime.sources.recording import RecordingWriter
from train.data.store import Store

ROOT = Path(__file__).resolve().parents[2]


def data(*arguments):
    """Run the program's entry point; what it prints and its exit code."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["pgfa-data", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return SimpleNamespace(
        returncode=ended.value.code, stdout=out.getvalue(), stderr=err.getvalue()
    )


def good(*arguments):
    done = data(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def bad(*arguments):
    """The one line that a user reads."""
    done = data(*arguments)
    assert done.returncode == 2, (done.stdout, done.stderr)
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("pgfa-data: "), done.stderr
    return lines[0]


def kard_file(frames, seed):
    """KARD's 15 joints in millimetres."""
    values = np.random.default_rng(seed).uniform(-900, 900, (frames * 15, 3))
    values[:, 2] += 3000
    return "".join(f"{x:.3f} {y:.3f} {z:.3f}\n" for x, y, z in values)


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Six clips in KARD's format, one of them cut short."""
    folder = tmp_path_factory.mktemp("raw")
    for number, (action, subject) in enumerate([(1, 1), (1, 2), (2, 1), (2, 2), (7, 1), (7, 2)]):
        text = kard_file(20 + 30 * number, number)
        if number == 5:
            text = text[: len(text) // 2]
        (folder / f"a{action:02}_s{subject:02}_e01_realworld.txt").write_text(text)
    return folder


@pytest.fixture(scope="module")
def store(raw, tmp_path_factory):
    """A store built by the program."""
    folder = tmp_path_factory.mktemp("built") / "store"
    done = data("build", folder, "--set", f"kard={raw}")
    assert done.returncode == 0, done.stderr
    assert "kard: 5 clips built, 1 skipped" in done.stdout
    assert "skipped a07_s02_e01_realworld" in done.stderr
    return folder


def test_a_second_build_has_nothing_left_to_do(raw, store):
    assert "0 clips built, 1 skipped, 5 there already" in good(
        "build", store, "--set", f"kard={raw}"
    )


def test_strict_stops_at_the_bad_clip(raw, tmp_path):
    done = data("build", tmp_path / "strict", "--set", f"kard={raw}", "--strict")
    assert done.returncode == 2
    assert "a07_s02_e01_realworld" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_inspect_json_agrees_with_the_store(store):
    found = json.loads(good("inspect", store, "--json"))
    table = Store.open(store).table
    assert found["clips"] == len(table) == 5
    assert {c["label"]: c["clips"] for c in found["classes"]} == Counter(table.label.tolist())
    for one in found["classes"]:
        assert table.label[one["example"]] == one["label"]
    assert {s["subject"]: s["clips"] for s in found["subjects"]} == {"01": 3, "02": 2}
    assert [s["name"] for s in found["sets"]] == ["kard"]
    assert found["sets"][0]["bad"] == 1 and found["sets"][0]["complete"]
    assert sum(bar["clips"] for bar in found["lengths"]) == 5
    for bar in found["lengths"]:
        inside = (table.seconds >= bar["start"]) & (table.seconds < (bar["end"] or np.inf))
        assert inside.sum() == bar["clips"]
    assert table.frames[found["longest"]["index"]] == table.frames.max()
    assert [b["clip"] for b in found["bad"]] == ["a07_s02_e01_realworld"]
    assert found["bad"][0]["reason"]


def test_inspect_prints_everything_in_words(store):
    text = good("inspect", store, "--verify")
    for words in ("5 clips", "high arm wave", "draw tick", "01: 3", "longest", "1 bad clip"):
        assert words in text
    reason = next(line for line in text.splitlines() if "a07_s02_e01_realworld" in line)
    assert len(reason.split()) > 4


def test_an_empty_store_can_be_inspected(tmp_path):
    raw, store = tmp_path / "raw", tmp_path / "store"
    raw.mkdir()
    (raw / "a01_s01_e01_realworld.txt").write_text("no numbers\n")
    good("build", store, "--set", f"kard={raw}")
    found = json.loads(good("inspect", store, "--json"))
    assert (found["clips"], found["longest"], len(found["bad"])) == (0, None, 1)
    assert "0 clips" in good("inspect", store)
    assert "no clip 0" in bad("view", f"{store}:0", "--out", tmp_path / "x.png")


def test_a_damaged_store_is_said_to_be_damaged(raw, tmp_path):
    store = tmp_path / "store"
    good("build", store, "--set", f"kard={raw}")
    joints = store / "joints.f32"
    damaged = bytearray(joints.read_bytes())
    damaged[100] ^= 1
    joints.write_bytes(damaged)
    assert "damaged" in bad("inspect", store, "--verify")


@pytest.mark.parametrize("clip", ["4", "a07_s01_e01_realworld", "kard/a07_s01_e01_realworld"])
def test_view_takes_an_index_or_a_name(store, tmp_path, clip):
    out = tmp_path / "clip.png"
    said = good("view", f"{store}:{clip}", "--out", out)
    assert "a07_s01_e01_realworld (draw tick), 140 frames" in said
    with Image.open(out) as image:
        assert image.format == "PNG" and image.width > 600


def test_view_draws_a_gif_of_a_raw_file(raw, tmp_path):
    out = tmp_path / "clip.gif"
    file = raw / "a01_s01_e01_realworld.txt"
    good("view", file, "--reader", "kard", "--out", out, "--turn", "30")
    with Image.open(out) as image:
        assert image.n_frames == 20
    by_name = tmp_path / "again.gif"
    good("view", f"{raw}:{file.stem}", "--reader", "kard", "--out", by_name, "--turn", "30")
    assert by_name.read_bytes() == out.read_bytes()


def test_view_finds_the_labels_of_a_pku_file_in_the_folder_beside_it(tmp_path):
    skeletons, labels = tmp_path / "skeleton", tmp_path / "label"
    skeletons.mkdir()
    labels.mkdir()
    values = np.random.default_rng(0).uniform(0.1, 2, (60, 150))
    rows = "".join(" ".join(f"{v:.5f}" for v in row) + "\n" for row in values)
    (skeletons / "0002-L.txt").write_text(rows)
    (labels / "0002-L.txt").write_text("1,5,25,2\n7,30,55,2\n")
    out = tmp_path / "clip.png"
    file = skeletons / "0002-L.txt"
    assert "holds 2 clips" in bad("view", file, "--reader", "pku-mmd", "--out", out)
    assert "people: 2" in good("view", f"{file}:1", "--reader", "pku-mmd", "--out", out)


def test_view_draws_a_recording(tmp_path):
    recording, out = tmp_path / "run.poses", tmp_path / "run.png"
    rng = np.random.default_rng(1)
    with RecordingWriter(recording, fps=25.0) as writer:
        for index in range(10):
            people = [Body(rng.normal(0, 1, (25, 3)).astype(np.float32)) for _ in range(2)]
            writer.write(BodyFrame(tuple(people[: 1 + index % 2]), index, index / 25, 0.0))
    assert "10 frames, 0.36 s, people: 2" in good("view", recording, "--out", out)
    assert out.stat().st_size > 1000


@pytest.mark.parametrize(
    ("place", "out", "words"),
    [
        ("STORE:99", "x.png", "no clip 99"),
        ("STORE:a07_s01", "x.png", "did you mean a07_s01_e01_realworld"),
        ("STORE", "x.png", "name one of its 5 clips"),
        ("STORE:0", "x.jpg", "ends in .png or .gif"),
        ("STORE:0", "none/x.png", "cannot be written"),
        ("nowhere:0", "x.png", "no such file or folder"),
        ("RAW:0", "x.png", "no store here"),
        ("RAW/a01_s01_e01_realworld.txt", "x.png", "--reader"),
    ],
)
def test_view_says_in_one_line_what_is_wrong(store, raw, tmp_path, place, out, words):
    place = place.replace("STORE", str(store)).replace("RAW", str(raw))
    assert words in bad("view", place, "--out", tmp_path / out)
    assert list(tmp_path.iterdir()) == []


def test_other_bad_input_is_one_line_too(raw, tmp_path):
    assert "no such file" in bad("view", raw / "none.txt", "--reader", "kard", "--out", "x.png")
    assert "no store here" in bad("inspect", raw)
    assert "READER=FOLDER" in bad("build", tmp_path / "s", "--set", "kard")
    assert "no reader is called" in bad("build", tmp_path / "s", "--set", f"none={raw}")
    assert "not gtu3d" in bad("build", tmp_path / "s", "--set", f"gtu3d={raw}")
    broken = raw / "a07_s02_e01_realworld.txt"
    assert broken.name in bad("view", broken, "--reader", "kard", "--out", tmp_path / "x.png")


@pytest.mark.parametrize("command", ["readers", "build", "inspect", "view", "describe"])
def test_help_has_examples(command):
    text = good(command, "--help")
    assert "Examples" in text and f"$ pgfa-data {command}" in text


def test_two_sets_with_the_same_name_are_told_apart(tmp_path):
    from tests.store.made_up import MadeUp, make_dataset
    from train.data.store import build_store

    folder = make_dataset(tmp_path / "raw", clips=3, broken=())
    for name in ("one", "two"):
        build_store(tmp_path / "store", MadeUp(name), folder, progress=False)
    line = bad("view", f"{tmp_path / 'store'}:clip002", "--out", tmp_path / "x.png")
    assert "one/clip002, two/clip002" in line
    good("view", f"{tmp_path / 'store'}:two/clip002", "--out", tmp_path / "x.png")


def test_in_a_process_of_its_own(store, tmp_path):
    code = "from apps.data import main; main()"
    program = [sys.executable, "-c", code, "view"]
    options = {"cwd": ROOT, "capture_output": True, "text": True, "timeout": 120}
    done = subprocess.run([*program, f"{store}:0", "--out", tmp_path / "x.png"], **options)
    assert done.returncode == 0 and (tmp_path / "x.png").exists(), done.stderr
    done = subprocess.run([*program, f"{store}:99", "--out", tmp_path / "y.png"], **options)
    assert done.returncode == 2
    assert done.stderr.startswith("pgfa-data: ") and len(done.stderr.splitlines()) == 1

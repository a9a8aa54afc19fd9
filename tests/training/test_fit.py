"""Whole runs on a made-up store: nothing unseen is touched, and the command line does it all."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from apps.bench import app as bench
from apps.train import app as train_app
from bank.storage import load_state
from train.data.protocols import load_fold, published_labels
from train.data.readers import ClipSource
from train.data.readers.published import training_subjects
from train.data.store import Store, build_store
from train.model import load_checkpoint
from train.skeletons.clip import Clip
from train.text.descriptions import describe
from train.text.encoder import TextEncoder
from train.training.figures import PAPER_PROTOCOL, TestClips
from train.training.fit import fit, split_of
from train.training.recipe import Recipe

FOLD = "setting1-pku/1"
UNSEEN = sorted(load_fold(FOLD).unseen)
SEEN = [label for label in published_labels("pku-mmd") if label not in UNSEEN][:3]
ROOT = Path(__file__).resolve().parents[2]
TINY = {
    "fold": FOLD,
    "vocabulary": "pku-mmd",
    "encoder_config": {"hidden_channels": 8, "out_channels": 8, "dropout": 0.2},
    "preprocessing": {"frames": 12},
    "options": {"epochs": 2, "batch": 8, "warmup": 0.0},
}


class MadeUpPKU:
    """Noise, but named as PKU-MMD's: few clips of few classes by a training and a test subject.

    One take in four shows two people.
    """

    name = "pku-mmd"
    subjects = (sorted(training_subjects("pku-mmd"))[0], "999")

    def find(self, root):
        names = [
            (label, f"{n:02}-{who}-{take}")
            for n, label in enumerate(SEEN + UNSEEN)
            for who in range(2)
            for take in range(4)
        ]
        return [ClipSource(root / name, name, label) for label, name in names]

    def read(self, source):
        number, who, take = (int(part) for part in source.name.split("-"))
        noise = np.random.default_rng(100 * number + 10 * who + take)
        return Clip(
            joints=noise.normal(size=(12, 1 + (take == 0), 25, 3)).astype(np.float32),
            times=np.arange(12) / 30,
            name=source.name,
            label=source.label,
            dataset=self.name,
            subject=self.subjects[who],
            view="",
        )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("pku")
    build_store(path / "store", MadeUpPKU(), path, progress=False)
    return Store.open(path / "store")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def recipe(**changes):
    return Recipe.from_dict({**TINY, **changes})


class TouchedError(AssertionError):
    """Something unseen was read while training went on."""


@pytest.fixture
def watched(monkeypatch, tmp_path):
    """Reading unseen clips or texts is an error until the last epoch is done."""
    prepared, encode = Store.prepared, TextEncoder.encode
    texts = {text for several in describe("pku-mmd", "skeleton", UNSEEN) for text in several}

    def training():
        state = tmp_path / "run" / "state.safetensors"
        return not state.is_file() or load_state(state)[1]["progress"]["epoch"] < 2

    def watch_clips(self, preprocessing, indices):
        if training() and set(self.table.label[indices].tolist()) & set(UNSEEN):
            raise TouchedError("clips")
        return prepared(self, preprocessing, indices)

    def watch_texts(self, sentences):
        if training() and set(sentences) & texts:
            raise TouchedError("texts")
        return encode(self, sentences)

    monkeypatch.setattr(Store, "prepared", watch_clips)
    monkeypatch.setattr(TextEncoder, "encode", watch_texts)
    return tmp_path / "run"


def test_nothing_unseen_is_touched_before_training_ended(store, cache, watched):
    result = fit(store, recipe(), watched, cache=cache)
    scores = [figures["held_out_seen"] for figures in result.progress.history]
    assert result.progress.best_epoch == 1 + scores.index(max(scores))
    assert not any("test" in name for figures in result.progress.history for name in figures)
    written = json.loads((watched / "config.json").read_text())
    assert Recipe.from_dict(written).to_dict() == written
    assert written["encoder_config"]["hidden_channels"] == 8
    for kind, path in (("last", result.last), ("seen_selected", result.best)):
        training = load_checkpoint(path)[1].training
        assert training["two_pass"] == result.figures[kind]["two_pass"]
        assert training["epoch"] == result.figures[kind]["epoch"]
        assert training["two_pass"]["unseen"]["samples"] == 20


def test_the_papers_protocol_touches_them_and_says_so(store, cache, watched, tmp_path):
    with pytest.raises(TouchedError):
        fit(store, recipe(paper_protocol=True), watched, cache=cache)


def test_the_papers_protocol_records_the_best_epoch_on_test(store, cache, tmp_path):
    result = fit(store, recipe(paper_protocol=True), tmp_path, cache=cache)
    best = result.figures["paper_protocol"]
    assert best["what"] == PAPER_PROTOCOL
    for kind in ("plain", "aligned"):
        scores = [figures[f"test_{kind}"] for figures in result.progress.history]
        assert best[kind] == {"epoch": 1 + scores.index(max(scores)), "overall": max(scores)}
    assert load_checkpoint(result.last)[1].training["paper_protocol"] == best
    seen = [figures["held_out_seen"] for figures in result.progress.history]
    assert result.progress.best_epoch == 1 + seen.index(max(seen))


def test_folds_without_unseen_test_clips_have_a_figure(store, cache, tmp_path):
    split = split_of(store, FOLD)
    across = replace(
        split, test=split.test[:0], test_seen=split.held_out, unseen=(), tested_seen=split.seen
    )
    result = fit(store, recipe(options={**TINY["options"], "epochs": 1}), tmp_path, cache=cache)
    model = load_checkpoint(result.last)[0]
    test = TestClips(store, across, recipe(), TextEncoder(cache=cache))
    both = test.figures(model)["two_pass"]["both"]
    assert test.by_epoch(model) == {
        "test_plain": both["plain"]["overall"],
        "test_aligned": both["aligned"]["overall"],
    }


@pytest.mark.parametrize("framework", ["pretrain-fixed", "pretrain-finetune"])
def test_pretraining_is_kept_or_finetuned(store, cache, tmp_path, framework):
    result = fit(store, recipe(framework=framework), tmp_path, cache=cache)
    pretrained, _ = load_state(tmp_path / "pretraining.safetensors")
    model = load_checkpoint(result.last)[0]
    same = {
        name: torch.equal(tensor, pretrained[f"encoder.{name}"])
        for name, tensor in model.encoder.state_dict().items()
    }
    assert "data_norm.running_mean" in same
    if framework == "pretrain-fixed":
        assert all(same.values())
    else:
        assert not same["data_norm.running_mean"]
        assert not same["data_norm.weight"]
    (tmp_path / "state.safetensors").unlink()  # as if killed after the pretraining
    again = fit(store, recipe(framework=framework), tmp_path, cache=cache)
    other = load_checkpoint(again.last)[0].state_dict()
    assert all(torch.equal(tensor, other[name]) for name, tensor in model.state_dict().items())


def arguments(store, out, epochs):
    sets = ["vocabulary=pku-mmd", "preprocessing.frames=12", "encoder_config.out_channels=8"]
    sets += ["encoder_config.hidden_channels=8"]
    command = ["fit", str(store.path), "--fold", FOLD, "--out", str(out), "--device", "cpu"]
    command += ["--epochs", str(epochs), "--batch", "8"]
    return [*command, *(part for one in sets for part in ("--set", one))]


def test_the_command_trains_and_its_checkpoint_is_measured(store, cache, tmp_path):
    environment = {"PGFA_CACHE": str(cache)}
    command = arguments(store, tmp_path / "run", 2)
    done = CliRunner().invoke(train_app, command, env=environment)
    assert done.exit_code == 0, done.output
    assert "last epoch (epoch 2), 20 clips of unseen classes among 5: plain" in done.output
    again = CliRunner().invoke(train_app, command, env=environment)
    assert again.exit_code == 0, again.output
    assert "finished already, after 2 epochs; nothing was done" in again.output

    last = tmp_path / "run" / "last.safetensors"
    trained = store.table.bodies[split_of(store, FOLD).train]
    shown = load_checkpoint(last)[1].training["data"]["two_bodies"]
    assert 0 < shown < 1
    assert shown == pytest.approx((trained > 1).mean())
    measure = ["two-pass", str(store.path), "--checkpoint", str(last), "--device", "cpu"]
    measured = CliRunner().invoke(bench, measure, env=environment)
    assert measured.exit_code == 0, measured.output
    plain = load_checkpoint(last)[1].training["two_pass"]["unseen"]["plain"]["overall"]
    assert f"{plain:.2%} overall" in measured.output


def test_sigterm_ends_a_run_cleanly(store, cache, tmp_path):
    out = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-c", "from apps.train import main; main()", *arguments(store, out, 5000)],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PGFA_CACHE": str(cache),
            "OMP_NUM_THREADS": "1",  # two threads that wait for a busy core take far longer
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        limit = time.monotonic() + 120
        while not (out / "state.safetensors").exists() and time.monotonic() < limit:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert process.returncode == 143
    assert "Traceback" not in said
    assert "the same command goes on after the last whole epoch" in said
    assert load_state(out / "state.safetensors")[1]["progress"]["epoch"] >= 1

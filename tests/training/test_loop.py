"""The loop learns, and resumes exactly: after an interruption, a kill, and whatever was trained."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from small_run import Texts, accuracy, first_step, learner_of, new_model, options, samples

from bank.errors import InputError
from train.training.augment import Augmentation
from train.training.distributed import make_accelerator
from train.training.learners import Alignment
from train.training.loop import train
from train.training.objective import make_objective

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("small_run.py")


def run(folder, epochs, stop_after=None, dropout=0.3, framework="align", changes=None):
    """The learner and the progress of a run; KeyboardInterrupt after some epochs of it."""
    model, data = new_model(dropout), samples()
    learner = learner_of(framework, model)
    done = 0

    def validate():
        nonlocal done
        done += 1
        if stop_after is not None and done > stop_after:
            raise KeyboardInterrupt
        return {"held_out_seen": accuracy(model, data)}

    texts = None if framework == "classify" else Texts()
    settings = options(epochs, **(changes or {}))
    return learner, train(learner, data, texts, settings, folder, validate=validate)


def assert_equal_weights(one, other):
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


def test_it_learns(tmp_path):
    learner, progress = run(tmp_path, epochs=25, dropout=0.0)
    assert progress.history[-1]["loss"] < progress.history[0]["loss"]
    assert accuracy(learner.model, samples()) > 0.9


@pytest.mark.parametrize("framework", ["align", "fixed", "classify"])
def test_a_resumed_run_ends_with_the_same_weights(tmp_path, framework):
    changes = {"augmentation": Augmentation()}
    whole, progress = run(tmp_path / "whole", 3, framework=framework, changes=changes)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "broken", 3, 1, framework=framework, changes=changes)
    resumed, again = run(tmp_path / "broken", 3, framework=framework, changes=changes)
    assert_equal_weights(whole.state_dict(), resumed.state_dict())
    assert again == progress
    start = learner_of(framework, new_model(0.3)).state_dict()
    assert any(not torch.equal(tensor, start[name]) for name, tensor in whole.state_dict().items())


def test_a_killed_run_ends_with_the_same_weights(tmp_path):
    """SIGKILL in mid-run, in a process of its own."""
    whole, progress = run(tmp_path / "whole", epochs=3)
    folder = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(folder), "3", "0.5"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    try:
        limit = time.monotonic() + 120
        while not (folder / "state.safetensors").exists() and time.monotonic() < limit:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (folder / "state.safetensors").exists()
    assert not (folder / "result.safetensors").exists()
    resumed, again = run(folder, epochs=3)
    assert_equal_weights(whole.state_dict(), resumed.state_dict())
    assert again == progress


def test_two_processes_train_as_one(tmp_path):
    """On the same global batches the same losses and gradients, whatever bodies each has."""
    frameworks = ["align", "all", "classify"]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]
    command += ["--standalone", str(SCRIPT), str(tmp_path / "two"), "1", "0", ",".join(frameworks)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    environment |= {"ACCELERATE_USE_CPU": "true"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    for framework in frameworks:
        two = torch.load(tmp_path / f"{framework}.pt", weights_only=True)
        one = first_step(framework, make_accelerator("cpu"))
        assert one.keys() == two.keys()
        # Biases before a batch norm have no gradient but rounding.
        largest = max(float(tensor.abs().max()) for tensor in one.values())
        for name, tensor in one.items():
            error = (two[name] - tensor).norm() / (tensor.norm() + 1e-5 * largest)
            assert error < 1e-3 or name.endswith((".temporal.bias", "shortcut.0.bias")), name
            torch.testing.assert_close(two[name], tensor, rtol=1e-3, atol=1e-4 * largest)

        start = learner_of(framework, new_model(0.0)).state_dict()
        changes = {"learning_rate": 1e-3}
        whole, progress = run(tmp_path / framework, 1, None, 0.0, framework, changes)
        result = load_file(tmp_path / "two" / framework / "result.safetensors")
        trained = [name for name, _ in whole.named_parameters()]
        moved, also = (
            torch.cat([(weights[name] - start[name]).flatten() for name in trained])
            for weights in (whole.state_dict(), result)
        )
        assert moved.norm() > 0
        assert (moved - also).norm() < 0.02 * moved.norm()
        losses = torch.load(tmp_path / "two" / framework / "losses.pt", weights_only=True)
        expected = [figures["loss"] for figures in progress.history]
        assert losses == pytest.approx(expected, rel=1e-3)


def test_a_fixed_encoder_stays_as_it_is(tmp_path):
    before = learner_of("fixed", new_model(0.3)).state_dict()
    learner, _ = run(tmp_path, epochs=1, framework="fixed")
    changed = {n for n, t in learner.state_dict().items() if not torch.equal(t, before[n])}
    assert changed == {
        "model.projection.weight",
        "model.projection.bias",
        "objective.log_scale",
    }


def test_a_folder_of_other_settings_is_refused(tmp_path):
    run(tmp_path, epochs=1)
    with pytest.raises(InputError, match="holds a run with epochs = 1, not 2; choose another"):
        run(tmp_path, epochs=2)


def test_without_held_out_clips_the_latest_epoch_counts_as_best(tmp_path):
    best = []
    progress = train(
        Alignment(new_model(), make_objective("paper")),
        samples(),
        Texts(),
        options(2),
        tmp_path,
        on_best=lambda progress: best.append(progress.epoch),
    )
    assert best == [1, 2]
    assert progress.best_epoch == 2
    assert "held_out_seen" not in progress.history[0]


def test_too_few_clips_are_refused(tmp_path):
    with pytest.raises(InputError, match="24 clips do not fill one batch of 25; lower --batch"):
        run(tmp_path, epochs=1, changes={"batch": 25})


def test_rates_of_the_schedules():
    official = options(50, schedule="official", warmup=5, learning_rate=0.05)
    assert [official.rate(epoch) for epoch in (0, 0.9, 1, 4.5, 5, 49)] == pytest.approx(
        [0, 0, 0.01, 0.04, 0.05, 0.05]
    )
    cosine = options(10, schedule="cosine", warmup=2, learning_rate=0.1)
    assert [cosine.rate(epoch) for epoch in (1, 2, 6, 10)] == pytest.approx([0.05, 0.1, 0.05, 0])
    constant = options(10, schedule="constant", warmup=0, learning_rate=0.1)
    assert [constant.rate(epoch) for epoch in (0, 9.5)] == [0.1, 0.1]

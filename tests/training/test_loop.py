"""Training learns, resumes exactly, and chooses by held-out seen clips alone."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from small_run import Texts, accuracy, learner_of, new_model, options, samples
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from bank.errors import InputError
from bank.storage import load_state
from train.training.distributed import make_accelerator
from train.training.loop import train
from train.training.options import TrainingOptions
from train.training.samples import Samples

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("small_run.py")


def run(folder, epochs, stop_after=None, dropout=0.3, framework="align", **changes):
    model, data, done = new_model(dropout), samples(), []
    learner = learner_of(framework, model)

    def validate():
        done.append(1)
        if stop_after is not None and len(done) > stop_after:
            raise KeyboardInterrupt
        return {"held_out_seen": accuracy(model, data)}

    progress = train(
        learner,
        data,
        None if framework == "classify" else Texts(),
        options(epochs, **changes),
        folder,
        validate=validate,
    )
    return learner, progress


def same_weights(one, other):
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


def test_it_learns(tmp_path):
    learner, progress = run(tmp_path, epochs=25, dropout=0.0)
    assert progress.history[-1]["loss"] < progress.history[0]["loss"]
    assert accuracy(learner.model, samples()) > 0.9


@pytest.mark.parametrize("framework", ["align", "classify", "fixed"])
def test_a_resumed_run_ends_with_the_same_weights(tmp_path, framework):
    whole, progress = run(tmp_path / "whole", epochs=2, framework=framework)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "broken", epochs=2, stop_after=1, framework=framework)
    resumed, again = run(tmp_path / "broken", epochs=2, framework=framework)
    same_weights(whole.state_dict(), resumed.state_dict())
    assert again == progress


def test_a_fixed_encoder_stays_as_it_was(tmp_path):
    before = {k: v.clone() for k, v in new_model(0.3).encoder.state_dict().items()}
    learner, _ = run(tmp_path, epochs=2, framework="fixed")
    same_weights(before, learner.model.encoder.state_dict())
    assert not torch.equal(learner.model.projection.weight, new_model(0.3).projection.weight)


def test_a_folder_of_other_settings_is_refused_by_the_first_that_differs(tmp_path):
    run(tmp_path, epochs=1)
    with pytest.raises(InputError, match=r"learning_rate = 0\.02, not 0\.03"):
        run(tmp_path, epochs=1, learning_rate=0.03, weight_decay=0.0)


def test_without_held_out_clips_the_latest_epoch_counts_as_best(tmp_path):
    best = []
    progress = train(
        learner_of("align", new_model()),
        samples(),
        Texts(),
        options(2),
        tmp_path,
        validate=lambda: {"test_plain": 1.0 / (1 + len(best))},  # chooses nothing
        on_best=lambda progress: best.append(progress.epoch),
    )
    assert best == [1, 2]
    assert "held_out_seen" not in progress.history[0]


def test_the_best_epoch_is_that_of_the_held_out_score(tmp_path):
    scores = iter([0.2, 0.6, 0.6, 0.1])
    best = []
    progress = train(
        learner_of("align", new_model()),
        samples(),
        Texts(),
        options(4),
        tmp_path,
        validate=lambda: {"held_out_seen": next(scores), "test_plain": 1.0},
        on_best=lambda progress: best.append(progress.epoch),
    )
    assert best == [1, 2]
    assert (progress.best_epoch, progress.best_score) == (2, 0.6)


def test_curves_can_be_read_by_tensorboard_and_a_resumed_run_goes_on_with_them(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, epochs=2, stop_after=1)
    _, progress = run(tmp_path, epochs=2)
    events = EventAccumulator(str(tmp_path / "tensorboard" / "state")).Reload()
    points = {event.step: event.value for event in events.Scalars("loss")}
    assert points == pytest.approx(
        {epoch: figures["loss"] for epoch, figures in enumerate(progress.history, 1)}
    )
    assert {"tau", "held_out_seen", "learning_rate", "clips_per_second"} <= {
        *events.Tags()["scalars"]
    }


def test_bf16_computes_nearly_the_same_and_keeps_weights_in_float32(tmp_path):
    half, progress = run(tmp_path, epochs=1, dropout=0.0, precision="bf16", batch=24)
    exact, expected = run(tmp_path / "fp32", epochs=1, dropout=0.0, batch=24)
    assert all(p.dtype == torch.float32 for p in half.parameters())
    assert progress.history[0]["loss"] == pytest.approx(expected.history[0]["loss"], rel=0.02)
    assert not torch.equal(exact.model.projection.weight, half.model.projection.weight)


def test_what_cannot_be_trained_ends_in_one_line(tmp_path):
    with pytest.raises(InputError, match="do not fill one batch of 64"):
        run(tmp_path, epochs=1, batch=64)
    with pytest.raises(InputError, match="not finite in epoch"):
        run(tmp_path, epochs=2, learning_rate=1e30, warmup=0.0)
    with pytest.raises(InputError, match="fp16 needs a GPU"):
        make_accelerator("cpu", "fp16")


def test_slots_that_nobody_uses_are_left_out_without_a_difference():
    data = samples()
    alone = ~data.present[:, 1]
    data = Samples(data.x[alone], data.present[alone], data.labels[alone])
    small = data.without_absent_bodies()
    assert small.x.shape[-1] == 1
    model = new_model()
    torch.testing.assert_close(
        model.encode(small.x, small.present), model.encode(data.x, data.present)
    )
    assert samples().without_absent_bodies().x.shape[-1] == 2


def test_schedules():
    official = TrainingOptions(schedule="official", warmup=5, learning_rate=0.05, epochs=50)
    assert [official.rate(e) for e in (0, 0.9, 1, 2.5, 5, 30.2)] == pytest.approx(
        [0, 0, 0.01, 0.02, 0.05, 0.05]
    )
    cosine = replace(official, schedule="cosine")
    assert [cosine.rate(e) for e in (2.5, 5, 27.5, 50)] == pytest.approx([0.025, 0.05, 0.025, 0])
    assert replace(official, schedule="constant").rate(40) == 0.05


def start(folder, *, epochs, batch=8, seconds=0.0, framework="align", processes=1):
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    arguments = [str(SCRIPT), str(folder), str(epochs), str(batch), str(seconds), framework]
    command = [sys.executable, *(launcher if processes > 1 else []), *arguments]
    return subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err[-2000:]
    return out


def wait_for_an_epoch(folder, process, epochs=1):
    """Until so many epochs are saved; the state is replaced whole, so it can always be read."""
    limit = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < limit:
        state = folder / "state.safetensors"
        if state.is_file() and load_state(state)[1]["progress"]["epoch"] >= epochs:
            return
        time.sleep(0.01)


def test_a_killed_run_goes_on_to_the_same_weights(tmp_path):
    whole = start(tmp_path / "whole", epochs=5, seconds=0.01)
    killed = start(tmp_path / "killed", epochs=5, seconds=0.4)
    wait_for_an_epoch(tmp_path / "killed", killed, epochs=2)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL, "it was too quick to be killed"
    finish(start(tmp_path / "killed", epochs=5, seconds=0.01))
    finish(whole)
    same_weights(
        load_file(tmp_path / "whole" / "result.safetensors"),
        load_file(tmp_path / "killed" / "result.safetensors"),
    )


def test_sigterm_ends_a_run_after_its_step_and_says_how_far_it_is(tmp_path):
    process = start(tmp_path, epochs=500, seconds=0.01)
    wait_for_an_epoch(tmp_path, process)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "stopped in epoch" in out
    assert load_state(tmp_path / "state.safetensors")[1]["progress"]["epoch"] >= 1


@pytest.mark.parametrize("framework", ["align", "classify"])
def test_two_processes_train_as_one(tmp_path, framework):
    """Loss, gradients (they are in the momentum), batch norm's statistics, and so the weights."""
    settings = {"epochs": 2, "batch": 8, "framework": framework}
    pair = start(tmp_path / "two", processes=2, **settings)
    finish(start(tmp_path / "one", **settings))
    finish(pair)
    one, facts = load_state(tmp_path / "one" / "state.safetensors")
    two, others = load_state(tmp_path / "two" / "state.safetensors")
    assert one.keys() == two.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, rtol=1e-6, atol=1e-9, msg=name)
    history = [figures["loss"] for figures in facts["progress"]["history"]]
    assert [f["loss"] for f in others["progress"]["history"]] == pytest.approx(history, rel=1e-6)

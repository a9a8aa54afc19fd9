"""The training loop: SGD on prepared windows, resumable after any epoch, alone or with others."""

import contextlib
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor
from tqdm import tqdm

from bank.errors import InputError
from train.text.training_texts import TrainingTexts
from train.training.curves import Curves
from train.training.distributed import make_accelerator, share_batch_norm
from train.training.learners import Learner
from train.training.options import TrainingOptions
from train.training.samples import Samples
from train.training.state import Progress, load_run, save_run

# The figure by which the best epoch is chosen; no other figure chooses anything.
SELECTING = "held_out_seen"


class Stopped(Exception):  # noqa: N818  (nothing went wrong)
    """The run was told to stop, and can be gone on with; its message says how far it is."""


def train(
    learner: Learner,
    samples: Samples,
    texts: TrainingTexts | None,
    options: TrainingOptions,
    folder: Path,
    *,
    validate: Callable[[], Mapping[str, float]] | None = None,
    on_best: Callable[[Progress], None] = lambda progress: None,
    accelerator: Accelerator | None = None,
    settings: Mapping[str, Any] | None = None,
    phase: str = "state",
) -> Progress:
    """Train, or go on with the run that ``folder`` holds.

    Args:
        learner: changed in place; on return it has the last epoch's weights.
        samples: training windows, seen classes only.
        texts: what samples are compared with; None where labels are all that is learned from.
        options: settings of the loop.
        folder: where ``<phase>.safetensors`` is kept, replaced after every epoch, and curves for
            TensorBoard.
        validate: figures of the present weights. Among them :data:`SELECTING`, accuracy on
            held-out samples of seen classes, chooses the best epoch; where it is missing, nothing
            is held out and the latest epoch counts as the best.
        on_best: called when the score is the best so far.
        accelerator: where to compute; on the CPU by default.
        settings: what a run must have been begun with to be gone on with; the options by default.
        phase: name of this part of a run.

    Raises:
        InputError: too few samples for one batch, the batch cannot be shared out equally, the
            loss is not finite any more, or the folder holds a run of other settings.
        Stopped: SIGTERM came; what the epochs before learned is kept.
    """
    accelerator = accelerator or make_accelerator("cpu", options.precision)
    device, main = accelerator.device, accelerator.is_main_process
    share = _share(len(samples), options.batch, accelerator.num_processes)
    settings = asdict(options) if settings is None else settings

    learner.to(device)
    share_batch_norm(learner, device)
    optimiser = torch.optim.SGD(
        learner.groups(options.weight_decay), lr=options.learning_rate, momentum=options.momentum
    )
    path = folder / f"{phase}.safetensors"
    progress = load_run(path, learner, optimiser, accelerator.scaler, settings)
    if progress.epoch >= options.epochs:
        return progress

    network, stepper = accelerator.prepare(learner, optimiser)
    samples = samples.held_near(device)
    steps = len(samples) // options.batch
    curves = Curves(folder / "tensorboard" / phase, progress.epoch) if main else None
    bar = tqdm(
        initial=progress.epoch * steps,
        total=options.epochs * steps,
        desc=phase if phase != "state" else "training",
        unit="step",
        disable=not main,
    )
    with _reproducible(device), _told_to_stop() as stop, contextlib.closing(bar):
        for epoch in range(progress.epoch, options.epochs):
            started = time.perf_counter()
            network.train()
            total = torch.zeros((), device=device)
            for step, (x, present, ids, rows) in enumerate(
                _batches(samples, texts, options, epoch, share, accelerator.process_index)
            ):
                for group in stepper.param_groups:
                    group["lr"] = group["pace"] * options.rate(epoch + step / steps)
                value = network(
                    *(part.to(device, non_blocking=True) for part in (x, present, ids, rows))
                )
                stepper.zero_grad()
                accelerator.backward(value)
                stepper.step()
                total += value.detach()
                bar.update()
                if stop.is_set():
                    raise Stopped(f"stopped in epoch {epoch + 1} of {options.epochs}")
            # Of a loss without gathered features each process has seen its own part alone.
            loss = float(accelerator.reduce(total, "mean")) / steps
            if not math.isfinite(loss):
                raise InputError(
                    f"the loss is not finite in epoch {epoch + 1}; lower the learning rate"
                    + (" or use --precision fp32" if options.precision != "fp32" else "")
                )
            figures = {"loss": loss, **learner.figures()}
            seconds = time.perf_counter() - started
            progress.epoch = epoch + 1
            if main:
                if validate is not None:
                    figures |= validate()
                progress.history.append(figures)
                bar.set_postfix({name: f"{value:.3f}" for name, value in figures.items()})
                if (score := figures.get(SELECTING, float(epoch))) > progress.best_score:
                    progress.best_score, progress.best_epoch = score, epoch + 1
                    on_best(progress)
                save_run(path, learner, optimiser, accelerator.scaler, settings, progress)
                if curves is not None:
                    speed = steps * options.batch / seconds
                    rate = options.rate(epoch)
                    curves.add(
                        epoch + 1, {**figures, "learning_rate": rate, "clips_per_second": speed}
                    )
            accelerator.wait_for_everyone()
    if curves is not None:
        curves.close()
    return progress


def _share(samples: int, batch: int, processes: int) -> int:
    """Clips a step of one process."""
    if samples < batch:
        raise InputError(f"{samples} clips do not fill one batch of {batch}; lower --batch")
    if batch % processes:
        raise InputError(
            f"a batch of {batch} cannot be shared out equally among {processes} processes; "
            f"use --batch {batch // processes * processes or processes}"
        )
    return batch // processes


def _batches(
    samples: Samples,
    texts: TrainingTexts | None,
    options: TrainingOptions,
    epoch: int,
    share: int,
    process: int,
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """This process's part of every batch of an epoch: x, present, ids, and the text rows.

    All that is random is drawn from seeds of the epoch, so that a resumed run draws what the
    unbroken one would have drawn. Order and texts are the same in all processes.
    """
    seed = options.seed * 100_003 + epoch
    own_seed = seed + (process << 32)
    common = torch.Generator().manual_seed(seed)
    own = torch.Generator(samples.x.device).manual_seed(own_seed)
    torch.manual_seed(own_seed)  # dropout
    order = torch.randperm(len(samples), generator=common)
    none = torch.empty(0)
    for start in range(0, len(samples) - options.batch + 1, options.batch):
        rows = none if texts is None else texts.rows(common)
        first = start + process * share
        chosen = order[first : first + share].to(samples.x.device)
        x, present, ids = samples.x[chosen], samples.present[chosen], samples.labels[chosen]
        mirrored: Tensor | None = None
        if options.augmentation is not None:
            may_mirror = None if texts is None else texts.may_mirror[samples.labels[chosen].cpu()]
            x, present, mirrored = options.augmentation(x, present, own, may_mirror)
        if texts is not None:
            ids = texts.ids(ids, mirrored)
        yield x, present, ids, rows


@contextlib.contextmanager
def _reproducible(device: torch.device) -> Iterator[None]:
    """Only operations that give the same result every time, where there is a choice."""
    if device.type != "cuda":  # elsewhere there is none
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    before = torch.are_deterministic_algorithms_enabled()
    only_warned = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=only_warned)


@contextlib.contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """An event that SIGTERM sets, where this is the thread that may listen to signals."""
    told = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield told
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: told.set())
    try:
        yield told
    finally:
        signal.signal(signal.SIGTERM, before)

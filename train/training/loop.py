"""The training loop: SGD on prepared windows, resumable after any epoch."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from tqdm import trange

from bank.errors import InputError
from bank.storage import load_state, save_state
from train.model import SkeletonModel
from train.training.augment import Augmentation
from train.training.objective import ContrastiveLoss

# The temperature learns at this share of the network's rate. At the full rate the first, random
# features drive it up so far that the scores become flat and nothing more is learned.
_TEMPERATURE_PACE = 0.1


@dataclass(frozen=True)
class TrainingOptions:
    """Settings of a run, all of them kept in the checkpoint.

    Attributes:
        epochs: passes over the training clips.
        batch: clips a step; a last, smaller batch is dropped.
        learning_rate: reached after the warm-up.
        warmup: epochs over which the rate grows linearly from near zero.
        schedule: what the rate does afterwards.
        momentum, weight_decay: SGD's.
        seed: of everything random.
        augmentation: how windows are changed, or None.
    """

    epochs: int = 30
    batch: int = 64
    learning_rate: float = 0.05
    warmup: float = 2.0
    schedule: Literal["cosine", "constant"] = "cosine"
    momentum: float = 0.9
    weight_decay: float = 5e-4
    seed: int = 0
    augmentation: Augmentation | None = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 2 or self.learning_rate <= 0:
            raise InputError("training needs epochs >= 1, batch >= 2 and a learning rate above 0")


@dataclass(frozen=True)
class Samples:
    """Prepared windows with their classes: x (N, 3, T, V, M), present (N, M), labels (N,)."""

    x: Tensor
    present: Tensor
    labels: Tensor


@dataclass
class Progress:
    """How far a run is: epochs done, the best score so far, the figures of every epoch."""

    epoch: int = 0
    best_score: float = -math.inf
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


def train(
    model: SkeletonModel,
    loss: ContrastiveLoss,
    samples: Samples,
    text: Tensor,
    options: TrainingOptions,
    folder: Path,
    validate: Callable[[], float] | None,
    on_best: Callable[[Progress], None],
    device: str = "cpu",
) -> Progress:
    """Train, or go on with the run that ``folder`` holds.

    Args:
        model: changed in place; on return it has the last epoch's weights.
        loss: the objective; its temperature is trained too.
        samples: training windows, seen classes only.
        text: (K, d) class features.
        options: settings; a run is resumed only under the settings it began with.
        folder: where ``state.safetensors`` is kept, replaced after every epoch.
        validate: score of the present weights on held-out samples of seen classes; None where
            nothing is held out, and then the latest epoch counts as the best.
        on_best: called when the score is the best so far.
        device: where to compute.

    Raises:
        InputError: too few samples for one batch, or the folder holds a run of other settings.
    """
    if len(samples.labels) < options.batch:
        raise InputError(f"{len(samples.labels)} clips do not fill one batch of {options.batch}")
    model.to(device)
    loss.to(device)
    text = text.to(device)
    optimiser = torch.optim.SGD(
        [
            {"params": [*model.parameters()], "weight_decay": options.weight_decay, "pace": 1.0},
            {"params": [*loss.parameters()], "weight_decay": 0.0, "pace": _TEMPERATURE_PACE},
        ],
        lr=options.learning_rate,
        momentum=options.momentum,
    )
    steps = len(samples.labels) // options.batch
    progress = _resume(folder, model, loss, optimiser, options)
    bar = trange(
        progress.epoch, options.epochs, initial=progress.epoch, total=options.epochs, unit="epoch"
    )
    for epoch in bar:
        generator = torch.Generator().manual_seed(_epoch_seed(options.seed, epoch))
        torch.manual_seed(_epoch_seed(options.seed, epoch))  # dropout
        model.train()
        order = torch.randperm(len(samples.labels), generator=generator)
        total = 0.0
        for step in range(steps):
            chosen = order[step * options.batch : (step + 1) * options.batch]
            x = samples.x[chosen]
            if options.augmentation is not None:
                x = options.augmentation(x, generator)
            for group in optimiser.param_groups:
                group["lr"] = group["pace"] * _rate(options, epoch + step / steps)
            features = model(x.to(device), samples.present[chosen].to(device))
            value = loss(features, text, samples.labels[chosen].to(device))
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            total += float(value.detach())
        figures = {"loss": total / steps, "tau": float(1 / loss.scale.detach())}
        score = float(epoch)
        if validate is not None:
            score = figures["held_out_seen"] = validate()
        progress.epoch = epoch + 1
        progress.history.append(figures)
        bar.set_postfix({name: f"{value:.3f}" for name, value in figures.items()})
        if score > progress.best_score:
            progress.best_score, progress.best_epoch = score, epoch + 1
            on_best(progress)
        _save(folder, model, loss, optimiser, options, progress)
    return progress


def _epoch_seed(seed: int, epoch: int) -> int:
    """One seed an epoch, so that a resumed run draws what the unbroken one would have drawn."""
    return seed * 100_003 + epoch


def _rate(options: TrainingOptions, epoch: float) -> float:
    if epoch < options.warmup:
        return options.learning_rate * max(epoch / options.warmup, 0.01)
    if options.schedule == "constant":
        return options.learning_rate
    done = (epoch - options.warmup) / max(options.epochs - options.warmup, 1e-9)
    return options.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def _parameters(optimiser: torch.optim.SGD) -> list[Tensor]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def _state_path(folder: Path) -> Path:
    return folder / "state.safetensors"


def _save(
    folder: Path,
    model: SkeletonModel,
    loss: ContrastiveLoss,
    optimiser: torch.optim.SGD,
    options: TrainingOptions,
    progress: Progress,
) -> None:
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"loss.{name}": tensor for name, tensor in loss.state_dict().items()}
    for index, parameter in enumerate(_parameters(optimiser)):
        tensors[f"momentum.{index}"] = optimiser.state[parameter]["momentum_buffer"]
    metadata: dict[str, Any] = {"options": asdict(options), "progress": asdict(progress)}
    save_state(_state_path(folder), {k: v.detach().cpu() for k, v in tensors.items()}, metadata)


def _resume(
    folder: Path,
    model: SkeletonModel,
    loss: ContrastiveLoss,
    optimiser: torch.optim.SGD,
    options: TrainingOptions,
) -> Progress:
    folder.mkdir(parents=True, exist_ok=True)
    path = _state_path(folder)
    if not path.is_file():
        return Progress()
    tensors, metadata = load_state(path)
    if metadata.get("options") != asdict(options):
        raise InputError(f"{folder}: holds a run with other settings; choose another --out")

    def part(prefix: str) -> dict[str, Tensor]:
        return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

    try:
        model.load_state_dict(part("model."))
        loss.load_state_dict(part("loss."))
    except RuntimeError:
        raise InputError(f"{folder}: holds a run of another model; choose another --out") from None
    momentum = part("momentum.")
    for index, parameter in enumerate(_parameters(optimiser)):
        buffer = momentum[str(index)].to(parameter.device)
        optimiser.state[parameter]["momentum_buffer"] = buffer
    return Progress(**metadata["progress"])

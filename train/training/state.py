"""What a run must remember to go on as if it had never stopped: one file, replaced every epoch."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from bank.errors import InputError
from bank.storage import load_state, save_state
from train.training.learners import Learner

_MISSING: Final = object()


@dataclass
class Progress:
    """How far a run is: epochs done, the best score so far, the figures of every epoch."""

    epoch: int = 0
    best_score: float = -math.inf
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


def save_run(
    path: Path,
    learner: Learner,
    optimiser: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler | None,
    settings: Mapping[str, Any],
    progress: Progress,
) -> None:
    """Write everything that :func:`load_run` needs."""
    tensors = dict(learner.state_dict())
    for index, parameter in enumerate(_parameters(optimiser)):
        if (buffer := optimiser.state[parameter].get("momentum_buffer")) is not None:
            tensors[f"momentum.{index}"] = buffer
    metadata = {
        "settings": settings,
        "progress": asdict(progress),
        "scaler": scaler.state_dict() if scaler is not None else {},
    }
    save_state(path, tensors, metadata)


def load_run(
    path: Path,
    learner: Learner,
    optimiser: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler | None,
    settings: Mapping[str, Any],
) -> Progress:
    """Put a run back to where it was saved; a fresh start where there is no file.

    Raises:
        InputError: the file is damaged, or of a run with other settings.
    """
    if not path.is_file():
        return Progress()
    tensors, metadata = load_state(path)
    check_settings(path.parent, metadata.get("settings"), settings)
    momentum = {k: tensors.pop(k) for k in list(tensors) if k.startswith("momentum.")}
    try:
        learner.load_state_dict(tensors)
        progress = Progress(**metadata["progress"])
    except (RuntimeError, KeyError, TypeError):
        raise InputError(
            f"{path}: of another network or another version of this program; choose another --out"
        ) from None
    for index, parameter in enumerate(_parameters(optimiser)):
        if (buffer := momentum.get(f"momentum.{index}")) is not None:
            optimiser.state[parameter]["momentum_buffer"] = buffer.to(parameter.device)
    if scaler is not None and metadata.get("scaler"):
        scaler.load_state_dict(metadata["scaler"])
    return progress


def check_settings(folder: Path, there: object, wanted: Mapping[str, Any]) -> None:
    """Refuse to go on with a run of other settings, naming the first that differs.

    Raises:
        InputError: they differ.
    """
    if not isinstance(there, Mapping):
        raise InputError(f"{folder}: holds a run of an older version; choose another --out")
    was, now = dict(flatten(there)), dict(flatten(wanted))
    for key in sorted({*was, *now}):
        before, after = was.get(key, _MISSING), now.get(key, _MISSING)
        if before != after:
            raise InputError(
                f"{folder}: holds a run with {key} = {_shown(before)}, not {_shown(after)}; "
                "choose another --out, or go on with that run's settings"
            )


def _shown(value: object) -> str:
    return "nothing" if value is _MISSING else str(value)


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested settings as ``outer.inner``, and their values."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _parameters(optimiser: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]

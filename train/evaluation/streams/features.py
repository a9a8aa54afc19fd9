"""Feature files: what an encoder makes of the test clips of a fold, ready for any alignment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from bank.errors import InputError
from bank.storage import load_state, save_state

_FORMAT: Final = "pgfa-features"
_VERSION: Final = 1
_TENSORS: Final = {"features": torch.float32, "labels": torch.int64, "text": torch.float32}
UNKNOWN: Final = -1


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Skeleton features with their true classes, and the class texts they are answered with.

    Attributes:
        features: (N, d) float32, any length.
        labels: (N,) int64 rows of ``text``; -1 where the action is none of the classes.
        text: (K, d) float32 class text features, any length.
        classes: (K,) names of the classes.
        clips: (N,) ``dataset/clip`` of every row, or empty.
        actions: (N,) name of the action of every row, of unknown ones too, or empty.
        temperature: tau of the encoder's training: its logits are cosines / tau.
        origin: fold, checkpoint and its digest, or what else they were made from.
    """

    features: Tensor
    labels: Tensor
    text: Tensor
    classes: tuple[str, ...]
    clips: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    temperature: float = 0.01
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def known(self) -> Tensor:
        """(N,) bool: whether a sample is of one of the classes."""
        return self.labels != UNKNOWN


def save_features(path: Path, data: FeatureSet) -> None:
    """Write a feature file, atomically.

    Raises:
        InputError: the file cannot be written.
    """
    tensors = {"features": data.features, "labels": data.labels, "text": data.text}
    description = {
        "format": _FORMAT,
        "version": _VERSION,
        "classes": list(data.classes),
        "clips": list(data.clips),
        "actions": list(data.actions),
        "temperature": data.temperature,
        "origin": dict(data.origin),
    }
    save_state(path, tensors, description)


def load_features(path: Path) -> FeatureSet:
    """Read a feature file.

    Raises:
        InputError: missing, damaged, of another format, or its parts do not fit together.
    """
    tensors, description = load_state(path)
    if description.get("format") != _FORMAT:
        raise InputError(f"{path}: not a feature file; make one with pgfa-bench features")
    if (version := description.get("version")) != _VERSION:
        raise InputError(
            f"{path}: feature file version {version}, this program reads {_VERSION}; make it "
            "again with pgfa-bench features"
        )
    if reason := _misfit(tensors, description):
        raise InputError(f"{path}: {reason}; make it again with pgfa-bench features")
    return FeatureSet(
        tensors["features"],
        tensors["labels"],
        tensors["text"],
        tuple(description["classes"]),
        tuple(description["clips"]),
        tuple(description["actions"]),
        float(description["temperature"]),
        description["origin"],
    )


def _misfit(tensors: Mapping[str, Tensor], description: Mapping[str, Any]) -> str | None:
    """What is wrong with the parts of a file, if anything."""
    for name, dtype in _TENSORS.items():
        if name not in tensors:
            return f"has no tensor {name!r}"
        if tensors[name].dtype != dtype:
            return f"{name} are {tensors[name].dtype}, not {dtype}"
    features, labels, text = (tensors[name] for name in _TENSORS)
    if features.ndim != 2 or text.ndim != 2 or features.shape[1] != text.shape[1]:
        return (
            f"features of shape {tuple(features.shape)} and texts of shape {tuple(text.shape)} "
            "are not of one dimension"
        )
    if labels.shape != features.shape[:1]:
        return f"{len(features)} features, but labels of shape {tuple(labels.shape)}"
    if not (len(text) and bool((labels != UNKNOWN).any())):
        return "no class or no sample of a class"
    if not bool(((labels >= UNKNOWN) & (labels < len(text))).all()):
        return f"labels go from {int(labels.min())} to {int(labels.max())} with {len(text)} classes"
    for name in ("features", "text"):
        if not bool((tensors[name].isfinite().all(dim=1) & tensors[name].any(dim=1)).all()):
            return f"a row of {name} is not finite or all zeros"
    for key, sizes in (
        ("classes", {len(text)}),
        ("clips", {0, len(features)}),
        ("actions", {0, len(features)}),
    ):
        if not _are_names(description.get(key)) or len(description[key]) not in sizes:
            return f"its list of {key} is missing or does not fit"
    temperature = description.get("temperature")
    if not isinstance(temperature, int | float) or not 0 < temperature < float("inf"):
        return f"temperature {temperature!r} is not a positive number"
    if not isinstance(description.get("origin"), dict):
        return "its origin is missing"
    return None


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)

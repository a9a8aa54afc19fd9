"""A whole run: from a store and a fold to checkpoints with their figures."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from train.data.protocols import Split, load_fold
from train.data.store import Store
from train.encoders import make_encoder
from train.evaluation.accuracy import Accuracy
from train.model import CheckpointInfo, SkeletonModel, load_checkpoint, save_checkpoint
from train.skeletons.preprocess import Preprocessing
from train.text.descriptions import describe
from train.text.encoder import OFFLINE_DEFAULT, TextEncoder
from train.text.features import class_features
from train.training.loop import Progress, Samples, TrainingOptions, train
from train.training.objective import ContrastiveLoss


@dataclass(frozen=True)
class Recipe:
    """What is trained on what.

    Attributes:
        fold: protocol and number, e.g. ``open/1``.
        vocabulary: whose descriptions stand for the classes.
        style: style of the descriptions.
        encoder: registered name of the skeleton encoder.
        encoder_config: its constructor's arguments.
        text_encoder: sentence-transformers model, by name or folder.
        preprocessing: how clips are prepared.
        options: settings of the loop.
    """

    fold: str = "open/1"
    vocabulary: str = "open"
    style: str = "skeleton"
    encoder: str = "st-gcn"
    encoder_config: dict[str, Any] = field(default_factory=lambda: {"dropout": 0.0})
    text_encoder: str = OFFLINE_DEFAULT
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    options: TrainingOptions = field(default_factory=TrainingOptions)


@dataclass(frozen=True)
class FitResult:
    """Where a run's checkpoints are, and what they scored on held-out clips of seen classes."""

    last: Path
    best: Path
    progress: Progress


def split_of(store: Store, fold: str) -> Split:
    """A fold's clips in a store."""
    table = store.table
    return load_fold(fold).split(
        table.label.tolist(), table.dataset.tolist(), table.subject.tolist(), table.clip.tolist()
    )


def samples_of(
    store: Store, preprocessing: Preprocessing, indices: NDArray[np.int64], classes: Sequence[str]
) -> Samples:
    """Prepared windows of some clips, labelled by their place in ``classes``."""
    prepared = store.prepared(preprocessing, indices)
    place = {label: number for number, label in enumerate(classes)}
    labels = [place[label] for label in store.table.label[indices].tolist()]
    return Samples(
        torch.from_numpy(np.array(prepared.x)),
        torch.from_numpy(np.array(prepared.present)),
        torch.tensor(labels),
    )


def fit(
    store: Store, recipe: Recipe, folder: Path, device: str = "cpu", cache: Path | None = None
) -> FitResult:
    """Train by a recipe, or go on with the run that ``folder`` holds.

    Unseen classes are not touched: neither their clips nor their texts enter the run, and the best
    epoch is that of the highest accuracy on held-out clips of seen classes.

    Args:
        store: clips under the labels of the recipe's vocabulary.
        recipe: what is trained on what.
        folder: receives ``last.safetensors`` and ``best.safetensors``.
        device: where to compute.
        cache: folder for text features.

    Raises:
        InputError: the recipe does not fit the store, or the folder holds another run.
    """
    split = split_of(store, recipe.fold)
    training = samples_of(store, recipe.preprocessing, split.train, split.seen)
    held_out = samples_of(
        store,
        recipe.preprocessing,
        split.held_out[np.isin(store.table.label[split.held_out], split.seen)],
        split.seen,
    )
    encoder = TextEncoder(recipe.text_encoder, cache)
    text = class_features(describe(recipe.vocabulary, recipe.style, split.seen), encoder)

    torch.manual_seed(recipe.options.seed)
    model = SkeletonModel(make_encoder(recipe.encoder, **recipe.encoder_config), text.shape[1])
    loss = ContrastiveLoss()
    last, best = folder / "last.safetensors", folder / "best.safetensors"

    def write(path: Path, progress: Progress) -> None:
        figures = {
            "data": {
                "sets": sorted(store.datasets),
                "fold": recipe.fold,
                "train_clips": len(training.labels),
                "held_out_clips": len(held_out.labels),
            },
            "vocabulary": recipe.vocabulary,
            "options": asdict(recipe.options),
            "epoch": progress.epoch,
            "history": progress.history,
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            "licence": "trained on research data; for research use",
        }
        info = CheckpointInfo(
            encoder=recipe.encoder,
            encoder_config=model.encoder.config,
            text_encoder=recipe.text_encoder,
            text_dim=text.shape[1],
            text_style=recipe.style,
            preprocessing=recipe.preprocessing.to_dict(),
            temperature=float(1 / loss.scale),
            classes=list(split.seen),
            unseen=list(split.unseen),
            training=figures,
        )
        save_checkpoint(path, model, info)

    def validate() -> float:
        features = model.encode(held_out.x, held_out.present)
        return Accuracy.of(_nearest(features, text), held_out.labels).overall

    progress = train(
        model,
        loss,
        training,
        text,
        recipe.options,
        folder,
        validate if len(held_out.labels) else None,
        on_best=lambda progress: write(best, progress),
        device=device,
    )
    write(last, progress)
    return FitResult(last, best, progress)


def _nearest(features: Tensor, text: Tensor) -> Tensor:
    return (features @ text.T).argmax(dim=1)


def add_figures(path: Path, figures: dict[str, Any]) -> None:
    """Put evaluation figures into a checkpoint's description."""
    model, info = load_checkpoint(path)
    save_checkpoint(path, model, replace(info, training={**info.training, **figures}))

"""From a checkpoint and a store to the features of its fold's test clips or held-out clips."""

import hashlib
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from bank.errors import InputError
from train.data.store import Store
from train.evaluation.fold_features import fold_of, untrained_split
from train.evaluation.streams.features import UNKNOWN, FeatureSet
from train.model import CheckpointInfo, SkeletonModel, load_checkpoint
from train.skeletons.preprocess import Preprocessing
from train.text.descriptions import describe
from train.text.encoder import TextEncoder
from train.text.features import class_features
from train.training.samples import samples_of

_FEW: Final = 8  # held-out clips with which a class can be drawn


def fold_features(
    checkpoint: Path,
    store: Store,
    fold: str | None = None,
    unknowns: bool = True,
    device: str = "cpu",
    cache: Path | None = None,
) -> FeatureSet:
    """Features of a fold's test clips and of the texts of all tested classes.

    Args:
        checkpoint: the encoder.
        store: the clips it is tested on.
        fold: protocol and number; None takes the checkpoint's own.
        unknowns: add the held-out clips of seen classes, labelled as unknown: actions that happen,
            but that nobody asked for.
        device: where to compute.
        cache: folder for text features.

    Raises:
        InputError: the checkpoint names no fold, or was trained on a class it is tested on.
    """
    model, info = load_checkpoint(checkpoint, device)
    fold = fold_of(checkpoint, info, fold)
    split = untrained_split(checkpoint, info, store, fold)
    classes = sorted({*split.unseen, *split.tested_seen})
    tested = np.concatenate([split.test, split.test_seen])
    others = split.held_out[~np.isin(store.table.label[split.held_out], classes)]
    clips = np.concatenate([tested, others]) if unknowns else tested
    origin = {"fold": fold, **_mark(checkpoint)}
    return _encoded(model, info, store, clips, classes, info.text_style, origin, cache)


def held_out_features(
    checkpoint: Path,
    store: Store,
    style: str,
    classes: int = 16,
    draw: int = 0,
    fold: str | None = None,
    device: str = "cpu",
    cache: Path | None = None,
) -> FeatureSet:
    """Features of held-out clips of some *seen* classes, with texts of another style.

    What a rule for streams may be chosen on. The encoder has learned to place these classes by the
    texts of its own style; those of another are as wrong for them as texts are for classes that it
    has not seen, and no unseen label is looked at.

    Args:
        checkpoint: the encoder.
        store: the clips it was trained on.
        style: of the texts.
        classes: how many are drawn, of those with eight held-out clips or more; clips of the others
            are labelled as unknown.
        draw: seed of the draw.
        fold: protocol and number; None takes the checkpoint's own.
        device: where to compute.
        cache: folder for text features.

    Raises:
        InputError: the checkpoint names no fold, there are not so many classes, or no texts of the
            style for them.
    """
    model, info = load_checkpoint(checkpoint, device)
    fold = fold_of(checkpoint, info, fold)
    clips = untrained_split(checkpoint, info, store, fold).held_out
    names, counts = np.unique(store.table.label[clips].astype(str), return_counts=True)
    enough = np.flatnonzero(counts >= _FEW)
    if not 2 <= classes <= len(enough):
        raise InputError(
            f"{classes} classes were asked for, but fold {fold} has {len(enough)} seen classes of "
            f"{_FEW} held-out clips or more; give a number from 2 to that"
        )
    drawn = np.random.default_rng(draw).choice(enough, classes, replace=False)
    origin = {"fold": fold, "held_out": {"style": style, "draw": draw}, **_mark(checkpoint)}
    return _encoded(model, info, store, clips, sorted(names[drawn].tolist()), style, origin, cache)


def _mark(checkpoint: Path) -> dict[str, str]:
    """What tells one checkpoint from another."""
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    return {"checkpoint": checkpoint.name, "sha256": digest}


def _encoded(
    model: SkeletonModel,
    info: CheckpointInfo,
    store: Store,
    clips: NDArray[np.intp],
    classes: list[str],
    style: str,
    origin: dict[str, Any],
    cache: Path | None,
) -> FeatureSet:
    """Features of clips, those of other classes labelled as unknown."""
    table = store.table
    names = [*classes, *sorted(set(table.label[clips].tolist()) - set(classes))]
    samples = samples_of(store, Preprocessing.from_dict(info.preprocessing), clips, names)
    vocabulary = info.training.get("vocabulary", "open")
    described = describe(vocabulary, style, classes)
    return FeatureSet(
        features=model.encode(samples.x, samples.present),
        labels=torch.where(samples.labels < len(classes), samples.labels, UNKNOWN),
        text=class_features(described, TextEncoder(info.text_encoder, cache)),
        classes=tuple(classes),
        clips=tuple(f"{table.dataset[i]}/{table.clip[i]}" for i in clips),
        actions=tuple(names[label] for label in samples.labels.tolist()),
        temperature=info.temperature,
        origin=origin,
    )

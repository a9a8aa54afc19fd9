"""From a checkpoint and a store to the features of its fold's test clips."""

import hashlib
from pathlib import Path

import numpy as np
import torch

from train.data.store import Store
from train.evaluation.fold_features import fold_of, untrained_split
from train.evaluation.streams.features import UNKNOWN, FeatureSet
from train.model import load_checkpoint
from train.skeletons.preprocess import Preprocessing
from train.text.descriptions import describe
from train.text.encoder import TextEncoder
from train.text.features import class_features
from train.training.samples import samples_of


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
    table = store.table
    classes = sorted({*split.unseen, *split.tested_seen})
    tested = np.concatenate([split.test, split.test_seen])
    others = split.held_out[~np.isin(table.label[split.held_out], classes)]
    clips = np.concatenate([tested, others]) if unknowns else tested
    names = [*classes, *sorted(set(table.label[clips].tolist()) - set(classes))]
    samples = samples_of(store, Preprocessing.from_dict(info.preprocessing), clips, names)
    vocabulary = info.training.get("vocabulary", "open")
    text = class_features(
        describe(vocabulary, info.text_style, classes), TextEncoder(info.text_encoder, cache)
    )
    return FeatureSet(
        features=model.encode(samples.x, samples.present),
        labels=torch.where(samples.labels < len(classes), samples.labels, UNKNOWN),
        text=text,
        classes=tuple(classes),
        clips=tuple(f"{table.dataset[i]}/{table.clip[i]}" for i in clips),
        actions=tuple(names[label] for label in samples.labels.tolist()),
        temperature=info.temperature,
        origin={
            "fold": fold,
            "checkpoint": checkpoint.name,
            "sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
        },
    )

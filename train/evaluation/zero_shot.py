"""Alg. 2 for a checkpoint on the unseen classes of its fold."""

from pathlib import Path

import numpy as np
import torch

from bank.errors import InputError
from train.data.store import Store
from train.evaluation.accuracy import ZeroShotResult, evaluate
from train.model import load_checkpoint
from train.skeletons.preprocess import Preprocessing
from train.text.descriptions import describe
from train.text.encoder import TextEncoder
from train.text.features import class_features
from train.training.fit import samples_of, split_of


def zero_shot(
    checkpoint: Path,
    store: Store,
    alpha: float = 0.9,
    fold: str | None = None,
    device: str = "cpu",
    cache: Path | None = None,
) -> dict[str, ZeroShotResult]:
    """Plain and aligned accuracy on a fold's test clips.

    Where a fold tests clips of seen classes too (a held-out set), all clips are aligned and
    answered together, among all tested classes, and the two kinds are reported apart.

    Args:
        checkpoint: what to evaluate.
        store: the clips it was trained and is tested on.
        alpha: tolerance margin.
        fold: protocol and number; None takes the checkpoint's own.
        device: where to compute.
        cache: folder for text features.

    Raises:
        InputError: the checkpoint names no fold, or was trained on a class it is tested on.
    """
    model, info = load_checkpoint(checkpoint, device)
    fold = fold or info.training.get("data", {}).get("fold")
    if fold is None:
        raise InputError(f"{checkpoint}: does not say which fold it belongs to; give --fold")
    split = split_of(store, fold)
    if leaked := sorted(set(split.unseen) & set(info.classes)):
        raise InputError(
            f"{checkpoint}: was trained on {', '.join(leaked)}, unseen in fold {fold}; "
            "give the fold it was trained for"
        )
    labels = sorted({*split.unseen, *split.tested_seen})
    clips = np.concatenate([split.test, split.test_seen])
    samples = samples_of(store, Preprocessing.from_dict(info.preprocessing), clips, labels)
    unseen = torch.arange(len(clips)) < len(split.test)
    vocabulary = info.training.get("vocabulary", "open")
    text = class_features(
        describe(vocabulary, info.text_style, labels), TextEncoder(info.text_encoder, cache)
    )
    features = model.encode(samples.x, samples.present)
    groups = {"unseen": unseen, "seen": ~unseen}
    return evaluate(features, samples.labels, text, alpha, groups)

"""What a checkpoint makes of a fold's test clips."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bank.errors import InputError
from train.data.protocols import Fold, Split, load_fold
from train.data.store import Store
from train.model import CheckpointInfo, load_checkpoint
from train.skeletons.preprocess import Preprocessing
from train.text.descriptions import describe, vocabularies
from train.text.encoder import TextEncoder
from train.text.features import class_features
from train.training.samples import samples_of, split_of


@dataclass(frozen=True, eq=False)
class FoldFeatures:
    """Features of the clips that a fold tests, and of its exemplars.

    Attributes:
        fold: name of the fold.
        info: the checkpoint's description.
        classes: the labels that clips are answered with.
        text: (K, d) class features.
        features: (N, d) of the test clips, of unseen classes first.
        labels: (N,) class of each.
        unseen: (N,) bool, whether a clip's class is unseen.
        exemplars: (E, d) of the exemplars; none but in one-shot folds.
        exemplar_labels: (E,) class of each.
    """

    fold: str
    info: CheckpointInfo
    classes: tuple[str, ...]
    text: Tensor
    features: Tensor
    labels: Tensor
    unseen: Tensor
    exemplars: Tensor
    exemplar_labels: Tensor


def fold_features(
    checkpoint: Path,
    store: Store,
    fold: str | None = None,
    text_encoder: str | None = None,
    device: str = "cpu",
    cache: Path | None = None,
) -> FoldFeatures:
    """Encode a fold's test clips and class texts.

    Args:
        checkpoint: what to evaluate.
        store: the clips it was trained and is tested on.
        fold: protocol and number; None takes the checkpoint's own.
        text_encoder: where the checkpoint's sentence encoder lies, by name or folder; None takes
            the checkpoint's own word for it.
        device: where to compute.
        cache: folder for text features.

    Raises:
        InputError: the checkpoint names no fold, was trained on a class it is tested on, or needs
            another sentence encoder.
    """
    model, info = load_checkpoint(checkpoint, device)
    fold = fold_of(checkpoint, info, fold)
    encoder = TextEncoder(text_encoder or info.text_encoder, cache)
    info.check_text(encoder.name, info.text_dim)  # before anything is computed
    split = untrained_split(checkpoint, info, store, fold)
    shown = store.table.label[split.exemplars].tolist()
    classes = sorted({*split.unseen, *split.tested_seen, *shown})
    text = class_features(describe(_vocabulary(load_fold(fold)), info.text_style, classes), encoder)
    info.check_text(encoder.name, text.shape[1])
    preprocessing = Preprocessing.from_dict(info.preprocessing)
    clips = np.concatenate([split.test, split.test_seen, split.exemplars])
    samples = samples_of(store, preprocessing, clips, classes)
    features = model.encode(samples.x, samples.present)
    tested = len(clips) - len(split.exemplars)
    return FoldFeatures(
        fold=fold,
        info=info,
        classes=tuple(classes),
        text=text,
        features=features[:tested],
        labels=samples.labels[:tested],
        unseen=torch.arange(tested) < len(split.test),
        exemplars=features[tested:],
        exemplar_labels=samples.labels[tested:],
    )


def fold_of(checkpoint: Path, info: CheckpointInfo, fold: str | None) -> str:
    """The fold that was asked for, or the checkpoint's own.

    Raises:
        InputError: neither is known.
    """
    name: str | None = fold or info.training.get("data", {}).get("fold")
    if name is None:
        raise InputError(f"{checkpoint}: does not say which fold it belongs to; give --fold")
    return name


def untrained_split(checkpoint: Path, info: CheckpointInfo, store: Store, fold: str) -> Split:
    """A fold's clips, once it is sure that none of its unseen classes was trained on.

    Raises:
        InputError: one was.
    """
    split = split_of(store, fold)
    if leaked := sorted(set(split.unseen) & set(info.classes)):
        raise InputError(
            f"{checkpoint}: was trained on {', '.join(leaked)}, unseen in fold {fold}; "
            "give the fold it was trained for"
        )
    return split


def _vocabulary(fold: Fold) -> str:
    """Whose descriptions stand for what a fold tests: the tested set's own, or the open ones."""
    (first, *_) = fold.test_sets
    return first if first in vocabularies() else "open"

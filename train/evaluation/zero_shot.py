"""Alg. 2 for a checkpoint on the unseen classes of its fold."""

from pathlib import Path

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
) -> ZeroShotResult:
    """Plain and aligned accuracy on the unseen classes.

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
    preprocessing = Preprocessing.from_dict(info.preprocessing)
    samples = samples_of(store, preprocessing, split.test, split.unseen)
    vocabulary = info.training.get("vocabulary", fold.partition("/")[0])
    text = class_features(
        describe(vocabulary, info.text_style, split.unseen), TextEncoder(info.text_encoder, cache)
    )
    return evaluate(model.encode(samples.x, samples.present), samples.labels, text, alpha)

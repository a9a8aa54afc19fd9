"""Class features: the descriptions of every class, encoded and averaged."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from train.text.descriptions import look_up
from train.text.encoder import TextEncoder
from train.text.labels import Label


def class_features(texts: Sequence[Sequence[str]], encoder: TextEncoder) -> Tensor:
    """One unit feature a class: the mean over its descriptions.

    Args:
        texts: for every class its descriptions, at least one.
        encoder: the frozen sentence encoder.

    Returns:
        (K, d) float32, rows of unit length.
    """
    sentences = encoder.encode([sentence for several in texts for sentence in several])
    parts = torch.split(sentences, [len(several) for several in texts])
    means = torch.stack([rows.mean(0) for rows in parts])
    return F.normalize(means, dim=1)


def texts_of(
    labels: Sequence[Label], style: str, vocabulary: str = "open"
) -> list[tuple[str, ...]]:
    """What stands for a user's classes: their own words, else our descriptions, else the name.

    Args:
        labels: classes of a label file.
        style: the style in which the checkpoint was trained; ``name`` asks for bare names.
        vocabulary: where our descriptions are looked for first.
    """

    def texts(label: Label) -> tuple[str, ...]:
        if label.description:
            return (label.description,)
        ours = None if style == "name" else look_up(label.name, style, vocabulary)
        return ours or (label.name,)

    return [texts(label) for label in labels]

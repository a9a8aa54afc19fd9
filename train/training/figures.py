"""Accuracy on the clips that training never sees: recorded, never chosen by."""

from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from train.data.protocols import Split
from train.data.store import Store
from train.evaluation.accuracy import Accuracy, ZeroShotResult, evaluate
from train.evaluation.one_shot import one_shot_predictions
from train.model import SkeletonModel
from train.text.descriptions import describe
from train.text.encoder import TextEncoder
from train.text.features import class_features
from train.training.recipe import Recipe
from train.training.samples import samples_of
from train.training.state import Progress

PAPER_PROTOCOL = (
    "epochs chosen on the unseen test clips themselves, for comparison with published numbers only"
)


class TestClips:
    """The test clips of a fold, and the texts of the classes they may be.

    As in ``pgfa-bench``: clips of unseen classes and, where the fold tests those, of seen ones are
    aligned and answered together and reported apart.

    Args:
        store: where the clips are.
        split: the fold's clips.
        recipe: how they are prepared and described.
        encoder: the sentence encoder.
    """

    __test__ = False  # not a test, whatever pytest makes of the name

    def __init__(self, store: Store, split: Split, recipe: Recipe, encoder: TextEncoder) -> None:
        shown = store.table.label[split.exemplars].tolist()
        labels = sorted({*split.unseen, *split.tested_seen, *shown})
        clips = np.concatenate([split.test, split.test_seen])
        self._samples = samples_of(store, recipe.preprocessing, clips, labels)
        self._exemplars = samples_of(store, recipe.preprocessing, split.exemplars, labels)
        self._text = class_features(describe(recipe.vocabulary, recipe.style, labels), encoder)
        unseen = torch.arange(len(clips)) < len(split.test)
        self._groups = {"unseen": unseen}
        if not unseen.all():
            self._groups |= {"seen": ~unseen, "both": torch.ones_like(unseen)}
        self._alpha = recipe.alpha

    def figures(self, model: SkeletonModel) -> dict[str, Any]:
        """Everything worth recording of the present weights, as JSON values.

        ``two_pass`` is Alg. 2 from class texts; in one-shot folds ``one_shot`` is the accuracy
        with exemplars (section IV-F).
        """
        features = model.encode(self._samples.x, self._samples.present)
        kinds = {kind: asdict(result) for kind, result in self._two_pass(features).items()}
        figures: dict[str, Any] = {"two_pass": {"alpha": self._alpha, **kinds}}
        if len(self._exemplars):
            exemplars = model.encode(self._exemplars.x, self._exemplars.present)
            answers = one_shot_predictions(
                features, self._text, exemplars, self._exemplars.labels, self._alpha
            )
            figures["one_shot"] = {"alpha": self._alpha}
            for way, answer in zip(("text", "exemplars", "aligned"), answers, strict=True):
                figures["one_shot"][way] = asdict(Accuracy.of(answer, self._samples.labels))
        return figures

    def by_epoch(self, model: SkeletonModel) -> dict[str, float]:
        """What the paper's protocol records after an epoch: overall accuracy of unseen classes.

        In folds across datasets that test no unseen class, of the classes that they do test.
        """
        results = self._two_pass(model.encode(self._samples.x, self._samples.present))
        tested = results["unseen" if "unseen" in results else "both"]
        return {"test_plain": tested.plain.overall, "test_aligned": tested.aligned.overall}

    def _two_pass(self, features: Tensor) -> dict[str, ZeroShotResult]:
        return evaluate(features, self._samples.labels, self._text, self._alpha, self._groups)


def best_on_test(progress: Progress) -> dict[str, Any]:
    """The epochs that the paper's protocol would report, plain and aligned apart."""
    best: dict[str, Any] = {"what": PAPER_PROTOCOL}
    for kind in ("plain", "aligned"):
        scores = [figures[f"test_{kind}"] for figures in progress.history]
        epoch = max(range(len(scores)), key=scores.__getitem__)
        best[kind] = {"epoch": epoch + 1, "overall": scores[epoch]}
    return best

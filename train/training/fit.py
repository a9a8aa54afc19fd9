"""A whole run: from a store and a fold to checkpoints with their figures."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray

from bank.errors import InputError
from bank.files import write_atomically
from train.data.protocols import Split
from train.data.store import Store
from train.encoders import Encoder, make_encoder
from train.evaluation.accuracy import Accuracy
from train.model import (
    TWO_BODIES,
    CheckpointInfo,
    SkeletonModel,
    load_checkpoint,
    save_checkpoint,
)
from train.text.descriptions import describe
from train.text.encoder import TextEncoder
from train.text.training_texts import TrainingTexts
from train.training.distributed import make_accelerator
from train.training.figures import TestClips, best_on_test
from train.training.learners import Alignment, Classification
from train.training.loop import SELECTING, train
from train.training.objective import make_objective
from train.training.presets import load_preset
from train.training.recipe import Recipe
from train.training.samples import Samples, samples_of, split_of
from train.training.state import Progress, check_settings

__all__ = ["FitResult", "Recipe", "add_figures", "fit", "samples_of", "split_of"]

CONFIG_FILE = "config.json"
FIGURES_FILE = "figures.json"


@dataclass(frozen=True)
class FitResult:
    """A finished run.

    Attributes:
        last: checkpoint of the last epoch.
        best: checkpoint of the epoch that was best on held-out clips of seen classes.
        progress: the figures of every epoch.
        figures: accuracy on the test clips, of ``last`` and ``seen_selected``; what
            ``figures.json`` holds.
        already: the folder held the finished run, and nothing was done.
    """

    last: Path
    best: Path
    progress: Progress
    figures: dict[str, Any]
    already: bool = False


def fit(
    store: Store, recipe: Recipe, folder: Path, device: str = "cpu", cache: Path | None = None
) -> FitResult:
    """Train by a recipe, or go on with the run that ``folder`` holds.

    Unseen classes do not enter training, neither by clips nor by texts, and the best epoch is that
    of the highest accuracy on held-out clips of seen classes. When all is trained, both
    checkpoints are evaluated on the test clips and carry their figures.

    Args:
        store: clips under the labels of the recipe's vocabulary.
        recipe: what is trained on what.
        folder: receives ``last.safetensors``, ``best.safetensors``, the resolved ``config.json``,
            ``figures.json``, the state to go on from, and curves for TensorBoard.
        device: where to compute; under a launcher, what kind of device each process takes.
        cache: folder for text features.

    Raises:
        InputError: the recipe does not fit the store, or the folder holds another run.
        Stopped: SIGTERM came; call again to go on.
    """
    accelerator = make_accelerator(device, recipe.options.precision)
    with accelerator.main_process_first():
        run = _Run(store, recipe, folder, accelerator, cache)
    return run.go()


def add_figures(path: Path, figures: dict[str, Any]) -> None:
    """Put evaluation figures into a checkpoint's description."""
    model, info = load_checkpoint(path)
    save_checkpoint(path, model, replace(info, training={**info.training, **figures}))


class _Run:
    """The parts of :func:`fit`, and what they share."""

    def __init__(
        self,
        store: Store,
        recipe: Recipe,
        folder: Path,
        accelerator: Accelerator,
        cache: Path | None,
    ) -> None:
        config = make_encoder(recipe.encoder, **recipe.encoder_config).config
        self.recipe = recipe = replace(recipe, encoder_config=config)
        self.store, self.folder, self.accelerator = store, folder, accelerator
        _claim(folder, recipe, accelerator.is_main_process)
        self.split: Split = split_of(store, recipe.fold)
        self.text_encoder = TextEncoder(recipe.text_encoder, cache)
        self.samples = self._samples(self.split.train)
        known = np.isin(store.table.label[self.split.held_out], self.split.seen)
        self.held_out = self._samples(self.split.held_out[known])
        augmentation = recipe.options.augmentation
        self.texts = TrainingTexts(
            self.split.seen,
            describe(recipe.vocabulary, recipe.style, self.split.seen),
            self.text_encoder,
            combine=recipe.combine,
            mirrored=augmentation is not None and augmentation.mirror > 0,
            unseen=self.split.unseen,
        )
        self.data = {
            "sets": sorted(store.datasets),
            "fold": recipe.fold,
            "train_clips": len(self.samples),
            "held_out_clips": len(self.held_out),
        }
        self.settings = {**recipe.to_dict(), "data": self.data}
        self._pretraining: Progress | None = None
        self._test: TestClips | None = None

    def go(self) -> FitResult:
        """Pretrain if the framework says so, align, evaluate."""
        recipe, main = self.recipe, self.accelerator.is_main_process
        last, best = self.folder / "last.safetensors", self.folder / "best.safetensors"
        torch.manual_seed(recipe.options.seed)
        encoder = make_encoder(recipe.encoder, **recipe.encoder_config)
        if recipe.framework != "end-to-end":
            self._pretraining = self._pretrain(encoder)
            torch.manual_seed(recipe.options.seed)  # one start, whether pretrained now or before
        model = SkeletonModel(encoder, self.texts.classes.shape[1])
        learner = Alignment(
            model,
            make_objective(recipe.objective),
            fixed_encoder=recipe.framework == "pretrain-fixed",
        )
        progress = train(
            learner,
            self.samples,
            self.texts,
            recipe.options,
            self.folder,
            validate=lambda: self._validate(model),
            on_best=lambda progress: self._write(best, learner, progress),
            accelerator=self.accelerator,
            settings=self.settings,
        )
        report = self.folder / FIGURES_FILE
        already = report.is_file()
        if main and not already:
            self._write(last, learner, progress)
            figures = self._evaluate(last, best, progress)
            write_atomically(report, json.dumps(figures, indent=2).encode() + b"\n")
        self.accelerator.wait_for_everyone()
        figures = json.loads(report.read_text(encoding="utf-8"))
        return FitResult(last, best, progress, figures, already)

    def _samples(self, clips: NDArray[np.int64]) -> Samples:
        samples = samples_of(self.store, self.recipe.preprocessing, clips, self.split.seen)
        if self.recipe.encoder_config.get("bodies") == "present":
            return samples.without_absent_bodies()
        return samples

    def _pretrain(self, encoder: Encoder) -> Progress:
        """Cross-entropy over the seen classes; the encoder of the last epoch goes on."""
        options = self.recipe.options
        if options.augmentation is not None:  # a mirrored class need not be one of the classes
            options = replace(options, augmentation=replace(options.augmentation, mirror=0.0))
        learner = Classification(encoder, len(self.split.seen))

        def validate() -> dict[str, float]:
            if not len(self.held_out):
                return {}
            predictions = learner.predict(self.held_out.x, self.held_out.present)
            return {SELECTING: Accuracy.of(predictions, self.held_out.labels).overall}

        return train(
            learner,
            self.samples,
            None,
            replace(options, epochs=self.recipe.pretrain_epochs or options.epochs),
            self.folder,
            validate=validate,
            accelerator=self.accelerator,
            settings=self.settings,
            phase="pretraining",
        )

    def _validate(self, model: SkeletonModel) -> dict[str, float]:
        figures: dict[str, float] = {}
        if len(self.held_out):
            features = model.encode(self.held_out.x, self.held_out.present)
            answers = (features @ self.texts.classes.T).argmax(dim=1)
            figures[SELECTING] = Accuracy.of(answers, self.held_out.labels).overall
        if self.recipe.paper_protocol:
            figures |= self._test_clips().by_epoch(model)
        return figures

    def _test_clips(self) -> TestClips:
        """Read only when asked for: never while training, but for the paper's protocol."""
        if self._test is None:
            self._test = TestClips(self.store, self.split, self.recipe, self.text_encoder)
        return self._test

    def _evaluate(self, last: Path, best: Path, progress: Progress) -> dict[str, Any]:
        """Measure both checkpoints on the test clips and write the figures into them."""
        test, device = self._test_clips(), str(self.accelerator.device)
        protocol: dict[str, Any] = {}
        if self.recipe.paper_protocol:
            protocol = {"paper_protocol": best_on_test(progress)}
        figures: dict[str, Any] = {}
        for kind, path, epoch in (
            ("last", last, progress.epoch),
            ("seen_selected", best, progress.best_epoch),
        ):
            measured = test.figures(load_checkpoint(path, device)[0])
            add_figures(path, {**measured, **protocol})
            figures[kind] = {"epoch": epoch, **measured}
        return {**figures, **protocol}

    def _write(self, path: Path, learner: Alignment, progress: Progress) -> None:
        recipe = self.recipe
        training: dict[str, Any] = {
            "data": {**self.data, TWO_BODIES: self.samples.two_bodies},
            "vocabulary": recipe.vocabulary,
            "recipe": recipe.to_dict(),
            "epoch": progress.epoch,
            "history": progress.history,
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            "licence": "trained on research data; for research use",
        }
        if self._pretraining is not None:
            training["pretraining"] = self._pretraining.history
        info = CheckpointInfo(
            encoder=recipe.encoder,
            encoder_config=recipe.encoder_config,
            text_encoder=recipe.text_encoder,
            text_dim=self.texts.classes.shape[1],
            text_style=recipe.style,
            preprocessing=recipe.preprocessing.to_dict(),
            temperature=float(1 / learner.objective.scale.detach()),
            classes=list(self.split.seen),
            unseen=list(self.split.unseen),
            training=training,
        )
        save_checkpoint(path, learner.model, info)


def _claim(folder: Path, recipe: Recipe, main: bool) -> None:
    """Make the folder this run's, or see that it is.

    Raises:
        InputError: the folder holds another run, or cannot be made.
    """
    config, report = folder / CONFIG_FILE, folder / FIGURES_FILE
    if any((folder / f"{phase}.safetensors").is_file() for phase in ("pretraining", "state")):
        if config.is_file():
            check_settings(folder, load_preset(str(config)), recipe.to_dict())
        return
    if main:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            report.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(
                f"{folder}: cannot be made ({error.strerror}); name a folder"
            ) from None
        write_atomically(config, json.dumps(recipe.to_dict(), indent=2).encode() + b"\n")

"""The encoder and the prototype bank behind one call."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bank import PrototypeBank
from bank.alignment import entropy
from bank.errors import InputError
from bank.prototypes import Mode
from realtime.windows import SkeletonWindow
from train.device import resolve_device
from train.model import load_checkpoint
from train.skeletons.joints import JOINTS
from train.skeletons.preprocess import Preprocessing
from train.text.encoder import TextEncoder
from train.text.features import class_features, texts_of
from train.text.labels import Label

_TOP = 3
_BLANK = SkeletonWindow(0, np.zeros((2, 1, JOINTS, 3), np.float32), np.array([0.0, 1.0]), 0, 0.0)


@dataclass(frozen=True)
class Recognition:
    """The answer to one window.

    Attributes:
        window: what was asked about.
        label: the nearest prototype's class.
        score: its probability, softmax of cosine scores over the trained temperature.
        top: the most probable classes with their probabilities, best first.
        entropy: nats, of Eq. 7's distribution over the frozen texts (what the bank filters by).
    """

    window: SkeletonWindow
    label: str
    score: float
    top: tuple[tuple[str, float], ...]
    entropy: float


class Recogniser:
    """Recognises the actions of a label file, and learns their prototypes as it goes.

    A window is answered first and learned from afterwards. Of windows that overlap in time only one
    a person is learned from: they show nearly the same movement and would count it many times.

    Args:
        checkpoint: a file written by ``pgfa-train``.
        labels: the classes to choose from.
        alpha: tolerance margin of the bank.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        cache: folder for text features.
        mode: how the bank learns, see :class:`bank.PrototypeBank`.

    Raises:
        InputError: the checkpoint cannot be used, or the text encoder it needs is not here.
    """

    def __init__(
        self,
        checkpoint: Path,
        labels: Sequence[Label],
        alpha: float = 0.9,
        device: str = "auto",
        cache: Path | None = None,
        mode: Mode = "exact",
    ) -> None:
        self.device = resolve_device(device)
        self.model, self.info = load_checkpoint(checkpoint, self.device)
        self.classes = tuple(label.name for label in labels)
        self._prepare = Preprocessing.from_dict(self.info.preprocessing)
        vocabulary = str(self.info.training.get("vocabulary", "open"))
        text = class_features(
            texts_of(labels, self.info.text_style, vocabulary),
            TextEncoder(self.info.text_encoder, cache),
        )
        if text.shape[1] != self.info.text_dim:
            raise InputError(
                f"{checkpoint}: needs {self.info.text_dim}-dimensional text features of "
                f"{self.info.text_encoder}, got {text.shape[1]}"
            )
        self.text = text
        self.bank = PrototypeBank(text, alpha=alpha, mode=mode)
        self._learned_until: dict[int, float] = {}
        self._features([_BLANK])  # so that the first real window does not wait for start-up work

    def __call__(self, windows: Sequence[SkeletonWindow]) -> list[Recognition]:
        """Answer windows, all in one batch, then learn from them."""
        if not windows:
            return []
        features = self._features(windows)
        scores = self.bank.predict(features)
        probabilities = torch.softmax(scores.float() / self.info.temperature, dim=1)
        entropies = entropy(features, self.text)
        best, order = probabilities.topk(min(_TOP, len(self.classes)), dim=1)
        answers = [
            Recognition(
                window=window,
                label=self.classes[int(order[i, 0])],
                score=float(best[i, 0]),
                top=tuple(
                    (self.classes[int(k)], float(p)) for k, p in zip(order[i], best[i], strict=True)
                ),
                entropy=float(entropies[i]),
            )
            for i, window in enumerate(windows)
        ]
        fresh = [i for i, window in enumerate(windows) if self._is_fresh(window)]
        if fresh:
            self.bank.update(features[fresh])
        return answers

    def enroll(self, window: SkeletonWindow, k: int) -> None:
        """Take a window as an exemplar of class ``k``: the one-shot setting, live.

        Raises:
            InputError: no such class, or the bank takes none.
        """
        self.bank.enroll(self._features([window]), k)

    def _features(self, windows: Sequence[SkeletonWindow]) -> Tensor:
        """(B, d) of windows, all in one batch."""
        prepared = self._prepare([(window.joints, window.times) for window in windows])
        return self.model.encode(torch.from_numpy(prepared.x), torch.from_numpy(prepared.present))

    def _is_fresh(self, window: SkeletonWindow) -> bool:
        """Whether a window begins after the last learned window of its person ended."""
        until = self._learned_until.get(window.track)
        if until is not None and window.times[0] < until <= window.times[-1]:
            return False
        self._learned_until[window.track] = float(window.times[-1])
        return True

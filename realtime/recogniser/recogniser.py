"""The encoder and the prototype bank behind one call."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bank import PrototypeBank, warm_up
from bank.alignment import entropy
from bank.errors import InputError
from bank.prototypes import Mode
from realtime.recogniser.answers import Recognition, State
from realtime.recogniser.motion import limbs, motion
from realtime.recogniser.votes import Segments
from realtime.windows import SkeletonWindow, tail
from train.device import resolve_device
from train.model import TWO_BODIES, load_checkpoint
from train.skeletons.joints import JOINTS
from train.skeletons.preprocess import Preprocessing
from train.text.encoder import TextEncoder
from train.text.features import class_features, texts_of
from train.text.labels import Label

# Seconds looked back over: short actions fill a short window, long ones need a long one.
LENGTHS: Final = (0.7, 1.0, 1.6)
# Metres per second of the fastest joints, under which a person stands still.
STILL: Final = 0.15
_TOP: Final = 3
_BLANK = SkeletonWindow(0, np.zeros((2, 1, JOINTS, 3), np.float32), np.array([0.0, 1.0]), 0, 0.0)


class Recogniser:
    """Recognises the actions of a label file, and learns their prototypes as it goes.

    Every window is looked at over several lengths back from its end, all people and lengths in one
    batch; the features of the lengths are averaged. A window is answered first and learned from
    afterwards, all windows of one movement as one vote, and never one in which a person stands
    still.

    Args:
        checkpoint: a file written by ``pgfa-train``.
        labels: the classes to choose from.
        alpha: tolerance margin of the bank.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        cache: folder for text features.
        mode: how the bank learns, see :class:`bank.PrototypeBank`.
        lengths: seconds; windows should be as long as the longest.
        still: m/s, under which a person is ``idle``; 0 switches that off.
        vocabulary: whose descriptions are looked for first; None is the checkpoint's.
        text_encoder: where to find the sentence encoder, by name or folder; None is the name that
            the checkpoint has.

    Raises:
        InputError: the checkpoint cannot be used, the text encoder it needs is not here, or a
            length or ``still`` is out of range.
    """

    def __init__(
        self,
        checkpoint: Path,
        labels: Sequence[Label],
        alpha: float = 0.9,
        device: str = "auto",
        cache: Path | None = None,
        mode: Mode = "exact",
        lengths: Sequence[float] = LENGTHS,
        still: float = STILL,
        vocabulary: str | None = None,
        text_encoder: str | None = None,
    ) -> None:
        if not lengths or min(lengths) <= 0:
            raise InputError("window lengths must be more than 0 seconds, and at least one")
        if still < 0:
            raise InputError(f"a person cannot move at {still} m/s; still is at least 0")
        self.lengths = tuple(sorted(lengths))
        self.still = still
        self.device = resolve_device(device)
        model, self.info = load_checkpoint(checkpoint, self.device)
        self.model = model.for_answers()
        self.classes = tuple(label.name for label in labels)
        # A window has the person it is about first, and the tracker knows who is who.
        self._prepare = replace(
            Preprocessing.from_dict(self.info.preprocessing), order_bodies="file"
        )
        vocabulary = vocabulary or str(self.info.training.get("vocabulary", "open"))
        text = class_features(
            texts_of(labels, self.info.text_style, vocabulary),
            TextEncoder(text_encoder or self.info.text_encoder, cache),
        )
        self.info.check_text(text_encoder or self.info.text_encoder, text.shape[1])
        self.text = text
        self.begin(PrototypeBank(text, alpha=alpha, mode=mode))
        self.features([_BLANK])  # so that the first real window does not wait for start-up work
        warm_up(self.bank)

    def __call__(self, windows: Sequence[SkeletonWindow]) -> list[Recognition]:
        """Answer windows, all in one batch, then learn from them."""
        return self.answer(windows, joined(self.features(windows))) if windows else []

    def knows_pairs(self) -> bool:
        """Whether the checkpoint was trained on clips of two people, as far as it says."""
        return self.bodies > 1 and float(self.info.training.get("data", {}).get(TWO_BODIES, 0)) > 0

    @property
    def bodies(self) -> int:
        """How many bodies of a window the network is shown."""
        return self._prepare.bodies

    def begin(self, bank: PrototypeBank, still: float | None = None) -> None:
        """Go on with another bank over the same texts, as if nothing had been seen yet.

        Args:
            bank: answers and learns from now on.
            still: see :class:`Recogniser`; None leaves it.
        """
        self.bank = bank
        self.still = self.still if still is None else still
        self._segments = Segments(self.lengths[-1])

    def features(self, windows: Sequence[SkeletonWindow]) -> Tensor:
        """(B, L, d) unit features of windows over every length, all in one batch."""
        cuts = [
            tail(window.joints, window.times, length)
            for window in windows
            for length in self.lengths
        ]
        prepared = self._prepare(cuts)
        features = self.model.encode(
            torch.from_numpy(prepared.x), torch.from_numpy(prepared.present)
        )
        return F.normalize(features, dim=1).view(len(windows), len(self.lengths), -1)

    def answer(self, windows: Sequence[SkeletonWindow], features: Tensor) -> list[Recognition]:
        """Answer windows whose features are known, then learn from them.

        Args:
            windows: (B,).
            features: (B, d), as :func:`joined` gives them.
        """
        scores = self.bank.predict(features)
        probabilities = torch.softmax(scores.float() / self.info.temperature, dim=1)
        entropies = entropy(features, self.text)
        best, order = probabilities.topk(min(_TOP, len(self.classes)), dim=1)
        speeds = [motion(window.joints, window.times) for window in windows]
        states: list[State] = [
            "idle" if speed < self.still else "known" if is_known else "unknown"
            for speed, is_known in zip(speeds, self.bank.gate(features).known.tolist(), strict=True)
        ]
        answers = [
            Recognition(
                window=window,
                label=self.classes[int(order[i, 0])] if states[i] == "known" else states[i],
                score=float(best[i, 0]),
                top=tuple(
                    (self.classes[int(k)], float(p)) for k, p in zip(order[i], best[i], strict=True)
                ),
                entropy=float(entropies[i]),
                state=states[i],
                classes=self.classes,
                probabilities=probabilities[i].numpy(),
                motion=speeds[i],
                limbs=limbs(window.joints, window.times),
            )
            for i, window in enumerate(windows)
        ]
        self._learn(windows, features, states)
        return answers

    def enroll(self, window: SkeletonWindow, k: int) -> None:
        """Take a window as an exemplar of class ``k``: the one-shot setting, live.

        Raises:
            InputError: no such class, or the bank takes none.
        """
        self.bank.enroll(joined(self.features([window])), k)

    def _learn(
        self, windows: Sequence[SkeletonWindow], features: Tensor, states: Sequence[State]
    ) -> None:
        """Learn from those who move; what is unknown, the bank's own gate keeps out.

        Two who act on each other are in both their windows: one of the two is learned from.
        """
        moving = [
            row
            for row, state in enumerate(states)
            if state != "idle" and not self._told_by_partner(windows[row])
        ]
        for window, state in zip(windows, states, strict=True):
            if state == "idle":
                self._segments.rest(window.track)
        if moving:
            segments = [self._segments.of(windows[row]) for row in moving]
            self.bank.update(features[moving], torch.tensor(segments))

    def _told_by_partner(self, window: SkeletonWindow) -> bool:
        if window.partner is None or window.partner > window.track:
            return False
        return motion(window.joints[:, 1:], window.times) >= self.still


def joined(features: Tensor) -> Tensor:
    """(B, L, d) unit features of several lengths to one for each window, (B, d)."""
    return F.normalize(features.mean(dim=1), dim=1)

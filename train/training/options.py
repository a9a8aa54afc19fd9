"""Settings of the loop."""

import math
from dataclasses import dataclass, field
from typing import Literal

from bank.errors import InputError
from train.training.augment import Augmentation

Schedule = Literal["cosine", "constant", "official"]
Precision = Literal["fp32", "bf16", "fp16"]


@dataclass(frozen=True)
class TrainingOptions:
    """Settings of the loop, all of them kept in the checkpoint.

    Attributes:
        epochs: passes over the training clips.
        batch: clips a step, of all processes together; a last, smaller batch is dropped.
        learning_rate: reached after the warm-up.
        warmup: epochs over which the rate grows linearly.
        schedule: what the rate does. ``cosine`` and ``constant`` grow with every step from near
            zero; then the one falls to zero over the rest of the run and the other stays.
            ``official`` is that of the official code: a whole epoch at one rate, epoch 0 at rate
            0, epoch k of the warm-up at k / warmup, then constant.
        momentum, weight_decay: SGD's.
        precision: what the network computes in; losses and weights are float32 in any case.
        seed: of everything random.
        augmentation: how windows are changed, or None.
    """

    epochs: int = 30
    batch: int = 64
    learning_rate: float = 0.05
    warmup: float = 2.0
    schedule: Schedule = "cosine"
    momentum: float = 0.9
    weight_decay: float = 5e-4
    precision: Precision = "fp32"
    seed: int = 0
    augmentation: Augmentation | None = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 2 or not 0 < self.learning_rate < math.inf:
            raise InputError("training needs epochs >= 1, batch >= 2 and a learning rate above 0")
        if self.warmup < 0 or not 0 <= self.momentum < 1 or self.weight_decay < 0:
            raise InputError("training needs warmup >= 0, momentum in [0, 1), weight decay >= 0")
        if not 0 <= self.seed < 2**31:
            raise InputError(f"seed {self.seed} is not a whole number from 0 to {2**31 - 1}")

    def rate(self, epoch: float) -> float:
        """The learning rate at a moment.

        Args:
            epoch: epochs done, with the part of the present one behind the point.
        """
        if self.schedule == "official":
            epoch = math.floor(epoch)
            return self.learning_rate * (min(epoch / self.warmup, 1.0) if self.warmup else 1.0)
        if epoch < self.warmup:
            return self.learning_rate * max(epoch / self.warmup, 0.01)
        if self.schedule == "constant":
            return self.learning_rate
        done = (epoch - self.warmup) / max(self.epochs - self.warmup, 1e-9)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))

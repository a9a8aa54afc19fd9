"""The one object that changes the windows of a training step."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor

from bank.errors import InputError
from train.skeletons.mirroring import mirror_windows
from train.training.augment.draws import Draws
from train.training.augment.dropping import drop_joints
from train.training.augment.shape import reproportion, turn_and_size
from train.training.augment.timing import moments, resample
from train.training.augment.webcam import through_a_webcam

_PROBABILITIES: Final = ("mirror", "drop", "webcam", "missing_legs")
_BELOW_ONE: Final = ("scale", "crop", "warp", "proportions")


class Augmented(NamedTuple):
    """A changed batch.

    Attributes:
        x: (N, 3, T, V, M), zeros where a body is absent.
        present: (N, M) bool.
        mirrored: (N,) bool; :meth:`train.text.training_texts.TrainingTexts.ids` takes it.
    """

    x: Tensor
    present: Tensor
    mirrored: Tensor


@dataclass(frozen=True)
class Augmentation:
    """How far a window may be changed; all zero changes nothing, bit for bit.

    Attributes:
        yaw: largest turn about the vertical, radians either way.
        scale: largest relative change of body size either way.
        noise: standard deviation of joint noise, metres.
        crop: largest share of the window cut off at its ends, the rest stretched over it.
        mirror: probability that left and right are exchanged, in joints and in words.
        speed: largest factor, less 1, by which a window runs faster or slower about its middle.
        warp: largest relative change of pace within a window.
        drop: probability that a joint or a limb is absent for a while.
        proportions: largest relative change of a bone's length, left and right alike.
        webcam: probability that a window is made to look as a webcam would give it.
        missing_legs: probability that such a window lacks the legs.

    Raises:
        InputError: a value is impossible.
    """

    yaw: float = 0.3
    scale: float = 0.15
    noise: float = 0.01
    crop: float = 0.2
    mirror: float = 0.0
    speed: float = 0.0
    warp: float = 0.0
    drop: float = 0.0
    proportions: float = 0.0
    webcam: float = 0.0
    missing_legs: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 0 <= value < math.inf:
                raise InputError(f"augmentation {name} is {value!r}, not a number from 0")
            if name in _PROBABILITIES and value > 1:
                raise InputError(f"augmentation {name} is {value}, a probability is at most 1")
            if name in _BELOW_ONE and value >= 1:
                raise InputError(f"augmentation {name} is {value}, it must be below 1")

    @classmethod
    def named(cls, name: str) -> "Augmentation":
        """One of the sets of :data:`NAMED`.

        Raises:
            InputError: there is no such set.
        """
        if name not in NAMED:
            raise InputError(f"no augmentation {name!r}; there are: {', '.join(NAMED)}")
        return NAMED[name]

    def to_dict(self) -> dict[str, float]:
        """The values as plain JSON; :meth:`from_dict` reads them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Augmentation":
        """Values from JSON; those that are not named are 0.

        Raises:
            InputError: a value is unknown or impossible.
        """
        if not isinstance(values, Mapping):
            raise InputError("augmentation is not a table of names and values")
        names = {field.name for field in fields(cls)}
        if unknown := sorted(str(name) for name in set(values) - names):
            raise InputError(
                f"unknown augmentation: {', '.join(unknown)}; there are: {', '.join(sorted(names))}"
            )
        return replace(NAMED["none"], **values)

    def __call__(
        self,
        x: Tensor,
        present: Tensor,
        generator: torch.Generator,
        may_mirror: Tensor | None = None,
    ) -> Augmented:
        """Change a batch.

        Args:
            x: (N, 3, T, 25, M) prepared windows; not changed themselves.
            present: (N, M) bool.
            generator: all chance comes from it, so equal generators give equal batches.
            may_mirror: (N,) bool, which windows may be mirrored (see ``TrainingTexts``); None
                allows all.
        """
        draws = Draws(len(x), generator, x.device)
        nobody = torch.zeros(len(x), dtype=torch.bool, device=x.device)
        mirrored = nobody
        before = x
        there = (x != 0).any(dim=3).any(dim=1)  # (N, T, M)
        if self.mirror > 0:
            mirrored = draws.chosen(self.mirror)
            if may_mirror is not None:
                mirrored = mirrored & may_mirror.to(x.device)
            x = _where(mirrored, x, mirror_windows)
        if self.proportions > 0:
            x = reproportion(x, draws, self.proportions)
        if self.crop > 0 or self.speed > 0 or self.warp > 0:
            at = moments(draws, x.shape[2], self.crop, self.speed, self.warp)
            x, there = resample(x, there, at)
        if self.drop > 0:
            x = drop_joints(x, draws, self.drop)
        if self.webcam > 0:
            seen = draws.chosen(self.webcam)
            among = draws.among(int(seen.sum()))
            x = _where(seen, x, lambda some: through_a_webcam(some, among, self.missing_legs))
        if self.yaw > 0 or self.scale > 0:
            x = turn_and_size(x, draws.either_way(self.yaw), 1 + draws.either_way(self.scale))
        if self.noise > 0:
            x = x + draws.normal(*x.shape[1:]) * self.noise
        if x is before:
            return Augmented(x, present, mirrored)
        x = x.masked_fill(~there[:, None, :, None, :], 0.0)
        return Augmented(x, present & there.any(dim=1), mirrored)


def _where(chosen: Tensor, x: Tensor, change: Any) -> Tensor:
    """``x`` with some of its windows changed."""
    some = chosen.nonzero()[:, 0]
    return x.index_copy(0, some, change(x[some])) if len(some) else x


NAMED: Final[dict[str, Augmentation]] = {
    "none": Augmentation(yaw=0.0, scale=0.0, noise=0.0, crop=0.0),
    "default": Augmentation(),
    "webcam": Augmentation(
        mirror=0.5,
        speed=0.25,
        warp=0.3,
        drop=0.2,
        proportions=0.1,
        webcam=0.5,
        missing_legs=0.2,
    ),
}

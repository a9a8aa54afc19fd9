"""A clip: what every reader returns and every preparation starts from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from train.skeletons.joints import JOINTS


@dataclass(frozen=True, eq=False)
class Clip:
    """One recorded action of one or more people.

    Attributes:
        joints: (T, M, 25, 3) float32, metres, camera space, y up, NTU-25 order; NaN where a joint
            or a whole body is absent. ``M`` is at least 1.
        times: (T,) float64 seconds, strictly increasing.
        name: what identifies the clip in its dataset (the file name without its ending, as a rule).
        label: the action's name in the dataset's own words; empty when unknown.
        dataset: the reader's name, e.g. ``utd-mhad``.
        subject: who performs it, unique within the dataset; empty when the set does not say.
        view: camera or viewpoint; empty when there is only one.

    Raises:
        InputError: the arrays do not fit together or the clip has no usable frame.
    """

    joints: NDArray[np.float32]
    times: NDArray[np.float64]
    name: str
    label: str
    dataset: str
    subject: str = ""
    view: str = ""

    def __post_init__(self) -> None:
        shape = self.joints.shape
        if len(shape) != 4 or shape[1] < 1 or shape[2:] != (JOINTS, 3):
            raise InputError(f"{self.name}: joints have shape {shape}, not (frames, bodies, 25, 3)")
        if self.times.shape != shape[:1]:
            raise InputError(f"{self.name}: {self.times.size} times for {shape[0]} frames")
        if shape[0] == 0 or not np.isfinite(self.joints[:, 0]).any():
            raise InputError(f"{self.name}: body 0 is in no frame")
        if not np.isfinite(self.times).all() or (np.diff(self.times) <= 0).any():
            raise InputError(f"{self.name}: times do not increase")

    @property
    def bodies(self) -> int:
        """Number of bodies seen in at least one frame."""
        return int(np.isfinite(self.joints).any(axis=(0, 2, 3)).sum())

    @property
    def fps(self) -> float:
        """Mean frames per second (0 for a single frame)."""
        if self.times.size < 2:
            return 0.0
        return float((self.times.size - 1) / (self.times[-1] - self.times[0]))

"""What is said of one window."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from realtime.recogniser.motion import Limbs
from realtime.windows import SkeletonWindow

State = Literal["known", "idle", "unknown"]


@dataclass(frozen=True, eq=False)
class Recognition:
    """The answer to one window.

    Attributes:
        window: what was asked about.
        label: the nearest prototype's class; ``idle`` or ``unknown`` where :attr:`state` is that.
        score: the nearest class's probability, softmax of cosine scores over the trained
            temperature.
        top: the most probable classes with their probabilities, best first.
        entropy: nats, of Eq. 7's distribution over the frozen texts (what the bank filters by).
        state: ``idle`` of who stands still, ``unknown`` of who does none of the classes as far as
            the bank's gate can tell.
        classes: all classes.
        probabilities: (K,) float32, of all of them.
        motion: metres per second, see :func:`realtime.recogniser.motion.motion`.
        limbs: where they are at the window's end, and how fast they came there.
    """

    window: SkeletonWindow
    label: str
    score: float
    top: tuple[tuple[str, float], ...]
    entropy: float
    state: State
    classes: tuple[str, ...]
    probabilities: NDArray[np.float32]
    motion: float
    limbs: Limbs

"""The contrastive objective of the paper's section III-B, and the one of the official code."""

import math
from typing import Final, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bank.errors import InputError

ObjectiveName = Literal["paper", "official"]

# CLIP's bounds on the learnable scale 1/tau: its start, and the most it may grow to.
_INITIAL_TEMPERATURE: Final = 0.07
_LARGEST_SCALE: Final = 100.0
# The official code's match matrix is multiplied by this before its softmax.
_OFFICIAL_SHARPNESS: Final = 10.0


def precise(x: Tensor) -> Tensor:
    """Values of reduced precision as float32; others as they are."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


class Objective(nn.Module):
    """Bidirectional KL between the similarity scores of a batch and its matches.

    Both score matrices, skeleton to text and text to skeleton, are compared row by row with a
    target made of the match matrix (1 where two samples have the same text row). The sum over the
    batch of Eq. 5 is divided by B, so that the learning rate does not depend on the batch size.
    Computed in float32 where the network computes in less.
    """

    @property
    def scale(self) -> Tensor:
        """1 / tau."""
        raise NotImplementedError

    def target(self, match: Tensor) -> Tensor:
        """(B, B) matches, 0 or 1, to rows that are distributions."""
        raise NotImplementedError

    def forward(self, features: Tensor, text: Tensor, ids: Tensor) -> Tensor:
        """The loss of one batch.

        Args:
            features: (B, d) skeleton features, any length.
            text: (R, d) text features, rows of unit length.
            ids: (B,) text row of every sample.

        Returns:
            Scalar.
        """
        with torch.autocast(features.device.type, enabled=False):
            features = F.normalize(precise(features), dim=1)
            scores = self.scale * features @ text[ids].T
            target = self.target((ids[:, None] == ids[None, :]).to(scores.dtype))
            from_skeleton = F.kl_div(F.log_softmax(scores, dim=1), target, reduction="batchmean")
            from_text = F.kl_div(F.log_softmax(scores.T, dim=1), target, reduction="batchmean")
            return (from_skeleton + from_text) / 2


class ContrastiveLoss(Objective):
    """Eq. 3 to 5: the rows of the match matrix, normalised, with a temperature that is learned.

    KL(match || score), which is finite where the match is zero.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(-math.log(_INITIAL_TEMPERATURE)))

    @property
    def scale(self) -> Tensor:
        """1 / tau."""
        return self.log_scale.exp().clamp(max=_LARGEST_SCALE)

    def target(self, match: Tensor) -> Tensor:
        """Equal shares for all samples of the row's class."""
        return match / match.sum(dim=1, keepdim=True)


class OfficialLoss(Objective):
    """What the official code computes: temperature fixed at 0.07, target softmax(10 match)."""

    def __init__(self) -> None:
        super().__init__()
        self._scale: Tensor
        self.register_buffer("_scale", torch.tensor(1 / _INITIAL_TEMPERATURE), persistent=False)

    @property
    def scale(self) -> Tensor:
        """1 / 0.07."""
        return self._scale

    def target(self, match: Tensor) -> Tensor:
        """A softmax, which leaves a little for every other sample of the batch."""
        return F.softmax(_OFFICIAL_SHARPNESS * match, dim=1)


def make_objective(name: ObjectiveName) -> Objective:
    """``paper`` or ``official``.

    Raises:
        InputError: neither.
    """
    if name not in get_args(ObjectiveName):
        raise InputError(f"objective {name!r} is not one of: {', '.join(get_args(ObjectiveName))}")
    return ContrastiveLoss() if name == "paper" else OfficialLoss()

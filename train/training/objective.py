"""The contrastive objective of the paper's section III-B."""

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# CLIP's bounds on the learnable scale 1/tau: its start, and the most it may grow to.
_INITIAL_TEMPERATURE: Final = 0.07
_LARGEST_SCALE: Final = 100.0


class ContrastiveLoss(nn.Module):
    """Bidirectional KL between similarity scores and the matches of a batch (Eq. 3 to 5).

    Both score matrices are compared with the match matrix (1 where two samples share a class),
    its rows normalised to distributions: KL(match || score), which is finite where the match is
    zero. The sum over the batch of Eq. 5 is divided by B, so that the learning rate does not
    depend on the batch size. The temperature is learned.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(-math.log(_INITIAL_TEMPERATURE)))

    @property
    def scale(self) -> Tensor:
        """1 / tau."""
        return self.log_scale.exp().clamp(max=_LARGEST_SCALE)

    def forward(self, features: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        """The loss of one batch.

        Args:
            features: (B, d) skeleton features, any length.
            text: (K, d) class features, rows of unit length.
            labels: (B,) class of every sample.

        Returns:
            Scalar.
        """
        scores = self.scale * F.normalize(features, dim=1) @ text[labels].T
        match = (labels[:, None] == labels[None, :]).to(scores.dtype)
        target = match / match.sum(dim=1, keepdim=True)
        from_skeleton = F.kl_div(F.log_softmax(scores, dim=1), target, reduction="batchmean")
        from_text = F.kl_div(F.log_softmax(scores.T, dim=1), target, reduction="batchmean")
        return (from_skeleton + from_text) / 2

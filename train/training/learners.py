"""What a step of training computes: the alignment of Eq. 1 to 5, or classification before it."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.encoders import Encoder
from train.model import SkeletonModel
from train.training.distributed import gather
from train.training.objective import Objective, precise

# The temperature learns at this share of the network's rate. At the full rate the first, random
# features drive it up so far that the scores become flat and nothing more is learned.
_TEMPERATURE_PACE = 0.1


class Learner(nn.Module):
    """A network together with its loss, so that one call gives what a step goes down on."""

    def forward(self, x: Tensor, present: Tensor, ids: Tensor, rows: Tensor) -> Tensor:
        """The loss of one batch.

        Args:
            x: (B, 3, T, V, M) windows of this process.
            present: (B, M) bool.
            ids: (B,) row of every sample.
            rows: (R, d) what rows stand for, the same in all processes; may be empty.

        Returns:
            Scalar whose mean over processes, and its gradient's, are those of the global batch.
        """
        raise NotImplementedError

    def groups(self, weight_decay: float) -> list[dict[str, Any]]:
        """Parameter groups for the optimiser, each with its ``pace``, a share of the rate."""
        raise NotImplementedError

    def figures(self) -> dict[str, float]:
        """What is worth a curve beside the loss."""
        return {}


class Alignment(Learner):
    """Skeleton features against text rows.

    Args:
        model: encoder and projection.
        objective: the loss.
        fixed_encoder: train the projection alone; the encoder stays as it is, its batch norm's
            statistics too, and without dropout.
    """

    def __init__(
        self, model: SkeletonModel, objective: Objective, fixed_encoder: bool = False
    ) -> None:
        super().__init__()
        self.model, self.objective = model, objective
        self.fixed_encoder = fixed_encoder
        if fixed_encoder:
            model.encoder.requires_grad_(False)

    def train(self, mode: bool = True) -> "Alignment":
        """As ever, but a fixed encoder stays in evaluation mode."""
        super().train(mode)
        if self.fixed_encoder:
            self.model.encoder.eval()
        return self

    def forward(self, x: Tensor, present: Tensor, ids: Tensor, rows: Tensor) -> Tensor:
        """See :meth:`Learner.forward`; features of all processes meet in one score matrix."""
        features = gather(precise(self.model(x, present)))
        loss: Tensor = self.objective(features, rows, gather(ids))
        return loss

    def groups(self, weight_decay: float) -> list[dict[str, Any]]:
        """The network, and the temperature without weight decay and at a slower pace."""
        network = [p for p in self.model.parameters() if p.requires_grad]
        groups = [{"params": network, "weight_decay": weight_decay, "pace": 1.0}]
        if temperature := [*self.objective.parameters()]:
            groups.append({"params": temperature, "weight_decay": 0.0, "pace": _TEMPERATURE_PACE})
        return groups

    def figures(self) -> dict[str, float]:
        """The temperature."""
        return {"tau": float(1 / self.objective.scale.detach())}


class Classification(Learner):
    """Cross-entropy over the seen classes: the pretraining of Table V.

    Args:
        encoder: what is pretrained.
        classes: number of seen classes.
    """

    def __init__(self, encoder: Encoder, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.out_channels, classes)

    def forward(self, x: Tensor, present: Tensor, ids: Tensor, rows: Tensor) -> Tensor:
        """See :meth:`Learner.forward`; the rows are not looked at."""
        return F.cross_entropy(precise(self.head(self.encoder(x, present))), ids)

    def groups(self, weight_decay: float) -> list[dict[str, Any]]:
        """All parameters alike."""
        return [{"params": [*self.parameters()], "weight_decay": weight_decay, "pace": 1.0}]

    @torch.inference_mode()
    def predict(self, x: Tensor, present: Tensor, batch: int = 256) -> Tensor:
        """(N,) classes of many windows in evaluation mode, on the CPU."""
        device = self.head.weight.device
        was_training = self.training
        self.eval()
        parts = [
            self.head(self.encoder(x[i : i + batch].to(device), present[i : i + batch].to(device)))
            .argmax(dim=1)
            .cpu()
            for i in range(0, len(x), batch)
        ]
        self.train(was_training)
        return torch.cat(parts)

"""ST-GCN for answering: the same function, its batch norms folded into the layers before them.

In evaluation mode a batch norm is a scale and a shift a channel, which the convolution before it
can take over. And what the network says to a body of zeros is a constant, so that where absent
bodies count (``bodies="all"``) they cost nothing.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from train.encoders.st_gcn import STGCN, Block, aggregate


class FoldedSTGCN(nn.Module):
    """What an :class:`STGCN` computes in evaluation mode, faster; its weights are frozen copies.

    Args:
        encoder: the network; later changes of it are not seen.
    """

    def __init__(self, encoder: STGCN) -> None:
        super().__init__()
        joints = encoder.adjacency.shape[1]
        scale, shift = _affine(encoder.data_norm)
        self.bodies = encoder.bodies
        self.scale = _frozen(scale.view(joints, -1))
        self.shift = _frozen(shift.view(joints, -1))
        self.blocks = nn.ModuleList(
            FoldedBlock(block, encoder.adjacency * importance)
            for block, importance in zip(_blocks(encoder), encoder.edge_importance, strict=True)
        )
        self._nobody: dict[int, Tensor] = {}  # by frames: the answer to a body of zeros

    def forward(self, x: Tensor, present: Tensor | None = None) -> Tensor:
        """See :meth:`train.encoders.Encoder.forward`."""
        n, channels, frames, joints, bodies = x.shape
        each = x.permute(0, 4, 2, 3, 1)  # (N, M, T, V, C)
        if present is None:
            encoded = self._encode(each.reshape(n * bodies, frames, joints, channels))
            return encoded.reshape(n, bodies, -1).mean(dim=1)
        encoded = self._encode(each[present])
        counts = present.sum(dim=1, keepdim=True).to(x.dtype)
        if bodies == 1 and len(encoded) == n:
            total = encoded
        else:
            total = encoded.new_zeros(n, encoded.shape[1])
            total.index_add_(0, present.nonzero()[:, 0], encoded)
        if self.bodies == "present":
            return total / counts.clamp(min=1)
        if len(encoded) < n * bodies:
            total = total + (bodies - counts) * self._absent(x)
        return total / bodies

    def _absent(self, x: Tensor) -> Tensor:
        frames, joints = x.shape[2:4]
        if frames not in self._nobody:
            self._nobody[frames] = self._encode(x.new_zeros(1, frames, joints, x.shape[1]))
        return self._nobody[frames]

    def _encode(self, x: Tensor) -> Tensor:
        """(B, T, V, C) bodies to (B, out_channels)."""
        x = x * self.scale + self.shift
        for block in self.blocks:
            x = block(x)
        return x.mean(dim=(1, 2))


class FoldedBlock(nn.Module):
    """A block on (B, T, V, C) arrays, the layout in which its products need no copies."""

    def __init__(self, block: Block, adjacency: Tensor) -> None:
        super().__init__()
        scale, shift = _affine(block.norm)
        bias = torch.einsum("kvw,kd->wd", adjacency, block.gcn.bias)
        self.adjacency = _frozen(adjacency)
        self.weight = _frozen(block.gcn.weight * scale)
        self.bias = _frozen(bias * scale + shift)
        self.temporal = _folded(block.temporal, block.temporal_norm)
        self.has_residual = block.has_residual
        self.shortcut: nn.Conv2d | None = None
        if isinstance(block.shortcut, nn.Sequential):
            convolution, norm = block.shortcut
            assert isinstance(convolution, nn.Conv2d)
            self.shortcut = _folded(convolution, norm)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, V, C) to (B, T / stride, V, C')."""
        out = F.relu(aggregate(x, self.adjacency, self.weight, self.bias), inplace=True)
        out = self.temporal(out.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        if self.shortcut is not None:
            out = out.add_(self.shortcut(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))
        elif self.has_residual:
            out = out.add_(x)
        return F.relu(out, inplace=True)


def _blocks(encoder: STGCN) -> list[Block]:
    return [block for block in encoder.blocks if isinstance(block, Block)]


def _affine(norm: nn.Module) -> tuple[Tensor, Tensor]:
    """Scale and shift a channel of a batch norm in evaluation mode."""
    assert isinstance(norm, _BatchNorm) and norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


def _folded(convolution: nn.Conv2d, norm: nn.Module) -> nn.Conv2d:
    scale, shift = _affine(norm)
    assert convolution.bias is not None
    folded = nn.Conv2d(
        convolution.in_channels,
        convolution.out_channels,
        convolution.kernel_size,  # type: ignore[arg-type]
        convolution.stride,  # type: ignore[arg-type]
        convolution.padding,  # type: ignore[arg-type]
        device=scale.device,
    )
    folded.weight = _frozen(
        (convolution.weight * scale[:, None, None, None]).contiguous(
            memory_format=torch.channels_last
        )
    )
    folded.bias = _frozen(convolution.bias * scale + shift)
    return folded


def _frozen(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor.detach().clone(memory_format=torch.preserve_format), False)

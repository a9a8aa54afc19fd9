"""ST-GCN with 16 hidden channels, the paper's encoder of Setting I."""

from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bank.errors import InputError
from train.encoders import Encoder, register
from train.encoders.batch_norm import normalise
from train.encoders.graph import spatial_partition

# (width as a multiple of the hidden channels, temporal stride) of the blocks before the last.
_BLOCKS = ((1, 1), (1, 1), (1, 1), (1, 1), (2, 2), (2, 1), (2, 1), (4, 2), (4, 1))
_TEMPORAL_KERNEL = 9


def aggregate(rows: Tensor, adjacency: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Sum over the partition's parts k of A_k X W_k, plus a bias a joint.

    Aggregating and projecting commute, so the cheaper order is taken: where channels grow, a
    joint's few neighbours are gathered first. One small product a frame beats one large one that
    needs its operands copied into another order.

    Args:
        rows: (N, T, V, C) joints, contiguous.
        adjacency: (K, V, V).
        weight: (K, C, C').
        bias: (V, C').

    Returns:
        (N, T, V, C').
    """
    n, frames, joints, channels = rows.shape
    parts, _, width = weight.shape
    if channels <= width:
        mix = adjacency.permute(2, 0, 1).reshape(joints * parts, joints)
        rows = rows.reshape(n * frames, joints, channels)
        gathered = torch.bmm(mix.expand(n * frames, -1, -1), rows)  # (N T, V K, C)
        out = gathered.reshape(-1, parts * channels) @ weight.reshape(parts * channels, width)
    else:
        projected = rows.reshape(-1, channels) @ weight.permute(1, 0, 2).reshape(channels, -1)
        projected = projected.reshape(n * frames, joints * parts, width)
        mix = adjacency.permute(2, 1, 0).reshape(joints, joints * parts)
        out = torch.bmm(mix.expand(n * frames, -1, -1), projected)
    return out.reshape(n, frames, joints, width) + bias


class GraphConvolution(nn.Module):
    """Sum over the partition's parts k of A_k (X W_k + b_k).

    Args:
        in_channels: channels of a joint.
        out_channels: channels after it.
        parts: number of parts of the partition.
    """

    def __init__(self, in_channels: int, out_channels: int, parts: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(parts, in_channels, out_channels))
        self.bias = nn.Parameter(torch.empty(parts, out_channels))
        bound = in_channels**-0.5
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        """(N, C, T, V) and (K, V, W) to (N, C', T, W)."""
        bias = torch.einsum("kvw,kd->wd", adjacency, self.bias)
        rows = x.permute(0, 2, 3, 1)  # free where memory is channels-last
        return aggregate(rows, adjacency, self.weight, bias).permute(0, 3, 1, 2)


class Block(nn.Module):
    """Graph convolution, then convolution over time, with a residual connection."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        parts: int,
        stride: int,
        dropout: float,
        residual: bool,
    ) -> None:
        super().__init__()
        self.gcn = GraphConvolution(in_channels, out_channels, parts)
        self.norm = nn.BatchNorm2d(out_channels)
        self.temporal = nn.Conv2d(
            out_channels,
            out_channels,
            (_TEMPORAL_KERNEL, 1),
            (stride, 1),
            (_TEMPORAL_KERNEL // 2, 0),
        )
        self.temporal_norm = nn.BatchNorm2d(out_channels)
        self.dropout = nn.Dropout(dropout)
        self.has_residual = residual
        self.shortcut: nn.Sequential | nn.Identity
        if residual and (in_channels != out_channels or stride != 1):
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, (stride, 1)), nn.BatchNorm2d(out_channels)
            )
        else:
            self.shortcut = nn.Identity()

    def forward(self, x: Tensor, adjacency: Tensor, copies: int = 1) -> Tensor:
        """(N, C, T, V), the last of them standing for ``copies``, to (N, C', T / stride, V)."""
        out = F.relu(normalise(self.norm, self.gcn(x, adjacency), copies), inplace=True)
        out = self.dropout(normalise(self.temporal_norm, self.temporal(out), copies))
        if isinstance(self.shortcut, nn.Sequential):
            convolution, norm = self.shortcut
            out = out + normalise(norm, convolution(x), copies)
        elif self.has_residual:
            out = out + x
        return F.relu(out, inplace=True)


@register
class STGCN(Encoder):
    """Spatial temporal graph convolutional network over NTU-25.

    Args:
        hidden_channels: width of the first blocks, a multiple of 8 (16 in the paper; 64 in the
            original ST-GCN).
        out_channels: size of a feature (256 in the paper).
        dropout: dropout rate of every block.
        bodies: ``present`` averages the bodies that are there; ``all`` averages all M slots as the
            official code does, where an absent body contributes the network's answer to zeros. That
            answer is computed once a batch and counted as often as it occurs
            (:mod:`train.encoders.batch_norm`), which changes nothing but the time it takes, and
            that with dropout all absent bodies of a batch share one mask.

    Raises:
        InputError: an argument is out of range.
    """

    name: ClassVar[str] = "st-gcn"

    def __init__(
        self,
        hidden_channels: int = 16,
        out_channels: int = 256,
        dropout: float = 0.5,
        bodies: Literal["present", "all"] = "present",
    ) -> None:
        super().__init__()
        # On four channels oneDNN's convolution writes past its memory when it goes backward.
        if hidden_channels < 8 or hidden_channels % 8 or out_channels < 1:
            raise InputError("st-gcn: hidden_channels is a multiple of 8, out_channels at least 1")
        if not 0 <= dropout < 1:
            raise InputError("st-gcn: dropout is in [0, 1)")
        if bodies not in ("present", "all"):
            raise InputError(f"st-gcn: bodies is 'present' or 'all', not {bodies!r}")
        self.config: dict[str, Any] = {
            "hidden_channels": hidden_channels,
            "out_channels": out_channels,
            "dropout": dropout,
            "bodies": bodies,
        }
        self.bodies = bodies
        self.out_channels = out_channels
        adjacency = torch.from_numpy(spatial_partition())
        self.adjacency: Tensor
        self.register_buffer("adjacency", adjacency, persistent=False)
        parts, joints, _ = adjacency.shape

        widths = [hidden_channels * multiple for multiple, _ in _BLOCKS] + [out_channels]
        strides = [stride for _, stride in _BLOCKS] + [1]
        self.data_norm = nn.BatchNorm1d(3 * joints)
        self.blocks = nn.ModuleList(
            Block(
                before,
                width,
                parts=parts,
                stride=stride,
                dropout=dropout,
                residual=index > 0,
            )
            for index, (before, width, stride) in enumerate(
                zip([3, *widths[:-1]], widths, strides, strict=True)
            )
        )
        self.edge_importance = nn.ParameterList(
            nn.Parameter(torch.ones_like(adjacency)) for _ in widths
        )

    def forward(self, x: Tensor, present: Tensor | None = None) -> Tensor:
        """See :meth:`Encoder.forward`."""
        n, channels, frames, joints, bodies = x.shape
        each = x.permute(0, 4, 3, 1, 2)  # (N, M, V, C, T)
        # Statistics that several processes share cannot count a row several times.
        shared = self.training and type(self.data_norm) is not nn.BatchNorm1d
        if present is None or (self.bodies == "all" and shared):
            encoded = self._encode(each.reshape(n * bodies, joints * channels, frames))
            return encoded.reshape(n, bodies, -1).mean(dim=1)
        rows = each[present].reshape(-1, joints * channels, frames)
        owner = present.nonzero()[:, 0]
        bodies_of = present.sum(dim=1, keepdim=True)
        absent = n * bodies - len(rows)
        if self.bodies == "present" or absent == 0:
            return self._sums(self._encode(rows), owner, n) / bodies_of.clamp(min=1).to(x.dtype)
        nobody = rows.new_zeros(1, joints * channels, frames)
        encoded = self._encode(torch.cat([rows, nobody]), absent)
        total = self._sums(encoded[:-1], owner, n) + (bodies - bodies_of) * encoded[-1]
        return total / bodies

    def for_answers(self) -> nn.Module:
        """See :meth:`Encoder.for_answers`."""
        from train.encoders.folded import FoldedSTGCN
        from train.encoders.onnx_st_gcn import OnnxSTGCN, available

        if self.adjacency.device.type == "cpu" and available():
            return OnnxSTGCN(self)
        return FoldedSTGCN(self)

    @staticmethod
    def _sums(encoded: Tensor, owner: Tensor, n: int) -> Tensor:
        """(n, C) sums of the bodies (B, C) that belong to each window."""
        return encoded.new_zeros(n, encoded.shape[1]).index_add(0, owner, encoded)

    def _encode(self, x: Tensor, copies: int = 1) -> Tensor:
        """(B, V C, T) bodies, the last standing for ``copies``, to (B, out_channels)."""
        b, _, frames = x.shape
        joints = self.adjacency.shape[1]
        x = normalise(self.data_norm, x, copies).reshape(b, joints, -1, frames).permute(0, 2, 3, 1)
        x = x.contiguous(memory_format=torch.channels_last)
        for block, importance in zip(self.blocks, self.edge_importance, strict=True):
            x = block(x, self.adjacency * importance, copies)
        return x.mean(dim=(2, 3))

"""A plain ST-GCN, the reference of the speed benchmarks: the equations, written down as they read.

NCHW throughout; every part is projected first and then aggregated by ``einsum``; both bodies of
every window are computed. It takes its weights from ours, so that both compute the same thing.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.encoders.st_gcn import STGCN, Block


class _PlainBlock(nn.Module):
    def __init__(self, ours: Block) -> None:
        super().__init__()
        parts, channels, width = ours.gcn.weight.shape
        self.parts = parts
        self.gcn = nn.Conv2d(channels, parts * width, 1)
        with torch.no_grad():
            self.gcn.weight.copy_(
                ours.gcn.weight.transpose(1, 2).reshape(parts * width, channels, 1, 1)
            )
            self.gcn.bias.copy_(ours.gcn.bias.reshape(-1))
        self.norm = _copy(ours.norm, nn.BatchNorm2d(width))
        stride = ours.temporal.stride
        self.temporal = _copy(
            ours.temporal,
            nn.Conv2d(width, width, (9, 1), stride, (4, 0)),  # type: ignore[arg-type]
        )
        self.temporal_norm = _copy(ours.temporal_norm, nn.BatchNorm2d(width))
        self.dropout = nn.Dropout(ours.dropout.p)
        self.residual = ours.has_residual
        self.shortcut: nn.Module = nn.Identity()
        if isinstance(ours.shortcut, nn.Sequential):
            self.shortcut = _copy(
                ours.shortcut,
                nn.Sequential(
                    nn.Conv2d(channels, width, 1, stride),  # type: ignore[arg-type]
                    nn.BatchNorm2d(width),
                ),
            )

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        n, _, frames, joints = x.shape
        parts = self.gcn(x).view(n, self.parts, -1, frames, joints)
        out = torch.einsum("nkctv,kvw->nctw", parts, adjacency).contiguous()
        out = self.temporal(F.relu(self.norm(out)))
        out = self.dropout(self.temporal_norm(out))
        if self.residual:
            out = out + self.shortcut(x)
        return F.relu(out)


class PlainSTGCN(nn.Module):
    """The same network as ``ours``, with a copy of its weights.

    Args:
        ours: where the weights come from.
    """

    def __init__(self, ours: STGCN) -> None:
        super().__init__()
        self.adjacency: Tensor
        self.register_buffer("adjacency", ours.adjacency.clone())
        self.data_norm = _copy(ours.data_norm, nn.BatchNorm1d(ours.data_norm.num_features))
        self.blocks = nn.ModuleList(_PlainBlock(block) for block in ours.blocks)  # type: ignore[arg-type]
        self.edge_importance = nn.ParameterList(
            nn.Parameter(weight.detach().clone()) for weight in ours.edge_importance
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, T, V, M) windows to (N, C) features, the mean over all M slots."""
        n, channels, frames, joints, bodies = x.shape
        x = x.permute(0, 4, 3, 1, 2).contiguous().view(n * bodies, joints * channels, frames)
        x = self.data_norm(x).view(n, bodies, joints, channels, frames)
        x = x.permute(0, 1, 3, 4, 2).contiguous().view(n * bodies, channels, frames, joints)
        for block, importance in zip(self.blocks, self.edge_importance, strict=True):
            x = block(x, self.adjacency * importance)
        return F.avg_pool2d(x, x.shape[2:]).view(n, bodies, -1).mean(dim=1)


def _copy(source: nn.Module, target: nn.Module) -> nn.Module:
    target.load_state_dict(source.state_dict())
    return target

"""Shift-GCN, the paper's encoder of Setting II, in plain PyTorch.

Joints and moments exchange information by moving channels, which costs no multiplications; what
is multiplied are 1x1 projections alone. Inside, everything is (B, T, V, C), so that a projection is
one matrix product, the shift over joints one fixed permutation of a frame's V C values, and the
shift over time one depthwise convolution of few taps.
"""

from typing import Any, ClassVar, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bank.errors import InputError
from train.encoders import Encoder, register
from train.skeletons.joints import JOINTS

Bodies = Literal["present", "all"]
OffsetGradient = Literal["true", "official"]

# (width as a multiple of the hidden channels, temporal stride) of the blocks.
_BLOCKS = ((1, 1), (1, 1), (1, 1), (1, 1), (2, 2), (2, 1), (2, 1), (4, 2), (4, 1), (4, 1))
_OFFICIAL_STEP = 0.01  # length that the published code gives every offset's gradient


def joint_shift(channels: int, direction: Literal[1, -1], joints: int = JOINTS) -> Tensor:
    """Where every value of a frame comes from when channel c moves by c joints, around the end.

    Args:
        channels: C.
        direction: 1 takes joint i's channel c from joint i + c, -1 from joint i - c.
        joints: V.

    Returns:
        (V C,) indices into the frame's values, joints before channels.
    """
    joint = torch.arange(joints)[:, None]
    channel = torch.arange(channels)[None, :]
    return ((joint + direction * channel) % joints * channels + channel).flatten()


class _Permutation(torch.autograd.Function):
    """Columns in another order. The inverse order carries gradients back, which is several times
    faster than the scattered sum that a general selection needs.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(order, inverse)
        return x.index_select(1, order)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        order, inverse = ctx.saved_tensors
        moved: Tensor = _Permutation.apply(gradients[0], inverse, order)  # type: ignore[no-untyped-call]
        return moved, None, None


class _OfficialGradient(torch.autograd.Function):
    """The identity, whose gradient keeps its sign and loses its size."""

    @staticmethod
    def forward(ctx: Any, offsets: Tensor) -> Tensor:
        return offsets.view_as(offsets)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0].sign() * _OFFICIAL_STEP


def _normalised(norm: nn.BatchNorm2d, x: Tensor) -> Tensor:
    """Batch norm over the last dimension of (B, ..., F)."""
    rows = x.reshape(len(x), -1, x.shape[-1])
    image = rows.transpose(1, 2).unsqueeze(3)  # channels-last in memory: nothing is copied
    normed: Tensor = norm(image)
    return normed.squeeze(3).transpose(1, 2).reshape(x.shape)


class SpatialShift(nn.Module):
    """Shift over joints, masked projection, shift back.

    Args:
        in_channels: channels of a joint.
        out_channels: channels after it.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(in_channels, out_channels))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.mask = nn.Parameter(torch.zeros(JOINTS, in_channels))
        nn.init.normal_(self.weight, 0, out_channels**-0.5)
        self.norm = nn.BatchNorm2d(JOINTS * out_channels)
        self.shortcut = _shortcut(in_channels, out_channels)
        for name, channels in (("in", in_channels), ("out", out_channels)):
            for way, direction in (("there", 1), ("back", -1)):
                order = joint_shift(channels, 1 if direction == 1 else -1)
                self.register_buffer(f"_{name}_{way}", order, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, V, C) to (B, T, V, C')."""
        b, frames, joints, channels = x.shape
        moved = self._moved(x.reshape(b * frames, -1), "_in_there", "_in_back")
        moved = moved.reshape(-1, joints, channels) * (torch.tanh(self.mask) + 1)
        out = torch.addmm(self.bias, moved.reshape(-1, channels), self.weight)
        out = self._moved(out.reshape(b * frames, -1), "_out_back", "_out_there")
        out = _normalised(self.norm, out.reshape(b, frames, -1)).reshape(b, frames, joints, -1)
        total: Tensor = out + self.shortcut(x)
        return total.relu_()

    def _moved(self, x: Tensor, order: str, inverse: str) -> Tensor:
        there, back = self.get_buffer(order), self.get_buffer(inverse)
        moved: Tensor = _Permutation.apply(x, there, back)  # type: ignore[no-untyped-call]
        return moved


class TemporalShift(nn.Module):
    """Every channel moved in time by its own learned, real number of frames.

    ``out(t) = x(t * stride + offset)``, interpolated linearly between frames, zero outside; with
    stride 2 half a frame is added.

    Args:
        channels: C.
        stride: of time; T frames become ceil(T / stride).
        offset_gradient: see :class:`ShiftGCN`.
    """

    def __init__(
        self, channels: int, stride: int = 1, offset_gradient: OffsetGradient = "true"
    ) -> None:
        super().__init__()
        self.stride = stride
        self.offset_gradient = offset_gradient
        self.offsets = nn.Parameter(torch.empty(channels).uniform_(-1, 1))

    def forward(self, x: Tensor, reach: int) -> Tensor:
        """Shift.

        Args:
            x: (B, T, V, C).
            reach: whole frames, at least the largest offset's size.

        Returns:
            (B, ceil(T / stride), V, C).
        """
        offsets: Tensor = self.offsets
        if self.offset_gradient == "official":
            offsets = _OfficialGradient.apply(offsets)  # type: ignore[no-untyped-call]
        if self.stride > 1:
            offsets, reach = offsets + 0.5, reach + 1
        before = offsets.detach().floor()
        after_share = offsets - before
        taps = torch.arange(-reach, reach + 1, device=x.device)[:, None]
        kernel = (taps == before) * (1 - after_share) + (taps == before + 1) * after_share
        out = F.conv2d(
            x.permute(0, 3, 1, 2),  # channels-last in memory
            kernel.T[:, None, :, None].to(x.dtype),
            stride=(self.stride, 1),
            padding=(reach, 0),
            groups=x.shape[3],
        )
        return out.permute(0, 2, 3, 1)


class _Projected(nn.Module):
    """1x1 projection and batch norm, for shortcuts between different shapes."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.linear = _linear(in_channels, out_channels)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return _normalised(self.norm, self.linear(x[:, :: self.stride]))


def _shortcut(in_channels: int, out_channels: int, stride: int = 1) -> nn.Module:
    if in_channels == out_channels and stride == 1:
        return nn.Identity()
    return _Projected(in_channels, out_channels, stride)


def _linear(in_channels: int, out_channels: int) -> nn.Linear:
    linear = nn.Linear(in_channels, out_channels)
    nn.init.kaiming_normal_(linear.weight, mode="fan_out")
    nn.init.zeros_(linear.bias)
    return linear


class Block(nn.Module):
    """Shift over joints, then twice over time, with a residual connection."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: int,
        residual: bool,
        dropout: float,
        offset_gradient: OffsetGradient,
    ) -> None:
        super().__init__()
        self.spatial = SpatialShift(in_channels, out_channels)
        self.norm = nn.BatchNorm2d(out_channels)
        self.shift_in = TemporalShift(out_channels, 1, offset_gradient)
        self.linear = _linear(out_channels, out_channels)
        self.shift_out = TemporalShift(out_channels, stride, offset_gradient)
        self.shift_norm = nn.BatchNorm2d(out_channels)
        self.dropout = nn.Dropout(dropout)
        self.shortcut = _shortcut(in_channels, out_channels, stride) if residual else None

    def forward(self, x: Tensor, reach: int) -> Tensor:
        """(B, T, V, C) to (B, ceil(T / stride), V, C'); ``reach`` as in :class:`TemporalShift`."""
        out = _normalised(self.norm, self.spatial(x))
        out = F.relu(self.linear(self.shift_in(out, reach)))
        out = self.dropout(_normalised(self.shift_norm, self.shift_out(out, reach)))
        if self.shortcut is not None:
            out = out + self.shortcut(x)
        return F.relu(out)


@register
class ShiftGCN(Encoder):
    """Shift graph convolutional network over NTU-25.

    Args:
        hidden_channels: width of the first blocks; a feature has four times as many (64 and 256 in
            the paper).
        dropout: dropout rate of every block (the official network has none).
        bodies: ``present`` averages the bodies that are there, all of them under one input norm;
            ``all`` averages all slots as the official code does, where an absent body contributes
            the network's answer to zeros and every slot has an input norm of its own.
        slots: M, with ``all``.
        offset_gradient: ``true`` trains the shifts over time by their gradient; ``official``, as
            the published CUDA code does, by its sign times 0.01.

    Raises:
        InputError: an argument is out of range.
    """

    name: ClassVar[str] = "shift-gcn"

    def __init__(
        self,
        hidden_channels: int = 64,
        dropout: float = 0.0,
        bodies: Bodies = "present",
        slots: int = 2,
        offset_gradient: OffsetGradient = "true",
    ) -> None:
        super().__init__()
        if hidden_channels < 1 or slots < 1 or not 0 <= dropout < 1:
            raise InputError("shift-gcn: channels and slots must be positive, dropout in [0, 1)")
        if bodies not in get_args(Bodies):
            raise InputError(f"shift-gcn: bodies is 'present' or 'all', not {bodies!r}")
        if offset_gradient not in get_args(OffsetGradient):
            raise InputError(
                f"shift-gcn: offset_gradient is 'true' or 'official', not {offset_gradient!r}"
            )
        self.config: dict[str, Any] = {
            "hidden_channels": hidden_channels,
            "dropout": dropout,
            "bodies": bodies,
            "slots": slots,
            "offset_gradient": offset_gradient,
        }
        self.bodies = bodies
        widths = [hidden_channels * multiple for multiple, _ in _BLOCKS]
        self.out_channels = widths[-1]
        self.data_norm = nn.BatchNorm2d(3 * JOINTS * (slots if bodies == "all" else 1))
        self.blocks = nn.ModuleList(
            Block(
                before,
                width,
                stride=stride,
                residual=index > 0,
                dropout=dropout,
                offset_gradient=offset_gradient,
            )
            for index, (before, width, (_, stride)) in enumerate(
                zip([3, *widths[:-1]], widths, _BLOCKS, strict=True)
            )
        )

    def forward(self, x: Tensor, present: Tensor | None = None) -> Tensor:
        """See :meth:`Encoder.forward`.

        Raises:
            InputError: another number of bodies than ``slots``, with bodies ``all``.
        """
        n, _, frames, joints, bodies = x.shape
        if self.bodies == "all":
            if bodies * joints * 3 != self.data_norm.num_features:
                raise InputError(
                    f"shift-gcn was made for {self.config['slots']} bodies a clip, not {bodies}"
                )
            rows = x.permute(0, 2, 4, 3, 1).reshape(n, frames, -1)
            rows = _normalised(self.data_norm, rows).reshape(n, frames, bodies, joints, 3)
            encoded = self._encode(rows.transpose(1, 2).reshape(n * bodies, frames, joints, 3))
            return encoded.reshape(n, bodies, -1).mean(dim=1)
        each = x.permute(0, 4, 2, 3, 1)  # (N, M, T, V, C)
        if present is None:
            present = torch.ones(n, bodies, dtype=torch.bool, device=x.device)
        owner = present.nonzero()[:, 0]
        if not len(owner):
            return x.new_zeros(n, self.out_channels)
        rows = _normalised(self.data_norm, each[present].reshape(-1, frames, joints * 3))
        encoded = self._encode(rows.reshape(-1, frames, joints, 3))
        total = encoded.new_zeros(n, encoded.shape[1]).index_add(0, owner, encoded)
        return total / present.sum(dim=1, keepdim=True).clamp(min=1).to(total.dtype)

    def _encode(self, x: Tensor) -> Tensor:
        """(B, T, V, 3) single bodies to (B, out_channels)."""
        reach = self._reach(x.shape[1])
        for block in self.blocks:
            x = block(x, reach)
        return x.mean(dim=(1, 2))

    def _reach(self, frames: int) -> int:
        """Whole frames that no offset is longer than; offsets beyond the clip see only zeros."""
        offsets = [m.offsets.detach() for m in self.modules() if isinstance(m, TemporalShift)]
        longest = torch.cat(offsets).abs().max().nan_to_num(0.0)  # one wait for the device
        return int(longest.ceil().clamp(1, frames))

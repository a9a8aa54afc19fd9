"""Random changes of prepared windows that leave the action what it is."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """How far a window may be changed; all zero changes nothing.

    Attributes:
        yaw: largest turn about the vertical, radians either way.
        scale: largest relative change of body size either way.
        noise: standard deviation of joint noise, metres.
        crop: largest share of the window cut off at its ends, the rest stretched over it.
    """

    yaw: float = 0.3
    scale: float = 0.15
    noise: float = 0.01
    crop: float = 0.2

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Change a batch; (N, 3, T, V, M) in and out. Absent bodies (all zero) stay zero."""
        n, _, frames, _, _ = x.shape
        absent = (x == 0).all(dim=1, keepdim=True).all(dim=2, keepdim=True).all(dim=3, keepdim=True)

        def uniform(limit: float) -> Tensor:
            return (torch.rand(n, generator=generator) * 2 - 1) * limit

        if self.crop > 0:
            length = 1 - torch.rand(n, generator=generator) * self.crop
            start = torch.rand(n, generator=generator) * (1 - length)
            at = (start[:, None] + length[:, None] * torch.linspace(0, 1, frames)) * (frames - 1)
            before = at.floor().long().clamp(max=frames - 2)
            weight = (at - before)[:, None, :, None, None]
            rows = torch.arange(n)[:, None]
            by_frame = x.transpose(1, 2)
            x = torch.lerp(
                by_frame[rows, before].transpose(1, 2),
                by_frame[rows, before + 1].transpose(1, 2),
                weight,
            )
        angle = uniform(self.yaw)
        size = 1 + uniform(self.scale)
        cos, sin, zero = angle.cos() * size, angle.sin() * size, torch.zeros(n)
        turn = torch.stack([cos, zero, -sin, zero, size, zero, sin, zero, cos], 1).view(n, 3, 3)
        x = torch.einsum("nij,njtvm->nitvm", turn, x)
        if self.noise > 0:
            x = x + torch.randn(x.shape, generator=generator) * self.noise
        return x.masked_fill(absent, 0.0)

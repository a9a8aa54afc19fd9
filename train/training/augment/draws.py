"""Random numbers of one batch, all from one generator."""

import torch
from torch import Tensor


class Draws:
    """What is drawn for a batch of N windows.

    Args:
        n: windows.
        generator: the only source of chance; numbers are drawn on its device.
        device: where they are wanted; kept as ``device``.
    """

    def __init__(self, n: int, generator: torch.Generator, device: torch.device) -> None:
        self.n = n
        self._generator = generator
        self.device = device

    def share(self, *shape: int) -> Tensor:
        """(N, *shape) between 0 and 1."""
        size = (self.n, *shape)
        drawn = torch.rand(size, generator=self._generator, device=self._generator.device)
        return drawn.to(self.device)

    def either_way(self, limit: float, *shape: int) -> Tensor:
        """(N, *shape) between -limit and limit."""
        return (self.share(*shape) * 2 - 1) * limit

    def normal(self, *shape: int) -> Tensor:
        """(N, *shape) of mean 0 and standard deviation 1."""
        size = (self.n, *shape)
        drawn = torch.randn(size, generator=self._generator, device=self._generator.device)
        return drawn.to(self.device)

    def chosen(self, probability: float) -> Tensor:
        """(N,) bool, each true with the probability."""
        return self.share() < probability

    def among(self, n: int) -> "Draws":
        """Draws for n windows of the batch."""
        return Draws(n, self._generator, self.device)

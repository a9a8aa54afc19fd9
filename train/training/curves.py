"""Curves of a run for TensorBoard."""

from collections.abc import Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter


class Curves:
    """One point an epoch for every figure of a run.

    Args:
        folder: where TensorBoard finds them.
        epoch: epochs done; what a broken run wrote beyond is hidden.
    """

    def __init__(self, folder: Path, epoch: int) -> None:
        self._writer = SummaryWriter(str(folder), purge_step=epoch + 1 if epoch else None)

    def add(self, epoch: int, figures: Mapping[str, float]) -> None:
        """Add the figures of one epoch, counted from 1."""
        for name, value in figures.items():
            self._writer.add_scalar(name, value, epoch)
        self._writer.flush()

    def close(self) -> None:
        """Write out what is left."""
        self._writer.close()

"""The clips of a fold as tensors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from train.data.protocols import Split, load_fold
from train.data.store import Store
from train.skeletons.preprocess import Preprocessing


@dataclass(frozen=True)
class Samples:
    """Prepared windows with their classes.

    Attributes:
        x: (N, 3, T, V, M) float32.
        present: (N, M) bool, which bodies are there.
        labels: (N,) long.
    """

    x: Tensor
    present: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def two_bodies(self) -> float:
        """Share of the samples in which more than one body is there."""
        if not len(self):
            return 0.0
        return float((self.present.sum(dim=1) > 1).float().mean())

    def without_absent_bodies(self) -> "Samples":
        """The same without the last body slots that no sample uses.

        For encoders that average the bodies which are there, nothing changes but the memory taken.
        """
        used = self.present.any(dim=0).nonzero()
        slots = max(1, int(used.max()) + 1) if len(used) else 1
        if slots == self.present.shape[1]:
            return self
        return replace(
            self, x=self.x[..., :slots].contiguous(), present=self.present[:, :slots].contiguous()
        )

    def held_near(self, device: torch.device) -> "Samples":
        """The same on the device, where half of its free memory is enough; else on the CPU.

        Beside a CUDA device, what stays on the CPU lies in pinned memory.
        """
        size = self.x.numel() * self.x.element_size()
        if device.type == "cpu":
            return self
        if size < _free_memory(device) / 2:
            return Samples(self.x.to(device), self.present.to(device), self.labels.to(device))
        return replace(self, x=self.x.pin_memory()) if device.type == "cuda" else self


def _free_memory(device: torch.device) -> int:
    """Bytes that may still be taken on a device; 0 where it cannot be told."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    return 0


def split_of(store: Store, fold: str) -> Split:
    """A fold's clips in a store."""
    table = store.table
    return load_fold(fold).split(
        table.label.tolist(), table.dataset.tolist(), table.subject.tolist(), table.clip.tolist()
    )


def samples_of(
    store: Store, preprocessing: Preprocessing, indices: NDArray[np.int64], classes: Sequence[str]
) -> Samples:
    """Prepared windows of some clips, labelled by their place in ``classes``."""
    prepared = store.prepared(preprocessing, indices)
    place = {label: number for number, label in enumerate(classes)}
    labels = [place[label] for label in store.table.label[indices].tolist()]
    return Samples(
        torch.from_numpy(_owned(prepared.x)),
        torch.from_numpy(np.array(prepared.present)),
        torch.tensor(labels, dtype=torch.long),
    )


def _owned(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """An array in memory; one that is mapped from a file is read."""
    return x if x.flags.writeable and x.flags.owndata else np.array(x)

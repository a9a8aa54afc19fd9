"""What a bank writes down: its texts and the directions it learned; all else follows from them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bank.directions import CHUNK, STEPS, Directions, StoredDirections
from bank.errors import InputError
from bank.storage import load_state, save_state

_FORMAT: Final = "pgfa-bank"
_VERSION: Final = 1
_TENSORS: Final = {
    "text": torch.float64,
    "samples": torch.int32,
    "exemplars": torch.int32,
    "exemplar_labels": torch.int64,
}
_OPTIONS: Final[dict[str, type | tuple[type, ...]]] = {
    "fingerprint": str,
    "alpha": (int, float),
    "mode": str,
    "frozen": bool,
}


@dataclass(frozen=True, eq=False)
class BankState:
    """Everything that learning left.

    Attributes:
        text: (K, d) float64, the class texts as they were given.
        samples: (N, d) int32 directions that came without labels.
        exemplars: (E, d) int32 directions of the exemplars.
        exemplar_labels: (E,) int64, their classes.
    """

    text: Tensor
    samples: StoredDirections
    exemplars: StoredDirections
    exemplar_labels: NDArray[np.int64]

    def chunks(self) -> Iterator[Directions]:
        """The samples, some rows at a time."""
        for at in range(0, len(self.samples), CHUNK):
            yield self.samples[at : at + CHUNK].astype(np.float64)


def write_bank(path: Path, state: BankState, options: Mapping[str, Any]) -> None:
    """Write a state with the bank's fingerprint, alpha, mode and frozen flag, atomically.

    Raises:
        InputError: the file cannot be written.
    """
    tensors = {
        "text": state.text,
        "samples": torch.from_numpy(state.samples),
        "exemplars": torch.from_numpy(state.exemplars),
        "exemplar_labels": torch.from_numpy(state.exemplar_labels),
    }
    shape = {"classes": state.text.shape[0], "dimension": state.text.shape[1]}
    save_state(path, tensors, {"format": _FORMAT, "version": _VERSION, **shape, **options})


def read_bank(path: Path) -> tuple[BankState, dict[str, Any]]:
    """Read what :func:`write_bank` wrote: the state and the options.

    Raises:
        InputError: missing, damaged, or of another format or version.
    """
    tensors, options = load_state(path)
    if options.get("format") != _FORMAT:
        raise InputError(f"{path}: not a prototype bank; give a file that a bank was saved to")
    if options.get("version") != _VERSION:
        raise InputError(
            f"{path}: bank version {options.get('version')}, this program reads {_VERSION}; start "
            "a new bank"
        )
    if not _complete(tensors, options):
        raise InputError(f"{path}: damaged bank state; use a copy or start a new bank")
    state = BankState(
        text=tensors["text"],
        samples=tensors["samples"].numpy(),
        exemplars=tensors["exemplars"].numpy(),
        exemplar_labels=tensors["exemplar_labels"].numpy(),
    )
    return state, options


def _complete(tensors: Mapping[str, Tensor], options: Mapping[str, Any]) -> bool:
    """Whether all parts are there and fit together."""
    for name, kind in _OPTIONS.items():
        if not isinstance(options.get(name), kind):
            return False
    for name, dtype in _TENSORS.items():
        if name not in tensors or tensors[name].dtype != dtype:
            return False
    text, labels = tensors["text"], tensors["exemplar_labels"]
    return (
        text.ndim == 2
        and _are_directions(tensors["samples"], text.shape[1])
        and _are_directions(tensors["exemplars"], text.shape[1])
        and labels.shape == tensors["exemplars"].shape[:1]
        and bool(((labels >= 0) & (labels < len(text))).all())
    )


def _are_directions(rows: Tensor, dimension: int) -> bool:
    if rows.ndim != 2 or rows.shape[1] != dimension:
        return False
    return all(
        bool(((part.double().norm(dim=1) / STEPS - 1).abs() < 1e-4).all())
        for part in torch.split(rows, CHUNK)
    )

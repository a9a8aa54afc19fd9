"""What a bank writes down: its texts, what it learned, and how it was made."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from bank.bounded import BINS
from bank.directions import CHUNK, STEPS
from bank.errors import InputError
from bank.gate import STATE
from bank.guards import Guards
from bank.storage import load_state, save_state
from bank.watch import before_neighbours, size

_FORMAT: Final = "pgfa-bank"
# 1 knew no bounded mode, no guards, no gate and no watch, 2 held an anchored bank's sums once
# instead of twice, 3 had bins four times as wide and did not compare neighbours in time; all are
# still read.
_VERSION: Final = 4
_OPTIONS: Final[dict[str, type | tuple[type, ...]]] = {
    "fingerprint": str,
    "alpha": (int, float),
    "mode": str,
    "frozen": bool,
    "guards": (dict, type(None)),
}
_EXACT: Final = {
    "samples": torch.int32,
    "exemplars": torch.int32,
    "exemplar_labels": torch.int64,
}
_BINNED: Final = {
    "bins": torch.int64,
    "sums": torch.float64,
    "counts": torch.float64,
    "votes": torch.float64,
    "shown": torch.float64,
    "enrolled": torch.int64,
}
_WATCHED: Final = {"gate": torch.float64, "watch": torch.float64}


def write_bank(path: Path, tensors: Mapping[str, Tensor], options: Mapping[str, Any]) -> None:
    """Write what a bank consists of and how it was made, atomically.

    Raises:
        InputError: the file cannot be written.
    """
    shape = {"classes": tensors["text"].shape[0], "dimension": tensors["text"].shape[1]}
    save_state(path, tensors, {"format": _FORMAT, "version": _VERSION, **shape, **options})


def read_bank(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what :func:`write_bank` wrote: the tensors and the options.

    Raises:
        InputError: missing, damaged, or of another format or version.
    """
    tensors, options = load_state(path)
    if options.get("format") != _FORMAT:
        raise InputError(f"{path}: not a prototype bank; give a file that a bank was saved to")
    if options.get("version") not in (1, 2, 3, _VERSION):
        raise InputError(
            f"{path}: bank version {options.get('version')}, this program reads up to {_VERSION}; "
            "start a new bank"
        )
    if options["version"] == 1:
        options["guards"] = None
    if options["version"] < 4:
        _bring_up(tensors, options)
    if not _complete(tensors, options):
        raise InputError(f"{path}: damaged bank state; use a copy or start a new bank")
    return tensors, options


def _bring_up(tensors: dict[str, Tensor], options: dict[str, Any]) -> None:
    """Add what earlier versions did not hold, and put sums into the middle of what was one bin."""
    if isinstance(options.get("guards"), dict):
        options["guards"].setdefault("variety", Guards.variety)
    text, watch = tensors.get("text"), tensors.get("watch")
    if text is not None and text.ndim == 2 and watch is not None and watch.ndim == 1:
        tensors["watch"] = before_neighbours(watch, text.shape[1])
    if (bins := tensors.get("bins")) is not None and bins.ndim == 2 and bins.shape[1] == 2:
        tensors["bins"] = bins * torch.tensor([1, 4]) + torch.tensor([0, 2])


def _complete(tensors: Mapping[str, Tensor], options: Mapping[str, Any]) -> bool:
    """Whether all parts are there and fit together."""
    for name, kind in _OPTIONS.items():
        if name not in options or not isinstance(options[name], kind):
            return False
    binned = options["mode"] in ("bounded", "anchored")
    twice = options["mode"] == "anchored" and options["version"] > 2
    wanted = {"text": torch.float64, **(_BINNED if binned else _EXACT)}
    if options["version"] > 1:
        wanted |= _WATCHED
    if any(n not in tensors or tensors[n].dtype != dtype for n, dtype in wanted.items()):
        return False
    text = tensors["text"]
    if text.ndim != 2 or not _are_guards(options["guards"]):
        return False
    if options["version"] > 1 and not _is_watched(tensors, *text.shape):
        return False
    return _is_binned(tensors, twice) if binned else _is_exact(tensors)


def _are_guards(guards: dict[str, Any] | None) -> bool:
    known = {field.name: type(field.default) for field in fields(Guards)}
    if guards is None:
        return True
    return guards.keys() == known.keys() and all(
        isinstance(value, known[name]) or (name == "memory" and value is None)
        for name, value in guards.items()
    )


def _is_watched(tensors: Mapping[str, Tensor], classes: int, dimension: int) -> bool:
    gate, watch = tensors["gate"], tensors["watch"]
    return (
        gate.shape == (STATE,)
        and watch.shape == (size(classes, dimension),)
        and bool(torch.isfinite(gate).all() and torch.isfinite(watch).all())
        and bool((gate[3:] >= 0).all())
    )


def _is_exact(tensors: Mapping[str, Tensor]) -> bool:
    classes, dimension = tensors["text"].shape
    labels = tensors["exemplar_labels"]
    return (
        _are_directions(tensors["samples"], dimension)
        and _are_directions(tensors["exemplars"], dimension)
        and labels.shape == tensors["exemplars"].shape[:1]
        and bool(((labels >= 0) & (labels < classes)).all())
    )


def _is_binned(tensors: Mapping[str, Tensor], twice: bool) -> bool:
    classes, dimension = tensors["text"].shape
    classes *= 1 + twice
    bins, counts, votes = tensors["bins"], tensors["counts"], tensors["votes"]
    enrolled = tensors["enrolled"]
    if bins.ndim != 2 or bins.shape[1] != 2 or counts.shape != bins.shape[:1]:
        return False
    if votes.shape != (classes,) or enrolled.shape != (classes,):
        return False
    limits = torch.tensor([classes, BINS])
    return (
        bool(((bins >= 0) & (bins < limits)).all())
        and len({*map(tuple, bins.tolist())}) == len(bins)
        and bool((torch.isfinite(counts) & (counts > 0)).all())
        and bool((torch.isfinite(votes) & (votes > 0)).all())
        and bool((enrolled >= 0).all())
        and _are_sums(tensors["sums"], counts, dimension)
        and _are_sums(tensors["shown"], enrolled.double(), dimension)
    )


def _are_sums(rows: Tensor, counts: Tensor, dimension: int) -> bool:
    """Whether rows can be sums of so many unit vectors."""
    if rows.shape != (len(counts), dimension):
        return False
    return bool((rows.norm(dim=1) / STEPS <= counts * (1 + 1e-4) + 1e-6).all())


def _are_directions(rows: Tensor, dimension: int) -> bool:
    if rows.ndim != 2 or rows.shape[1] != dimension:
        return False
    return all(
        bool(((part.double().norm(dim=1) / STEPS - 1).abs() < 1e-4).all())
        for part in torch.split(rows, CHUNK)
    )

"""The online prototype bank: the paper's alignment without waiting for all samples."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from bank.alignment import check_alpha, pseudo_label, tie_breaker, unit_rows
from bank.errors import InputError
from bank.storage import load_state, save_state
from bank.support import SupportSet

Mode = Literal["exact", "text"]
_FORMAT: Final = "pgfa-bank"
_VERSION: Final = 1


@dataclass
class _State:
    """Everything that learning changes."""

    supports: list[SupportSet]
    exemplars: list[list[Tensor]]

    def copy(self) -> "_State":
        return _State([s.copy() for s in self.supports], [list(e) for e in self.exemplars])


class PrototypeBank:
    """Class prototypes that learn from unlabelled features as these come.

    In ``exact`` mode the prototypes are, at any moment, those that
    :func:`bank.alignment.align_two_pass` would find on all samples so far, whatever their order and
    batch sizes: pseudo-labels and entropies depend on the frozen texts alone (Eq. 6 and 7), so that
    a support set sorted by entropy is all that must be kept. Memory grows with the samples. In
    ``text`` mode nothing is learned and the prototypes stay the text features.

    Args:
        text: (K, d) class text features, any length.
        alpha: tolerance margin, 0 to 1.
        mode: ``exact`` or ``text``.

    Raises:
        InputError: the text is not finite or an argument is out of range.
    """

    def __init__(self, text: Tensor, alpha: float = 0.9, mode: Mode = "exact") -> None:
        if mode not in get_args(Mode):
            raise InputError(f"mode is one of {', '.join(get_args(Mode))}, not {mode!r}")
        self.alpha = check_alpha(alpha)
        self.mode: Mode = mode
        self.frozen = False
        self._text = unit_rows(text, "text")
        self._state = self._empty()
        self._snapshots: list[_State] = []
        self._directions = self._text.float()

    @property
    def text(self) -> Tensor:
        """(K, d) float32 unit text features."""
        return self._text.float()

    @property
    def support(self) -> Tensor:
        """(K,) how many samples every support set S^k holds, exemplars included."""
        pairs = zip(self._state.supports, self._state.exemplars, strict=True)
        return torch.tensor([len(support) + len(shown) for support, shown in pairs])

    @property
    def prototypes(self) -> Tensor:
        """(K, d) float32 prototypes as they stand (Eq. 10)."""
        return torch.stack([self._prototype(k) for k in range(len(self._text))]).float()

    def predict(self, features: Tensor) -> Tensor:
        """Cosine scores against the present prototypes; changes nothing.

        Args:
            features: (B, d), any length.

        Returns:
            (B, K) float32.

        Raises:
            InputError: another dimension, or not finite.
        """
        self._check(features)
        return F.normalize(features.detach().cpu().float(), dim=1) @ self._directions.T

    def update(self, features: Tensor) -> None:
        """Learn from features without labels: all of them, or, on an error, none.

        Args:
            features: (B, d), any length.

        Raises:
            InputError: another dimension, or not finite.
        """
        self._check(features)
        units = unit_rows(features, "features")
        if self.frozen or self.mode == "text" or not len(units):
            return
        labels, entropies = pseudo_label(units, self._text)
        rows = units.float()
        for row, k, uncertainty in zip(rows, labels.tolist(), entropies.tolist(), strict=True):
            self._state.supports[k].add(row, uncertainty, tie_breaker(row))
        self._refresh(set(labels.tolist()))

    def enroll(self, features: Tensor, k: int) -> None:
        """Take labelled exemplars of class ``k``: the one-shot setting (section IV-F), live.

        Exemplars always belong to Z^k: alpha filters only what was pseudo-labelled.

        Raises:
            InputError: no such class, another dimension, or not finite.
        """
        self._check(features)
        self._check_class(k)
        self._state.exemplars[k].extend(unit_rows(features, "exemplars").float())
        self._refresh({k})

    def settle(self, features: Tensor) -> Tensor:
        """(B,) what the present prototypes say of features seen before (Eq. 11)."""
        return self.predict(features).argmax(dim=1)

    def freeze(self, frozen: bool = True) -> None:
        """Stop learning from unlabelled features, or take it up again."""
        self.frozen = frozen

    def reset(self, k: int | None = None) -> None:
        """Forget what was learned of class ``k``, or of all classes."""
        empty = self._empty()
        if k is None:
            self._state = empty
        else:
            self._check_class(k)
            self._state.supports[k], self._state.exemplars[k] = empty.supports[k], []
        self._refresh(set(range(len(self._text))))

    def snapshot(self) -> int:
        """Remember the present state; returns its version for :meth:`restore`."""
        self._snapshots.append(self._state.copy())
        return len(self._snapshots) - 1

    def restore(self, version: int) -> None:
        """Go back to a state that :meth:`snapshot` remembered.

        Raises:
            InputError: there is no such version.
        """
        if not 0 <= version < len(self._snapshots):
            raise InputError(f"no snapshot {version}; there are {len(self._snapshots)}")
        self._state = self._snapshots[version].copy()
        self._refresh(set(range(len(self._text))))

    def merge(self, other: "PrototypeBank") -> None:
        """Learn all that another bank over the same texts has learned.

        In exact mode the result equals having seen both streams.

        Raises:
            InputError: the other bank has other texts or another alpha.
        """
        if not _same(other._text, self._text):
            raise InputError("the other bank stands on other class texts; merge needs the same")
        if other.alpha != self.alpha:
            raise InputError(f"the other bank has alpha {other.alpha}, this one {self.alpha}")
        theirs = other._state.copy()
        for k, support in enumerate(theirs.supports):
            for entropy, tie, unit in support.samples:
                self._state.supports[k].add(unit, entropy, tie)
            self._state.exemplars[k].extend(theirs.exemplars[k])
        self._refresh(set(range(len(self._text))))

    def save(self, path: Path) -> None:
        """Write the bank, atomically; snapshots are not kept.

        Raises:
            InputError: the file cannot be written.
        """
        samples = [(k, s) for k, sup in enumerate(self._state.supports) for s in sup.samples]
        shown = [(k, unit) for k, units in enumerate(self._state.exemplars) for unit in units]
        dimension = self._text.shape[1]
        tensors = {
            "text": self._text,
            "samples": _stacked([s[2] for _, s in samples], dimension),
            "labels": torch.tensor([k for k, _ in samples], dtype=torch.int32),
            "entropies": torch.tensor([s[0] for _, s in samples], dtype=torch.float64),
            "exemplars": _stacked([unit for _, unit in shown], dimension),
            "exemplar_labels": torch.tensor([k for k, _ in shown], dtype=torch.int32),
        }
        metadata: dict[str, Any] = {
            "format": _FORMAT,
            "version": _VERSION,
            "alpha": self.alpha,
            "mode": self.mode,
            "frozen": self.frozen,
        }
        save_state(path, tensors, metadata)

    @classmethod
    def load(cls, path: Path, text: Tensor | None = None) -> "PrototypeBank":
        """Read a bank.

        Args:
            path: a file written by :meth:`save`.
            text: (K, d) the texts it must stand on; None takes what the file has.

        Raises:
            InputError: damaged, of another format or version, or of other texts.
        """
        tensors, metadata = load_state(path)
        if metadata.get("format") != _FORMAT:
            raise InputError(f"{path}: not a prototype bank")
        if metadata.get("version") != _VERSION:
            raise InputError(f"{path}: bank version {metadata.get('version')}, not {_VERSION}")
        stored = tensors["text"]
        if text is not None:
            if text.shape != stored.shape:
                raise InputError(
                    f"{path}: a bank of {stored.shape[0]} classes in {stored.shape[1]} dimensions, "
                    f"but the texts are {text.shape[0]} in {text.shape[1]}; use the same label file"
                )
            if not _same(unit_rows(text, "text"), stored):
                raise InputError(f"{path}: a bank of other class texts; use the same label file")
        bank = cls(stored, metadata["alpha"], metadata["mode"])
        bank.frozen = metadata["frozen"]
        for unit, k, entropy in zip(
            tensors["samples"],
            tensors["labels"].tolist(),
            tensors["entropies"].tolist(),
            strict=True,
        ):
            bank._state.supports[k].add(unit, entropy, tie_breaker(unit))
        for unit, k in zip(tensors["exemplars"], tensors["exemplar_labels"].tolist(), strict=True):
            bank._state.exemplars[k].append(unit)
        bank._refresh(set(range(len(stored))))
        return bank

    def _empty(self) -> _State:
        classes, dimension = self._text.shape
        supports = [SupportSet(self.alpha, dimension) for _ in range(classes)]
        return _State(supports, [[] for _ in range(classes)])

    def _prototype(self, k: int) -> Tensor:
        """(d,) float64, Eq. 10."""
        support, shown = self._state.supports[k], self._state.exemplars[k]
        size = support.kept + len(shown)
        if size == 0:
            return self._text[k]
        total = support.kept_sum
        if shown:
            total = total + torch.stack(shown).double().sum(dim=0)
        return total / size

    def _refresh(self, classes: set[int]) -> None:
        """Bring the directions that predictions use up to date."""
        for k in classes:
            self._directions[k] = F.normalize(self._prototype(k), dim=0).float()

    def _check(self, features: Tensor) -> None:
        if features.ndim != 2 or features.shape[1] != self._text.shape[1]:
            raise InputError(
                f"features have shape {tuple(features.shape)}, not (rows, {self._text.shape[1]})"
            )
        if not torch.isfinite(features).all():
            raise InputError("features are not finite: mend or drop those rows first")

    def _check_class(self, k: int) -> None:
        if not 0 <= k < len(self._text):
            raise InputError(f"no class {k}; the bank has classes 0 to {len(self._text) - 1}")


def _same(text: Tensor, other: Tensor) -> bool:
    """Whether unit texts are the same, up to what another machine's arithmetic may differ by."""
    return text.shape == other.shape and torch.allclose(text, other, atol=1e-4)


def _stacked(rows: list[Tensor], dimension: int) -> Tensor:
    return torch.stack(rows) if rows else torch.empty(0, dimension)

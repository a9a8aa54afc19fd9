"""The online prototype bank: the paper's alignment without waiting for all samples."""

from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from bank.alignment import nearest
from bank.directions import (
    STEPS,
    Directions,
    StoredDirections,
    cosines,
    on_grid,
    unit_chunks,
)
from bank.errors import InputError
from bank.state import BankState, read_bank, write_bank
from bank.support import SupportSet, check_alpha, stored
from bank.texts import ClassTexts

Mode = Literal["exact", "text"]
_SNAPSHOTS: Final = 16


class PrototypeBank:
    """Class prototypes that learn from unlabelled features as these come.

    In ``exact`` mode the prototypes are, at any moment, those that
    :func:`bank.alignment.align_two_pass` would find on all samples so far, whatever their order and
    batch sizes: pseudo-labels and entropies depend on the frozen texts alone (Eq. 6 and 7), and all
    sums are exact (:mod:`bank.directions`). Memory grows with the samples, by 4 d bytes and about
    300 more each. In ``text`` mode nothing is learned and the prototypes stay the text features.

    Features may have any length, floating type and device; the bank works on the CPU. It has no
    locks: one thread at a time.

    Args:
        text: (K, d) class text features, any length.
        alpha: tolerance margin, 0 to 1.
        mode: ``exact`` or ``text``.

    Raises:
        InputError: the text cannot be used or an argument is out of range.
    """

    def __init__(self, text: Tensor, alpha: float = 0.9, mode: Mode = "exact") -> None:
        if mode not in get_args(Mode):
            raise InputError(f"mode is one of {', '.join(get_args(Mode))}, not {mode!r}")
        self.alpha: Final = check_alpha(alpha)
        self.mode: Final[Mode] = mode
        self._frozen = False
        self._texts = ClassTexts(text)
        self._supports = self._empty()
        self._snapshots: dict[int, list[SupportSet]] = {}
        self._next_version = 0
        self._references: Directions = self._texts.directions.copy()
        self._stale: set[int] = set()  # classes whose reference is behind their support

    @property
    def text(self) -> Tensor:
        """(K, d) float32 unit text features."""
        return self._texts.features.clone()

    @property
    def fingerprint(self) -> str:
        """sha256 of the unit text features: what a state belongs to."""
        return self._texts.fingerprint

    @property
    def frozen(self) -> bool:
        """Whether :meth:`update` is switched off."""
        return self._frozen

    @property
    def support(self) -> Tensor:
        """(K,) how many samples every class holds: |S^k| and the exemplars."""
        return torch.tensor([support.assigned + support.enrolled for support in self._supports])

    @property
    def kept(self) -> Tensor:
        """(K,) how many samples every prototype is the mean of: |Z^k|, exemplars included."""
        return torch.tensor([support.kept for support in self._supports])

    @property
    def enrolled(self) -> Tensor:
        """(K,) how many exemplars every class has."""
        return torch.tensor([support.enrolled for support in self._supports])

    @property
    def count(self) -> int:
        """How many samples the bank holds, exemplars included."""
        return int(self.support.sum())

    @property
    def prototypes(self) -> Tensor:
        """(K, d) float32 prototypes as they stand (Eq. 10)."""
        means = [
            support.sum / support.kept if support.kept else self._texts.directions[k]
            for k, support in enumerate(self._supports)
        ]
        return torch.from_numpy(np.stack(means) / STEPS).float()

    def predict(self, features: Tensor) -> Tensor:
        """Cosine scores against the present prototypes; changes nothing.

        Args:
            features: (B, d).

        Returns:
            (B, K) float32.

        Raises:
            InputError: another dimension, or a row is not finite or all zeros.
        """
        chunks = unit_chunks(features, "features", self._texts.dimension)
        references = self._fresh_references()
        scores = np.empty((features.shape[0], len(references)), np.float32)
        at = 0
        for units in chunks:
            scores[at : at + len(units)] = cosines(units, references)
            at += len(units)
        return torch.from_numpy(scores)

    def update(self, features: Tensor) -> None:
        """Learn from features without labels: all of them, or, on an error, none.

        Args:
            features: (B, d).

        Raises:
            InputError: another dimension, or a row is not finite or all zeros.
        """
        chunks = unit_chunks(features, "features", self._texts.dimension)
        if self._frozen or self.mode == "text":
            return
        for units in chunks:
            self._learn(units)

    def enroll(self, features: Tensor, k: int) -> None:
        """Take labelled exemplars of class ``k``: the one-shot setting (section IV-F), live.

        Exemplars always belong to Z^k: alpha filters only what was pseudo-labelled, and the
        prototype is the mean of both. A frozen bank takes exemplars too.

        Args:
            features: (B, d).
            k: the class.

        Raises:
            InputError: no such class, another dimension, a row is not finite or all zeros, or the
                bank is in text mode.
        """
        chunks = unit_chunks(features, "exemplars", self._texts.dimension)
        self._check_class(k)
        if self.mode == "text":
            raise InputError("a bank in text mode takes no exemplars; use mode 'exact'")
        for units in chunks:
            self._supports[k].enroll(list(stored(units)))
        self._stale.add(k)

    def settle(self, features: Tensor) -> Tensor:
        """(B,) what the present prototypes say of features seen before (Eq. 11).

        In exact mode, after the last sample, these are the two-pass predictions.

        Raises:
            InputError: another dimension, or a row is not finite or all zeros.
        """
        chunks = unit_chunks(features, "features", self._texts.dimension)
        return nearest(chunks, len(features), self._fresh_references())

    def freeze(self, frozen: bool = True) -> None:
        """Make :meth:`update` change nothing; everything asked for by name still works."""
        self._frozen = frozen

    def unfreeze(self) -> None:
        """Learn from the stream again."""
        self._frozen = False

    def reset(self, k: int | None = None) -> None:
        """Forget what was learned of class ``k``, or of all classes; snapshots stay.

        Raises:
            InputError: no such class.
        """
        if k is None:
            self._replace(self._empty())
        else:
            self._check_class(k)
            self._supports[k] = SupportSet(self.alpha, self._texts.dimension)
            self._stale.add(k)

    def snapshot(self) -> int:
        """Remember the present state in memory; returns its version for :meth:`restore`.

        Samples are shared, not copied. The latest 16 versions are kept.
        """
        version = self._next_version
        self._next_version += 1
        self._snapshots[version] = [support.copy() for support in self._supports]
        self._snapshots.pop(version - _SNAPSHOTS, None)
        return version

    def restore(self, version: int) -> None:
        """Go back (or forth) to a state that :meth:`snapshot` remembered.

        Raises:
            InputError: there is no such version, or it is not kept any more.
        """
        if version not in self._snapshots:
            kept = ", ".join(map(str, self._snapshots)) or "none"
            raise InputError(f"no snapshot {version}; versions kept: {kept}")
        self._replace([support.copy() for support in self._snapshots[version]])

    def merge(self, other: "PrototypeBank") -> None:
        """Learn all that another bank over the same texts has learned; it stays as it is.

        In exact mode the result equals having seen both streams.

        Raises:
            InputError: the other bank has other texts, another alpha or mode.
        """
        if not self._texts.same(other._texts):
            raise InputError(
                f"the other bank stands on other class texts ({_short(other.fingerprint)}, this "
                f"one {_short(self.fingerprint)}); merge needs the same"
            )
        if (other.alpha, other.mode) != (self.alpha, self.mode):
            raise InputError(
                f"the other bank has alpha {other.alpha} in {other.mode} mode, this one "
                f"{self.alpha} in {self.mode} mode; merge needs the same"
            )
        self._take(other._state())

    def save(self, path: Path) -> None:
        """Write the bank, atomically; snapshots are not kept.

        Raises:
            InputError: the file cannot be written.
        """
        options = {
            "fingerprint": self.fingerprint,
            "alpha": self.alpha,
            "mode": self.mode,
            "frozen": self._frozen,
        }
        write_bank(path, self._state(), options)

    @classmethod
    def load(cls, path: Path, text: Tensor | None = None) -> "PrototypeBank":
        """Read a bank.

        Args:
            path: a file written by :meth:`save`.
            text: (K, d) the texts it must stand on; None takes what the file has.

        Raises:
            InputError: damaged, of another format or version, or of other texts.
        """
        state, options = read_bank(path)
        try:
            bank = cls(state.text, options["alpha"], options["mode"])
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        if bank.fingerprint != options["fingerprint"]:
            raise InputError(f"{path}: its texts are damaged; use a copy or start a new bank")
        if text is not None:
            bank._check_text(path, ClassTexts(text))
        bank._take(state)
        bank._frozen = options["frozen"]
        return bank

    def _learn(self, units: Directions) -> None:
        labels, entropies, ties = self._texts.read(units)
        rows = stored(units)
        classes = set(labels.tolist())
        for k in classes:
            # Indexing by a mask copies, so that a class that is reset frees its own rows.
            mine = labels == k if len(classes) > 1 else slice(None)
            self._supports[k].add(entropies[mine].tolist(), ties[mine].tolist(), list(rows[mine]))
        self._stale |= classes

    def _state(self) -> BankState:
        samples = [row for support in self._supports for row in support.samples()]
        exemplars = [support.exemplars() for support in self._supports]
        return BankState(
            text=self._texts.given,
            samples=self._stacked(samples),
            exemplars=self._stacked([row for rows in exemplars for row in rows]),
            exemplar_labels=np.repeat(np.arange(len(exemplars)), [len(rows) for rows in exemplars]),
        )

    def _stacked(self, rows: list[StoredDirections]) -> StoredDirections:
        return np.stack(rows) if rows else np.empty((0, self._texts.dimension), np.int32)

    def _take(self, state: BankState) -> None:
        """Learn a state; pseudo-labels and entropies follow from the texts again."""
        for units in state.chunks():
            self._learn(units)
        for k in set(state.exemplar_labels.tolist()):
            self._supports[k].enroll(list(state.exemplars[state.exemplar_labels == k]))
            self._stale.add(k)

    def _empty(self) -> list[SupportSet]:
        return [SupportSet(self.alpha, self._texts.dimension) for _ in range(len(self._texts))]

    def _replace(self, supports: list[SupportSet]) -> None:
        self._supports = supports
        self._stale = set(range(len(supports)))

    def _fresh_references(self) -> Directions:
        """(K, d) directions of the prototypes, brought up to date."""
        while self._stale:
            k = self._stale.pop()
            support = self._supports[k]
            self._references[k] = (
                on_grid(support.sum[None]) if support.kept else self._texts.directions[k]
            )
        return self._references

    def _check_class(self, k: int) -> None:
        if not 0 <= k < len(self._texts):
            raise InputError(f"no class {k}; the bank has classes 0 to {len(self._texts) - 1}")

    def _check_text(self, path: Path, text: ClassTexts) -> None:
        ours = self._texts.directions.shape
        theirs = text.directions.shape
        if ours != theirs:
            raise InputError(
                f"{path}: a bank of {ours[0]} classes in {ours[1]} dimensions, but the texts are "
                f"{theirs[0]} in {theirs[1]}; use the same label file and text encoder"
            )
        if not self._texts.same(text):
            raise InputError(
                f"{path}: a bank of other class texts ({_short(self.fingerprint)}, given "
                f"{_short(text.fingerprint)}); use the same label file or start a new bank"
            )


def _short(fingerprint: str) -> str:
    return fingerprint[:8]

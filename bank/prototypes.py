"""The online prototype bank: the paper's alignment without waiting for all samples."""

from collections.abc import Iterable
from copy import copy, deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from bank.anchored import SHARPNESS
from bank.directions import CHUNK, STEPS, Floats, few_rows, unit_chunks
from bank.errors import InputError
from bank.evidence import Evidence, segment_ids
from bank.gate import Gate
from bank.guards import Guards, Health
from bank.scoring import NONE_ALIKE, REMEMBERED_ROWS, Neighbours, Scorer, Sight
from bank.state import read_bank, write_bank
from bank.support import check_alpha
from bank.texts import ClassTexts
from bank.watch import Watch

Mode = Literal["exact", "bounded", "anchored", "text"]
_SNAPSHOTS: Final = 16
_KEPT_IN_DRIFT: Final = 0.98  # of the evidence, at every vote while features move
_ALL_FRESH: Final = np.ones(CHUNK, np.bool_)
_PLAIN: Final = Guards(memory=None, gate=False, drift=False, fallback=False)


class PrototypeBank:
    """Class prototypes that learn from unlabelled features as these come.

    Pseudo-labels and entropies depend on the frozen texts alone (Eq. 6 and 7), so nothing that was
    learned can mislead what is learned next. By mode:

    * ``exact``: the prototypes are, at any moment, those that
      :func:`bank.alignment.align_two_pass` would find on all samples so far, whatever their order
      and batch sizes. Memory grows with the samples, by 4 d bytes and about 300 more each.
    * ``bounded``: the same in memory that never grows (:mod:`bank.bounded`), nearly exact.
    * ``anchored``: text and evidence blended (:mod:`bank.anchored`), for live streams; bounded too.
    * ``text``: nothing is learned; the prototypes stay the text features.

    Features may have any length, floating type and device; the bank works on the CPU. It has no
    locks: one thread at a time.

    Args:
        text: (K, d) class text features, any length.
        alpha: tolerance margin, 0 to 1.
        mode: one of the four.
        guards: what keeps it safe. None is all of them in anchored and text mode and, in the other
            two, none but the one vote for a segment.

    Raises:
        InputError: the text cannot be used or an argument is out of range.
    """

    def __init__(
        self,
        text: Tensor,
        alpha: float = 0.9,
        mode: Mode = "exact",
        guards: Guards | None = None,
    ) -> None:
        if mode not in get_args(Mode):
            raise InputError(f"mode is one of {', '.join(get_args(Mode))}, not {mode!r}")
        self.alpha: Final = check_alpha(alpha)
        self.mode: Final[Mode] = mode
        watched = mode in ("anchored", "text")
        self.guards: Final = guards or (Guards() if watched else _PLAIN)
        self._watched = watched or guards is not None
        self._frozen = False
        self._version = 0
        self._texts = ClassTexts(text, SHARPNESS if mode == "anchored" else 1.0)
        self._scorer = Scorer(self._texts, mode)
        self._evidence = self._empty()
        self._snapshots: dict[int, Evidence] = {}
        self._next_snapshot = 0
        self._watch = self._new_watch()

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
    def version(self) -> int:
        """Grows with every change of what was learned."""
        return self._version

    @property
    def support(self) -> Tensor:
        """(K,) how many samples every class holds: |S^k| and the exemplars."""
        supports = self._evidence.supports
        return torch.tensor([support.assigned + support.enrolled for support in supports])

    @property
    def kept(self) -> Tensor:
        """(K,) how many samples every prototype is the mean of: |Z^k|, exemplars included."""
        return torch.tensor([round(support.kept) for support in self._evidence.supports])

    @property
    def enrolled(self) -> Tensor:
        """(K,) how many exemplars every class has."""
        return torch.tensor([support.enrolled for support in self._evidence.supports])

    @property
    def count(self) -> int:
        """How many samples the bank holds, exemplars included."""
        return int(self.support.sum())

    @property
    def prototypes(self) -> Tensor:
        """(K, d) float32 prototypes as they stand (Eq. 10); the text where there is no evidence."""
        return torch.from_numpy(self._evidence.means() / STEPS).float()

    @property
    def health(self) -> Health:
        """How it is doing, over about the last two hundred votes."""
        return self._watch.health(self._evidence.references(), self.guards.fallback)

    def predict(self, features: Tensor) -> Tensor:
        """Scores against the present prototypes; changes nothing.

        They are cosines, in anchored mode on the scale of cosines.

        Args:
            features: (B, d).

        Returns:
            (B, K) float32.

        Raises:
            InputError: another dimension, or a row is not finite or all zeros.
        """
        answers = [self._answer(sight).astype(np.float32) for sight in self._looks(features)]
        if len(answers) != 1:
            answers = [np.concatenate([np.empty((0, len(self._texts)), np.float32), *answers])]
        return torch.from_numpy(answers[0])

    def gate(self, features: Tensor) -> Gate:
        """Whether features belong to any of the classes; changes nothing.

        Args:
            features: (B, d).

        Raises:
            InputError: another dimension, or a row is not finite or all zeros.
        """
        ranks = [np.empty(0)]
        for sight in self._looks(features):
            ranks.append(self._watch.gate.score(sight.products, sight.classes))
        score = np.concatenate(ranks)
        known = self._watch.gate.knows(score)
        return Gate(torch.from_numpy(known), torch.from_numpy(score).float())

    def update(self, features: Tensor, segments: Tensor | None = None) -> None:
        """Learn from features without labels: all of them, or, on an error, none.

        Args:
            features: (B, d).
            segments: (B,) int64 ids; rows of one segment, in this call and in earlier ones, count
                as one vote, their mean direction. None makes every row a segment of its own. The
                last 256 segments are known; ids must not be used again for another one meanwhile.

        Raises:
            InputError: another dimension, a row is not finite or all zeros, or there is not one id
                for every row.
        """
        sight = self._live(features)
        sights = self._sights(features) if sight is None else (sight,)
        ids = None if segments is None else segment_ids(segments, len(features))
        if not self.guards.segments:
            ids = None
        if self._frozen or (self.mode == "text" and not self._watched):
            return
        at = 0
        for sight in sights:
            count = len(sight.units)
            self._learn(sight, None if ids is None else ids[at : at + count])
            at += count

    def enroll(self, features: Tensor, k: int) -> None:
        """Take labelled exemplars of class ``k``: the one-shot setting (section IV-F), live.

        Exemplars always belong to Z^k: alpha filters only what was pseudo-labelled, the prototype
        is the mean of both (in anchored mode every exemplar weighs as much as all votes together),
        and they do not fade. A frozen bank takes exemplars too.

        Args:
            features: (B, d).
            k: the class.

        Raises:
            InputError: no such class, another dimension, a row is not finite or all zeros, or the
                bank is in text mode.
        """
        chunks = unit_chunks(features, "exemplars", self._texts.dimension)
        self._texts.check_class(k)
        if self.mode == "text":
            raise InputError("a bank in text mode takes no exemplars; use another mode")
        for units in chunks:
            self._evidence.enroll(units, k)
            self._version += 1

    def settle(self, features: Tensor) -> Tensor:
        """(B,) what the bank as it stands says of features seen before (Eq. 11).

        In exact mode, after the last sample, these are the two-pass predictions. In anchored mode
        they nearly are once votes of enough classes have come in turns; before that, the live
        answers.

        Raises:
            InputError: another dimension, or a row is not finite or all zeros.
        """
        chunks = unit_chunks(features, "features", self._texts.dimension)
        sights = (self._scorer.settle(units, self._evidence, self._neighbours) for units in chunks)
        answers = [self._answer(sight).argmax(axis=1) for sight in sights]
        return torch.from_numpy(np.concatenate([np.empty(0, np.int64), *answers]))

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
            self._evidence = self._empty()
            self._watch = self._new_watch()
        else:
            self._texts.check_class(k)
            self._evidence.reset(k)
        self._version += 1

    def snapshot(self) -> int:
        """Remember the present state in memory; returns its number for :meth:`restore`.

        Samples are shared, not copied. The latest 16 are kept.
        """
        number = self._next_snapshot
        self._next_snapshot += 1
        self._snapshots[number] = self._evidence.copy()
        self._snapshots.pop(number - _SNAPSHOTS, None)
        return number

    def restore(self, version: int) -> None:
        """Go back (or forth) to a state that :meth:`snapshot` remembered.

        Raises:
            InputError: there is no such version, or it is not kept any more.
        """
        if version not in self._snapshots:
            kept = ", ".join(map(str, self._snapshots)) or "none"
            raise InputError(f"no snapshot {version}; versions kept: {kept}")
        self._evidence = self._snapshots[version].copy()
        self._version += 1

    def copy(self) -> "PrototypeBank":
        """An independent bank in the same state, without its snapshots; samples are shared.

        Cheap, so that another thread may save it while this one goes on.
        """
        twin = copy(self)
        twin._evidence, twin._watch = self._evidence.copy(), deepcopy(self._watch)
        twin._scorer, twin._snapshots = Scorer(self._texts, self.mode), {}
        return twin

    def merge(self, other: "PrototypeBank") -> None:
        """Learn all that another bank over the same texts has learned; it stays as it is.

        The result equals having seen both streams: in exact and bounded mode to the last bit, in
        anchored mode as long as no vote has faded. Gate and health stay this bank's own.

        Raises:
            InputError: the other bank has other texts, another alpha or mode.
        """
        self._texts.check_mergeable(other._texts)
        if (other.alpha, other.mode) != (self.alpha, self.mode):
            raise InputError(
                f"the other bank has alpha {other.alpha} in {other.mode} mode, this one "
                f"{self.alpha} in {self.mode} mode; merge needs the same"
            )
        self._evidence.merge(other._evidence)
        self._version += 1

    def save(self, path: Path) -> None:
        """Write the bank, atomically; snapshots and unfinished segments are not kept.

        Raises:
            InputError: the file cannot be written.
        """
        options = {
            "fingerprint": self.fingerprint,
            "alpha": self.alpha,
            "mode": self.mode,
            "frozen": self._frozen,
            "guards": asdict(self.guards) if self._watched else None,
        }
        tensors = {
            "text": self._texts.given,
            "gate": torch.from_numpy(self._watch.gate.state.copy()),
            "watch": torch.from_numpy(self._watch.state.copy()),
            **self._evidence.tensors(),
        }
        write_bank(path, tensors, options)

    @classmethod
    def load(cls, path: Path, text: Tensor | None = None) -> "PrototypeBank":
        """Read a bank.

        Args:
            path: a file written by :meth:`save`.
            text: (K, d) the texts it must stand on; None takes what the file has.

        Raises:
            InputError: damaged, of another format or version, or of other texts.
        """
        tensors, options = read_bank(path)
        guards = None if options["guards"] is None else Guards(**options["guards"])
        try:
            bank = cls(tensors["text"], options["alpha"], options["mode"], guards)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        if bank.fingerprint != options["fingerprint"]:
            raise InputError(f"{path}: its texts are damaged; use a copy or start a new bank")
        if text is not None:
            bank._texts.check_same(ClassTexts(text), path)
        bank._evidence.take(tensors)
        bank._version += 1
        if "gate" in tensors:
            bank._watch.gate.state = tensors["gate"].numpy().copy()
            bank._watch.state = tensors["watch"].numpy().copy()
        bank._frozen = options["frozen"]
        return bank

    def _empty(self) -> Evidence:
        anchored = self.mode == "anchored"
        bounded = anchored or self.mode == "bounded"
        memory = self.guards.memory if anchored else None
        return Evidence(self._texts, self.alpha, bounded, memory, anchored)

    def _new_watch(self) -> Watch:
        return Watch(len(self._texts), self._texts.dimension, self.guards.unknown)

    @property
    def _neighbours(self) -> Neighbours:
        """How alike neighbours in time are, as far as it counts."""
        watched = self.mode == "anchored" and self.guards.variety
        return self._watch.neighbours if watched else NONE_ALIKE

    def _looks(self, features: Tensor) -> Iterable[Sight]:
        sight = self._live(features)
        if sight is not None:
            return (sight,)
        return self._scorer.looks(features, self._evidence, self._neighbours)

    def _live(self, features: Tensor) -> Sight | None:
        return self._scorer.live(features, self._evidence, self._neighbours, self._version)

    def _sights(self, features: Tensor) -> Iterable[Sight]:
        """Looks to learn from."""
        chunks = unit_chunks(features, "features", self._texts.dimension)
        if not self._watched:
            return (self._scorer.read(units) for units in chunks)
        # What is watched must be watched as it goes: the answers of a bank that learns meanwhile.
        few = few_rows(chunks, REMEMBERED_ROWS)
        return (self._scorer.look(units, self._evidence, self._neighbours) for units in few)

    def _answer(self, sight: Sight) -> Floats:
        """(B, K) scores that are answered with."""
        fallen = self.guards.fallback and self._watch.fallen
        return sight.text if fallen else sight.scores

    def _learn(self, sight: Sight, segments: list[int] | None) -> None:
        units, products = sight.units, sight.products
        if self._watched:
            fresh = _ALL_FRESH[: len(units)]
            if segments is not None:
                fresh = ~np.array(self._evidence.continues(segments))
            known = self._watch.observe(sight, fresh, self._evidence.references())
            if self.guards.drift and self._watch.drifting and self.mode == "anchored":
                self._evidence.forget(_KEPT_IN_DRIFT ** int(fresh.sum()))
                self._version += 1
            if self.guards.gate and not known.all():
                units, products = units[known], products[known]
                if segments is not None:
                    segments = [s for s, sure in zip(segments, known, strict=True) if sure]
        if self.mode == "text" or not len(units):
            return
        if segments is None:
            self._evidence.learn(units, self._texts.readings_of(products))
        else:
            self._evidence.extend(units, segments)
        self._version += 1

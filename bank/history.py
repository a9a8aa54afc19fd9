"""Answers given before, settled again when the prototypes have moved."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from bank.errors import InputError
from bank.prototypes import PrototypeBank


class Revision(NamedTuple):
    """An answer that has changed.

    Attributes:
        key: what was answered.
        before: the class that was said last.
        after: the class that the bank says now.
    """

    key: Hashable
    before: int
    after: int


class History:
    """The latest answers of a bank, with the features they were given to.

    Args:
        bank: the bank that answers.
        capacity: answers that are remembered; the oldest go first.

    Raises:
        InputError: the capacity is below one.
    """

    def __init__(self, bank: PrototypeBank, capacity: int = 4096) -> None:
        if capacity < 1:
            raise InputError(f"a history of {capacity} answers holds none; give at least 1")
        self._bank, self._capacity = bank, capacity
        self._entries: OrderedDict[Hashable, tuple[Tensor, int]] = OrderedDict()
        self._settled_at = bank.version

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, keys: Sequence[Hashable], features: Tensor, answers: Tensor) -> None:
        """Remember answers as they are given; a key that is there already is replaced.

        Args:
            keys: (B,) what was answered, e.g. a window's number.
            features: (B, d).
            answers: (B,) classes.

        Raises:
            InputError: not one key and one answer for every feature.
        """
        if not len(keys) == len(features) == len(answers):
            raise InputError(
                f"{len(keys)} keys, {len(features)} features and {len(answers)} answers; a history "
                "takes one of each"
            )
        # Half precision would do, but what settles must read the features as they were answered.
        rows = features.detach().to("cpu", torch.float32, copy=True)
        for key, row, answer in zip(keys, rows, answers.tolist(), strict=True):
            self._entries.pop(key, None)
            self._entries[key] = (row.clone(), int(answer))
        while len(self._entries) > self._capacity:
            self._entries.popitem(last=False)
        self._settled_at = -1

    def settle(self) -> list[Revision]:
        """Ask the bank again if it has learned since, and tell which answers changed, oldest first.

        Returns:
            The changes; each is told once.
        """
        version = self._bank.version
        if not self._entries or version == self._settled_at:
            return []
        self._settled_at = version
        now = self._bank.settle(torch.stack([row for row, _ in self._entries.values()])).tolist()
        changed = [
            Revision(key, before, after)
            for (key, (_, before)), after in zip(self._entries.items(), now, strict=True)
            if before != after
        ]
        for key, _, after in changed:
            self._entries[key] = (self._entries[key][0], after)
        return changed

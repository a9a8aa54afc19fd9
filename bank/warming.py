"""Compiling ahead, so that no live sample waits for it."""

import torch

from bank.prototypes import PrototypeBank


def warm_up(bank: PrototypeBank) -> None:
    """Let a copy of a bank do once what live banks do; the bank itself is not changed.

    On a machine that has not run this code yet it takes some seconds, afterwards a fraction of one,
    and what was compiled serves all banks of this mode.
    """
    twin, row = bank.copy(), bank.text[:1]
    twin.unfreeze()
    segment = torch.zeros(1, dtype=torch.int64)
    for segments in (segment, segment, None):  # the second time the segment goes on
        twin.predict(row)
        twin.gate(row)
        twin.update(row, segments)
    if twin.mode != "text":
        twin.enroll(row, 0)
    twin.settle(row)

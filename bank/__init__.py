"""Prototype-guided feature alignment as a library of its own: tensors in, tensors out.

    from bank import PrototypeBank, align_two_pass

    result = align_two_pass(features, text, alpha=0.9)  # the paper's two passes (Alg. 2)
    result.predictions                                  # (N,) classes

    bank = PrototypeBank(text, alpha=0.9)  # the same, sample by sample
    scores = bank.predict(features)        # (B, K) cosines: answer at once ...
    bank.update(features)                  # ... then learn, without labels
    bank.enroll(exemplars, k=3)            # or with one
    bank.settle(features)                  # (B,) what the bank now says of the past
    bank.save(path)
    bank = PrototypeBank.load(path, text)

``features`` are (N, d) skeleton features and ``text`` (K, d) class text features of one space.
``docs/bank.md`` tells what is promised.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bank.errors import InputError

if TYPE_CHECKING:
    from bank.alignment import Alignment, align_two_pass
    from bank.gate import Gate
    from bank.guards import Guards, Health
    from bank.history import History, Revision
    from bank.prototypes import PrototypeBank
    from bank.warming import warm_up

__all__ = [
    "Alignment",
    "Gate",
    "Guards",
    "Health",
    "History",
    "InputError",
    "PrototypeBank",
    "Revision",
    "align_two_pass",
    "warm_up",
]

# Loaded when first asked for: programs that only want `bank.errors` need not wait for torch.
_ROOMS = {
    "Alignment": "bank.alignment",
    "Gate": "bank.gate",
    "Guards": "bank.guards",
    "Health": "bank.guards",
    "History": "bank.history",
    "Revision": "bank.history",
    "PrototypeBank": "bank.prototypes",
    "align_two_pass": "bank.alignment",
    "warm_up": "bank.warming",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)

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

from bank.alignment import Alignment, align_two_pass
from bank.errors import InputError
from bank.prototypes import PrototypeBank

__all__ = ["Alignment", "InputError", "PrototypeBank", "align_two_pass"]

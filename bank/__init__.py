"""Prototype-guided feature alignment as a library of its own: tensors in, tensors out.

from bank import PrototypeBank, align_two_pass

result = align_two_pass(features, text, alpha=0.9)  # the paper's two passes
bank = PrototypeBank(text, alpha=0.9)               # the same, sample by sample
scores = bank.predict(features)                     # answer at once ...
bank.update(features)                               # ... then learn, without labels
"""

from bank.alignment import Alignment, align_two_pass
from bank.errors import InputError
from bank.prototypes import PrototypeBank

__all__ = ["Alignment", "InputError", "PrototypeBank", "align_two_pass"]

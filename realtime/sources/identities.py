"""Small numbers for the people of others."""

from collections import OrderedDict
from typing import Final

_REMEMBERED: Final = 1000


class Identities:
    """Numbers people from 0 in the order in which their maker's ids appear.

    Makers use 64 bits, or names. Of those not seen for long the number is forgotten; it is not
    given to anybody else.

    >>> number = Identities()
    >>> [number(72057594037944738), number("b"), number(72057594037944738)]
    [0, 1, 0]
    """

    def __init__(self) -> None:
        self._known: OrderedDict[int | str, int] = OrderedDict()
        self._next = 0

    def __call__(self, of: int | str) -> int:
        """The number of whoever is called so."""
        if of not in self._known:
            self._known[of] = self._next
            self._next += 1
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(of)
        return self._known[of]

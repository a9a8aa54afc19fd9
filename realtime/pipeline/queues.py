"""What stands between two stages: a queue with an end, a bound and a named policy."""

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, Literal, TypeVar, get_args

from bank.errors import InputError

T = TypeVar("T")

Policy = Literal["wait", "drop-oldest"]
"""What a full queue does: ``wait`` holds the giver up until there is room, so that nothing is lost;
``drop-oldest`` makes room at once, so that the newest is always at hand."""

_SLICE = 0.1  # seconds after which a reader that waits is told that nothing came


class BoundedQueue(Generic[T]):
    """Hands items from one thread to another, in order.

    Args:
        size: items it holds at most.
        policy: what happens to one more.

    Attributes:
        dropped: items that were pushed out unread.

    Raises:
        InputError: no room at all, or no such policy.
    """

    def __init__(self, size: int, policy: Policy) -> None:
        if size < 1 or policy not in get_args(Policy):
            raise InputError(f"no queue of size {size} with policy {policy!r}")
        self.size = size
        self.policy = policy
        self.dropped = 0
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False

    @property
    def depth(self) -> int:
        """Items that wait to be read."""
        return len(self._items)

    def put(self, item: T) -> bool:
        """Give an item; False when the queue is closed and the item with it."""
        with self._changed:
            if self.policy == "wait":
                self._changed.wait_for(lambda: self._closed or len(self._items) < self.size)
            if self._closed:
                return False
            if len(self._items) == self.size:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            self._changed.notify_all()
            return True

    def take(self, timeout: float) -> T | None:
        """The next item; None when none comes within so many seconds, or no more will."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout)
            if not self._items:
                return None
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def close(self) -> None:
        """Take no more items; those that wait can still be read."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def over(self) -> bool:
        """Whether it is closed and empty."""
        with self._changed:
            return self._closed and not self._items

    def __iter__(self) -> Iterator[T | None]:
        """Items until the queue is over; None whenever there was none for a tenth of a second."""
        while not self.over:
            item = self.take(_SLICE)
            if item is not None or not self.over:
                yield item

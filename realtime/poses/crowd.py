"""How many people to ask a pose model for."""

from typing import Final

_LOOK_EVERY: Final = 0.5  # seconds between two looks for somebody new
_REMEMBERED: Final = 1.0  # seconds for which somebody who is out of sight is still asked for


class Crowd:
    """Keeps count of the people in view, so that nobody is looked for in vain on every picture.

    A model that is asked for more people than there are runs its detector on each picture, which
    costs half as much again as following one person. So it is asked for as many as there are, and
    for as many as may come twice a second.

    Args:
        most: people that there may be.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._look_at = 0.0
        self._last_seen = [0.0] * most  # when at least 1, 2, ... were seen
        self._size = 1

    @property
    def size(self) -> int:
        """People in view now or a moment ago, at least 1."""
        return self._size

    def look(self, time: float) -> bool:
        """Whether it is time to ask for as many people as there may be; seconds, never falling."""
        if self._size == self.most:
            return True
        if time < self._look_at:
            return False
        self._look_at = time + _LOOK_EVERY
        return True

    def saw(self, people: int, time: float) -> None:
        """So many were seen."""
        for place in range(min(people, self.most)):
            self._last_seen[place] = time
        if people >= self._size:
            self._size = max(1, min(people, self.most))
        while self._size > 1 and time - self._last_seen[self._size - 1] > _REMEMBERED:
            self._size -= 1

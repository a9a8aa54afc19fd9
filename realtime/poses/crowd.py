"""When to ask a pose model for several people, and when for one."""

from typing import Final

_LOOK_EVERY: Final = 1.0  # seconds between two looks for somebody new
_LOOK_PICTURES: Final = 2  # a model that was idle still follows what it saw last in its first one
_REMEMBERED: Final = 3.0  # seconds for which people who are out of sight are still asked for


class Crowd:
    """Keeps a model for several people from looking for them in vain on every picture.

    A model that is asked for more people than there are runs its detector on each picture, which
    costs half as much again as following one person. So while one person is in view one is asked
    for, and only a few pictures a second are searched for others.

    Args:
        most: people that there may be.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._look_at = 0.0
        self._pictures = 0  # left of the present look
        self._several_until = -1.0

    def several(self, time: float) -> bool:
        """Whether several people are in view, or were a moment ago."""
        return self.most > 1 and time <= self._several_until

    def look(self, time: float) -> bool:
        """Whether the next picture is to be searched for as many people as there may be.

        Args:
            time: of the picture, seconds, never falling.
        """
        if self.most == 1 or self.several(time):
            return False
        if time >= self._look_at:
            self._look_at = time + _LOOK_EVERY
            self._pictures = _LOOK_PICTURES
        self._pictures -= 1
        return self._pictures >= 0

    def saw(self, people: int, time: float) -> None:
        """So many were seen."""
        if people > 1:
            self._several_until = time + _REMEMBERED

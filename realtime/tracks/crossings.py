"""Who is who once two people who hid each other stand apart again."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from realtime.tracks.outline import Outline
from realtime.tracks.track import Track

_KEEPS: Final = 4.0  # seconds in which a heading falls to a third: people walk on behind others
_SIZE_COUNTS: Final = 0.5  # body sizes that a person e times as large is further off
_CLEAR: Final = 0.1  # body sizes by which the other answer must be better to be taken


@dataclass(frozen=True, eq=False)
class _Apart:
    """Somebody when nobody was near."""

    time: float
    centre: NDArray[np.float64]
    velocity: NDArray[np.float64]
    size: float

    def off(self, seen: Outline, time: float) -> float:
        """Body sizes between a body and where the person was heading."""
        way = _KEEPS * (1 - math.exp((self.time - time) / _KEEPS))
        apart = np.linalg.norm(self.centre + way * self.velocity - seen.centre)
        return float(apart / self.size + _SIZE_COUNTS * abs(np.log(seen.size / self.size)))


class Crossings:
    """Notices when two people have come out of each other with each other's ids.

    While two are on each other the model has one pose, a mixture that may slide from the one to
    the other, and whoever's it was taken for slides along. So when there are two poses again,
    nothing of what was seen between counts: both are held against where they were going when
    nobody was near, and against their sizes.
    """

    def __init__(self) -> None:
        self._apart: dict[int, _Apart] = {}
        self._mixed: set[tuple[int, int]] = set()

    def __call__(
        self, tracks: Mapping[int, Track], seen: Mapping[int, Outline], time: float
    ) -> list[tuple[int, int]]:
        """The pairs who must change ids.

        Args:
            tracks: everybody, by id, this frame's bodies taken.
            seen: this frame's bodies, by id.
            time: of the frame, seconds.
        """
        settled = {i: track for i, track in tracks.items() if track.settled}
        self._apart = {i: apart for i, apart in self._apart.items() if i in settled}
        self._mixed = {pair for pair in self._mixed if settled.keys() >= set(pair)}
        changed = []
        for pair in combinations(sorted(settled), 2):
            here = [i for i in pair if i in seen]
            if len(here) == 1 and settled[pair[0]].crowds(settled[pair[1]]):
                self._mixed.add(pair)
            elif len(here) == 2 and pair in self._mixed:
                self._mixed.remove(pair)
                if self._exchanged(pair, seen, time):
                    changed.append(pair)
        for i in settled.keys() & seen.keys():
            others = (track for other, track in settled.items() if other != i)
            if not any(settled[i].crowds(other) for other in others):
                motion = settled[i].motion
                self._apart[i] = _Apart(time, motion.centre, motion.velocity, seen[i].size)
        return changed

    def _exchanged(self, pair: tuple[int, int], seen: Mapping[int, Outline], time: float) -> bool:
        if not self._apart.keys() >= set(pair):  # they came together
            return False
        (a, b), (one, other) = (self._apart[i] for i in pair), (seen[i] for i in pair)
        as_they_are = a.off(one, time) + b.off(other, time)
        exchanged = a.off(other, time) + b.off(one, time)
        return exchanged < as_they_are - _CLEAR

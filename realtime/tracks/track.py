"""What is known of one person who is followed."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from realtime.tracks.motion import Motion
from realtime.tracks.outline import Outline

_SETTLED: Final = 3  # sightings after which somebody is remembered while hidden
_CROWDED: Final = 0.35  # body sizes between two people, below which the model mixes them up


@dataclass
class Track:
    """A person.

    Attributes:
        motion: where they are and are going.
        outline: as they were last seen.
        seen_at: when that was, seconds.
        sightings: how often they were seen.
    """

    motion: Motion
    outline: Outline
    seen_at: float
    sightings: int = 1

    @property
    def settled(self) -> bool:
        """Whether this is more than a flash."""
        return self.sightings >= _SETTLED

    def unseen(self, time: float) -> float:
        """Seconds since they were seen."""
        return time - self.seen_at

    def crowds(self, other: "Track") -> bool:
        """Whether the two stand so near that the pose model mixes them up."""
        apart = np.linalg.norm(self.motion.centre - other.motion.centre)
        return bool(apart < _CROWDED * self.outline.size)

"""Stable track ids: optimal assignment of poses to where everybody should be by now.

The scheme is that of SORT (predict, assign all at once, update), with poses in place of boxes: a
body is compared joint by joint, as object keypoint similarity does, so that place, size and posture
count together. It thinks in seconds and body sizes, never in frames and pixels: rates change,
sources pause, and some give joints without a picture.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from realtime.frames import Body, BodyFrame
from realtime.tracks.crossings import Crossings
from realtime.tracks.motion import Motion
from realtime.tracks.outline import Outline, outline_of
from realtime.tracks.track import Track

_REACH: Final = 0.4  # body sizes that somebody may be off from one frame to the next
_REACH_GROWS: Final = 0.8  # body sizes per second unseen
_REACH_MOST: Final = 1.2
_SIZE_COUNTS: Final = 0.5  # body sizes that a person e times as large is further off
_HIDDEN: Final = 0.2  # body sizes by which whoever was just seen goes before somebody hidden
_FLEETING: Final = 0.25  # seconds for which somebody seen less often is
_DOUBT: Final = 4.0  # how much less the pose of one in a crowd says about where they are


class Tracker:
    """Gives every body the id of the person it is, or a new one.

    Args:
        max_gap: seconds after which an unseen person is forgotten.
    """

    def __init__(self, max_gap: float = 3.0) -> None:
        self.max_gap = max_gap
        self._tracks: dict[int, Track] = {}
        self._crossings = Crossings()
        self._next_id = 0
        self._time = self._last_time = -np.inf
        self._usual = 0.0  # seconds between the last two frames

    def __call__(self, frame: BodyFrame) -> BodyFrame:
        """The same frame with ``track`` set on every body."""
        self._predict(frame.time)
        outlines = [outline_of(body) for body in frame.bodies]
        settled = [i for i, t in self._tracks.items() if t.settled]
        others = [i for i in self._tracks if i not in settled]
        taken: dict[int, int] = {}  # body to id
        for ids in (settled, others):
            free = [n for n in range(len(outlines)) if n not in taken]
            taken |= self._assign(ids, free, outlines, frame.time)
        bodies = [
            self._seen(body, outlines[n], taken.get(n), frame.time)
            for n, body in enumerate(frame.bodies)
        ]
        return replace(frame, bodies=tuple(self._uncrossed(bodies, outlines, frame.time)))

    def _predict(self, time: float) -> None:
        """Move everybody on to a moment and forget those unseen for too long."""
        self._last_time, self._time = self._time, time
        passed = max(time - self._last_time, 0.0) if self._tracks else 0.0
        for track, known in list(self._tracks.items()):
            known.motion.step(passed)
            memory = self.max_gap if known.settled else _FLEETING
            memory = max(memory, 2 * self._usual)  # a slow source's next picture comes late
            if not 0 <= known.unseen(time) <= memory:
                del self._tracks[track]
        self._usual = passed

    def _assign(
        self, ids: list[int], free: list[int], outlines: list[Outline], time: float
    ) -> dict[int, int]:
        """The cheapest assignment of bodies to people within everybody's reach."""
        if not ids or not free:
            return {}
        cost = np.array([[self._cost(i, outlines[n], time) for n in free] for i in ids])
        possible = np.isfinite(cost)
        rows, columns = linear_sum_assignment(np.where(possible, cost, 1e3))
        return {free[c]: ids[r] for r, c in zip(rows, columns, strict=True) if possible[r, c]}

    def _cost(self, track: int, seen: Outline, time: float) -> float:
        """Body sizes that a body is off from where a person should be; infinite out of reach."""
        known = self._tracks[track]
        shift = known.motion.centre - known.outline.centre
        off = known.outline.distance(seen, shift)
        off += _SIZE_COUNTS * abs(np.log(seen.size / known.outline.size))
        reach = min(_REACH + _REACH_GROWS * known.unseen(time), _REACH_MOST)
        hidden = known.seen_at < self._last_time
        return float(off + _HIDDEN * hidden) if off <= reach else np.inf

    def _seen(self, body: Body, outline: Outline, track: int | None, time: float) -> Body:
        if track is None:
            track, self._next_id = self._next_id, self._next_id + 1
            motion = Motion(outline.centre, outline.size)
            self._tracks[track] = Track(motion, outline, time)
            return replace(body, track=track)
        known = self._tracks[track]
        known.motion.see(outline.centre, outline.size, self._doubt(track))
        known.outline = outline
        known.seen_at = time
        known.sightings += 1
        return replace(body, track=track)

    def _uncrossed(self, bodies: list[Body], outlines: list[Outline], time: float) -> list[Body]:
        """Give those who came out of each other with each other's ids their own again."""
        seen = {body.track: outline for body, outline in zip(bodies, outlines, strict=True)}
        for a, b in self._crossings(self._tracks, seen, time):
            self._tracks[a], self._tracks[b] = self._tracks[b], self._tracks[a]
            own = {a: b, b: a}
            bodies = [replace(body, track=own.get(body.track, body.track)) for body in bodies]
        return bodies

    def _doubt(self, track: int) -> float:
        """How little a pose says while somebody else is about the same place."""
        here = self._tracks[track]
        others = (known for other, known in self._tracks.items() if other != track)
        return _DOUBT if any(here.crowds(other) for other in others) else 1.0

"""Stable track ids by optimal assignment of positions."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from realtime.frames import Body, BodyFrame


@dataclass
class _Track:
    position: NDArray[np.float32]
    seen_at: float


class Tracker:
    """Gives every body the id of the nearest recently seen one, or a new id.

    Bodies are matched all at once by the Hungarian method on the distance between their image
    centres (their camera-space centres where there is no image).

    Args:
        max_distance: share of the picture (metres without a picture) that a person may move from
            one sighting to the next.
        max_gap: seconds after which an unseen person is forgotten.
    """

    def __init__(self, max_distance: float = 0.25, max_gap: float = 0.5) -> None:
        self.max_distance = max_distance
        self.max_gap = max_gap
        self._tracks: dict[int, _Track] = {}
        self._next_id = 0

    def __call__(self, frame: BodyFrame) -> BodyFrame:
        """The same frame with ``track`` set on every body."""
        self._tracks = {
            i: t for i, t in self._tracks.items() if frame.time - t.seen_at <= self.max_gap
        }
        positions = [_position(body) for body in frame.bodies]
        ids = list(self._tracks)
        assigned: dict[int, int] = {}
        if ids and positions:
            known = np.stack([self._tracks[i].position for i in ids])
            distance = np.linalg.norm(known[:, None] - np.stack(positions)[None], axis=2)
            limit = self.max_distance
            for row, column in zip(
                *linear_sum_assignment(np.minimum(distance, limit * 2)), strict=True
            ):
                if distance[row, column] <= limit:
                    assigned[int(column)] = ids[row]
        bodies = []
        for index, (body, position) in enumerate(zip(frame.bodies, positions, strict=True)):
            track = assigned.get(index)
            if track is None:
                track, self._next_id = self._next_id, self._next_id + 1
            self._tracks[track] = _Track(position, frame.time)
            bodies.append(replace(body, track=track))
        return replace(frame, bodies=tuple(bodies))


def _position(body: Body) -> NDArray[np.float32]:
    """Middle of the body; the origin where nothing of it was seen."""
    points = body.pixels if body.pixels is not None else body.joints
    seen = points[np.isfinite(points).all(axis=1)]
    centre = seen.mean(axis=0) if len(seen) else np.zeros(points.shape[1])
    return np.asarray(centre, dtype=np.float32)

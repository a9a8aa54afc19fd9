"""Clips of different lengths laid end to end, so that one array operation serves them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from train.skeletons.joints import JOINTS
from train.skeletons.presence import bodies_present


@dataclass(frozen=True, eq=False)
class Ragged:
    """N clips as one run of rows; a row is one body in one frame.

    Frame ``t`` of clip ``n``, body ``m`` is row ``row_start[n] + t * bodies[n] + m``.

    Attributes:
        rows: (R, 25, 3) float32, metres, NaN where absent.
        times: (S,) float64 seconds, one per frame, clips end to end.
        frames: (N,) int64, frames of each clip; at least 1.
        bodies: (N,) int64, bodies of each clip; at least 1.
    """

    rows: NDArray[np.float32]
    times: NDArray[np.float64]
    frames: NDArray[np.int64]
    bodies: NDArray[np.int64]

    @classmethod
    def of(cls, clips: Sequence[tuple[NDArray[np.float32], NDArray[np.float64]]]) -> "Ragged":
        """Lay ``(joints (T, M, 25, 3), times (T,))`` pairs end to end.

        Raises:
            InputError: a pair's shapes do not fit together.
        """
        for joints, times in clips:
            if joints.ndim != 4 or joints.shape[2:] != (JOINTS, 3) or not joints.size:
                raise InputError(f"joints have shape {joints.shape}, not (frames, bodies, 25, 3)")
            if times.shape != joints.shape[:1]:
                raise InputError(f"{times.size} times for {joints.shape[0]} frames")
        shapes = np.array([joints.shape[:2] for joints, _ in clips], np.int64).reshape(-1, 2)
        empty_rows, empty_times = np.empty((0, JOINTS, 3), np.float32), np.empty(0)
        return cls(
            rows=np.concatenate(
                [empty_rows, *(joints.reshape(-1, JOINTS, 3) for joints, _ in clips)],
                dtype=np.float32,
            ),
            times=np.concatenate([empty_times, *(times for _, times in clips)], dtype=np.float64),
            frames=shapes[:, 0],
            bodies=shapes[:, 1],
        )

    def __len__(self) -> int:
        return self.frames.size

    @cached_property
    def row_start(self) -> NDArray[np.int64]:
        """(N,) first row of each clip."""
        counts = self.frames * self.bodies
        return np.asarray(np.cumsum(counts) - counts)

    @cached_property
    def frame_start(self) -> NDArray[np.int64]:
        """(N,) first frame of each clip."""
        return np.asarray(np.cumsum(self.frames) - self.frames)

    @cached_property
    def clip_of_frame(self) -> NDArray[np.int64]:
        """(S,) which clip a frame belongs to."""
        return np.repeat(np.arange(len(self)), self.frames)

    @cached_property
    def first_row_of_frame(self) -> NDArray[np.int64]:
        """(S,) the row of body 0 in each frame."""
        clip = self.clip_of_frame
        within = np.arange(clip.size) - self.frame_start[clip]
        row: NDArray[np.int64] = self.row_start[clip] + within * self.bodies[clip]
        return row

    @cached_property
    def complete(self) -> NDArray[np.bool_]:
        """(R,) rows with all 25 joints."""
        # A NaN spreads into its row's sum. Much quicker than a reduction over booleans; and not a
        # matrix product, whose threads would fight over the cores of a busy machine.
        with np.errstate(invalid="ignore", over="ignore"):
            sums = np.einsum("rn->r", self.rows.reshape(-1, JOINTS * 3))
        return np.asarray(np.isfinite(sums))

    @cached_property
    def seen(self) -> NDArray[np.bool_]:
        """(R,) rows with at least one joint."""
        seen = self.complete.copy()
        doubtful = np.flatnonzero(~seen)
        rows = self.rows[doubtful]
        partly = np.isfinite(rows.reshape(-1, JOINTS * 3)).any(axis=1)
        seen[doubtful[partly]] = bodies_present(rows[partly])
        return seen

    def clip(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Views of one clip: joints (T, M, 25, 3) and times (T,)."""
        frames, bodies = int(self.frames[index]), int(self.bodies[index])
        row, frame = int(self.row_start[index]), int(self.frame_start[index])
        joints = self.rows[row : row + frames * bodies].reshape(frames, bodies, JOINTS, 3)
        return joints, self.times[frame : frame + frames]

"""From recorded joints to what the networks take: one chain for training and for live windows."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from train.skeletons.bodies import motion_order
from train.skeletons.gaps import fill_joints
from train.skeletons.joints import JOINTS, SPINE_SHOULDER
from train.skeletons.presence import joints_present
from train.skeletons.ragged import Ragged
from train.skeletons.sampling import Mix, by_frame_number, by_time
from train.skeletons.turning import per_frame_turn, published_turn

Style = Literal["default", "published"]
BodyOrder = Literal["file", "motion"]

# Goes into the content hash of prepared arrays; raised when the same options give other values.
REVISION = 1

# Clips worked on at a time: intermediate arrays then stay in the processor's cache.
_CHUNK = 64


@dataclass(frozen=True, eq=False)
class Prepared:
    """A batch of prepared clips.

    Attributes:
        x: (N, 3, F, 25, M) float32, the (C, T, V, M) layout of the paper's networks; zeros where a
            body is absent.
        present: (N, M) bool, which bodies are there at all.
    """

    x: NDArray[np.float32]
    present: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.present)


@dataclass(frozen=True)
class Preprocessing:
    """The options of the chain. A checkpoint stores them, and live windows must use the same.

    ``published`` does exactly what the paper's code does to an NTU clip: bodies centred on
    SpineShoulder, resized by frame number like an image, turned about y with one sign per clip.
    Only ``frames`` and ``bodies`` apply to it.

    ``default`` takes the time stamps seriously and never mixes a person with nothing:
    frames before body 0 comes and after it leaves are dropped; joints and bodies that are away for
    at most ``max_gap_s`` are bridged linearly in time (what a joint does that is away for longer
    is told in :func:`train.skeletons.gaps.fill_joints`; a body that is away for longer is absent
    there); ``frames`` moments at even distances in time are interpolated; each body is centred on
    its SpineShoulder and turned, frame by frame, until its right shoulder lies on the +x side.

    Attributes:
        style: which chain.
        frames: prepared frames per clip.
        bodies: prepared bodies per clip; further ones are left out.
        max_gap_s: seconds; longest gap that is bridged.
        order_bodies: ``file`` keeps the recording's order; ``motion`` follows each person through
            swaps of place, drops ghosts and puts who moves most first.
        seconds: None stretches every clip, short or long, over the frames, as the paper does; a
            number takes exactly that many seconds around the clip's middle, so that speed is kept
            (end poses stand still where a clip is shorter).
    """

    style: Style = "default"
    frames: int = 50
    bodies: int = 2
    max_gap_s: float = 0.5
    order_bodies: BodyOrder = "file"
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.style not in get_args(Style):
            raise InputError(f"preprocessing style {self.style!r} is not one of {get_args(Style)}")
        if self.order_bodies not in get_args(BodyOrder):
            raise InputError(
                f"order_bodies {self.order_bodies!r} is not one of {get_args(BodyOrder)}"
            )
        for name in ("frames", "bodies"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InputError(f"preprocessing {name} is {value!r}, not a whole number above 0")
        if not 0 <= self.max_gap_s < float("inf"):
            raise InputError(f"max_gap_s is {self.max_gap_s}, not a number of seconds from 0")
        if self.seconds is not None and not 0 < self.seconds < float("inf"):
            raise InputError(f"seconds is {self.seconds}, not above 0 (or None)")
        if self.style == "published" and (self.order_bodies != "file" or self.seconds is not None):
            raise InputError("the published style takes neither order_bodies nor seconds")

    def to_dict(self) -> dict[str, Any]:
        """The options as plain JSON values; :meth:`from_dict` reads them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, options: Mapping[str, Any]) -> "Preprocessing":
        """Options from JSON.

        Raises:
            InputError: an option is unknown or has an impossible value.
        """
        if not isinstance(options, Mapping):
            raise InputError("preprocessing options are not a table of names and values")
        if unknown := set(options) - {field.name for field in fields(cls)}:
            raise InputError(f"unknown preprocessing options: {', '.join(sorted(unknown))}")
        try:
            return cls(**options)
        except TypeError as error:
            raise InputError(f"preprocessing options do not fit: {error}") from None

    @property
    def digest(self) -> str:
        """Short hash that names the prepared values: equal options, equal values."""
        text = json.dumps([REVISION, self.to_dict()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def __call__(
        self, clips: Sequence[tuple[NDArray[np.float32], NDArray[np.float64]]]
    ) -> Prepared:
        """Prepare clips or live windows.

        Args:
            clips: pairs of joints (T, M, 25, 3), metres, NaN where absent, and times (T,), seconds,
                strictly increasing. Only time differences matter. T and M may differ.

        Returns:
            One prepared clip per pair. A clip without any body gives zeros and nobody present.

        Raises:
            InputError: shapes do not fit together.
        """
        x = np.zeros((len(clips), 3, self.frames, JOINTS, self.bodies), np.float32)
        present = np.zeros((len(clips), self.bodies), bool)
        for start in range(0, len(clips), _CHUNK):
            part = slice(start, start + _CHUNK)
            self._prepare(Ragged.of(clips[part]), x[part], present[part])
        return Prepared(x, present)

    def _prepare(self, batch: Ragged, x: NDArray[np.float32], present: NDArray[np.bool_]) -> None:
        """Write the prepared clips of one batch into zeroed ``x`` and ``present``."""
        if self.style == "published":
            mix = by_frame_number(batch, self.frames, self.bodies)
            bodies = _mixed(batch, mix, absent_is_zero=True)
            turn = published_turn(bodies)
        else:
            batch = self._mended(batch)
            mix = by_time(batch, self.frames, self.bodies, self.max_gap_s, self.seconds)
            bodies = _mixed(batch, mix)
            turn = per_frame_turn(bodies, mix.filled)
        across, up, depth = bodies
        cos, sin = turn.real[..., None], turn.imag[..., None]
        x[mix.clip, 0, :, :, mix.body] = cos * across - sin * depth
        x[mix.clip, 1, :, :, mix.body] = up
        x[mix.clip, 2, :, :, mix.body] = sin * across + cos * depth
        present[mix.clip, mix.body] = True

    def _mended(self, batch: Ragged) -> Ragged:
        """Bodies in order and their joints complete; the same batch where nothing is amiss."""
        order = self.order_bodies == "motion"
        patchy = np.zeros(len(batch), bool)
        row_clip = np.repeat(np.arange(len(batch)), batch.frames * batch.bodies)
        patchy[row_clip[batch.seen & ~batch.complete]] = True
        touch = patchy | (order & (batch.bodies > 1))
        if not touch.any():
            return batch
        clips = []
        for index in range(len(batch)):
            joints, times = batch.clip(index)
            if touch[index]:
                if order:
                    joints = motion_order(joints, times)
                joints = fill_joints(joints, times, self.max_gap_s)
            clips.append((joints, times))
        return Ragged.of(clips)


def _mixed(batch: Ragged, mix: Mix, *, absent_is_zero: bool = False) -> NDArray[np.float32]:
    """Bodies at the prepared moments, centred on SpineShoulder; zeros where absent.

    With ``absent_is_zero`` a joint that is absent lies at the camera, as in the published arrays.
    The result is (3, P, F, 25): x, y and z apart, as the turn wants them.
    """
    lower, upper = batch.rows[mix.lower], batch.rows[mix.upper]
    if absent_is_zero:
        for values, rows in ((lower, mix.lower), (upper, mix.upper)):
            patchy = ~batch.complete[rows]
            values[patchy] = np.where(joints_present(values[patchy])[..., None], values[patchy], 0)
    upper -= lower
    upper *= mix.weight[..., None, None]
    upper += lower
    planes = np.ascontiguousarray(np.moveaxis(upper, -1, 0))
    # Centring is linear, so it may as well come after the interpolation, on fewer frames.
    planes -= planes[..., SPINE_SHOULDER, None]
    if not mix.filled.all():
        planes[:, ~mix.filled] = 0
    return planes

"""Pose recordings, line by line: what each line of a ``.poses`` file says.

A file is JSON Lines in UTF-8, as a rule compressed by gzip. The first line is the header::

    {"format": "pgfa-poses", "version": 1, "layout": "ntu-25", "fps": 25.0, "aspect": 1.777778,
     "note": ""}

``fps`` and ``aspect`` (width of the picture over its height) may be null. Every other line is a
frame; indices and times grow::

    {"i": 0, "t": 0.0, "bodies": [{"track": 0, "confidence": 0.98,
                                   "joints": [x0, y0, z0, x1, ...], "pixels": [u0, v0, u1, ...]}]}

``t`` is in seconds, ``joints`` are 75 whole millimetres (camera space, y up, NTU-25 order) and
``pixels`` 50 whole ten-thousandths of the picture's width and height, or null as a whole. A value
that was not seen is null.
"""

import json
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

import numpy as np
from numpy.typing import NDArray

from realtime.frames import Body, BodyFrame
from train.skeletons.joints import JOINTS

FORMAT: Final = "pgfa-poses"
VERSION: Final = 1
LAYOUT: Final = "ntu-25"

_MILLIMETRES: Final = 1000.0
_PIXEL_UNITS: Final = 10_000.0
_LATEST: Final = 1e12  # seconds, or frames: both more than any recording has
_LARGEST: Final = 1_000_000  # a kilometre, a hundred pictures: nothing real is farther away


class BadLineError(ValueError):
    """A line is not what it should be; says in a few words what is wrong."""


@dataclass(frozen=True)
class Header:
    """The first line of a recording.

    Attributes:
        fps: nominal frames per second, if known.
        aspect: width over height of the picture that ``pixels`` refer to, if known.
        note: for people, e.g. where the recording comes from.
    """

    fps: float | None = None
    aspect: float | None = None
    note: str = ""

    def to_line(self) -> bytes:
        """As it stands in the file, with the newline."""
        return _line(
            {
                "format": FORMAT,
                "version": VERSION,
                "layout": LAYOUT,
                "fps": self.fps,
                "aspect": None if self.aspect is None else round(self.aspect, 6),
                "note": self.note,
            }
        )

    @classmethod
    def from_line(cls, line: bytes) -> "Header":
        """Read it.

        Raises:
            BadLineError: not a header, or one of another version or layout.
        """
        try:
            values = _object(line)
        except BadLineError:
            values = {}
        if values.get("format") != FORMAT:
            raise BadLineError(f"not a pose recording: its first line is no {FORMAT} header")
        if values.get("version") != VERSION:
            raise BadLineError(f"version {values.get('version')!r}, this program reads {VERSION}")
        if values.get("layout") != LAYOUT:
            raise BadLineError(
                f"joints in {values.get('layout')!r} order, this program reads {LAYOUT}"
            )
        note = values.get("note", "")
        return cls(
            _positive(values.get("fps")), _positive(values.get("aspect")), str(note)[:10_000]
        )


def frame_to_line(frame: BodyFrame) -> bytes:
    """A frame as it stands in the file, with the newline; the picture is left out."""
    bodies = [
        {
            "track": body.track,
            "confidence": round(float(body.confidence), 3),
            "joints": _whole(body.joints, _MILLIMETRES),
            "pixels": None if body.pixels is None else _whole(body.pixels, _PIXEL_UNITS),
        }
        for body in frame.bodies
    ]
    return _line({"i": frame.index, "t": round(frame.time, 6), "bodies": bodies})


def frame_from_line(line: bytes, t_capture: float) -> BodyFrame:
    """Read a frame that counts as captured at ``t_capture`` (unix seconds).

    Raises:
        BadLineError: not a frame.
    """
    values = _object(line)
    index, moment, bodies = values.get("i"), values.get("t"), values.get("bodies")
    if not _is_whole(index) or not 0 <= index < _LATEST:
        raise BadLineError(f"i is {index!r:.40}, not a frame index")
    if not isinstance(moment, int | float) or not abs(moment) < _LATEST:
        raise BadLineError(f"t is {moment!r:.40}, not a time")
    if not isinstance(bodies, list):
        raise BadLineError("bodies is not a list")
    return BodyFrame(tuple(_body(body) for body in bodies), index, float(moment), t_capture)


def _body(values: Any) -> Body:
    if not isinstance(values, dict):
        raise BadLineError("a body is not an object")
    track, confidence = values.get("track"), values.get("confidence")
    if not _is_whole(track) or not -1 <= track <= 2**31:
        raise BadLineError(f"track is {track!r:.40}")
    if not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise BadLineError(f"confidence is {confidence!r:.40}, not between 0 and 1")
    pixels = values.get("pixels")
    return Body(
        joints=_points(values.get("joints"), 3, _MILLIMETRES, "joints"),
        pixels=None if pixels is None else _points(pixels, 2, _PIXEL_UNITS, "pixels"),
        confidence=float(confidence),
        track=track,
    )


def _points(values: Any, dimensions: int, unit: float, name: str) -> NDArray[np.float32]:
    if not isinstance(values, list) or len(values) != JOINTS * dimensions:
        raise BadLineError(f"{name} is not a list of {JOINTS * dimensions} numbers")
    for value in values:
        if value is not None and not (_is_whole(value) and abs(value) <= _LARGEST):
            raise BadLineError(f"{name} holds {value!r:.40}, not a sensible whole number or null")
    points = np.array(values, dtype=np.float64).reshape(JOINTS, dimensions) / unit
    return points.astype(np.float32)


def _whole(points: NDArray[np.float32], unit: float) -> list[int | None]:
    scaled = np.rint(points.astype(np.float64).ravel() * unit)
    fits = np.abs(scaled) <= _LARGEST  # False for NaN
    return [int(value) if ok else None for value, ok in zip(scaled, fits, strict=True)]


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _object(line: bytes) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        raise BadLineError("not a JSON object") from None
    if not isinstance(values, dict):
        raise BadLineError("not a JSON object")
    return values


def _positive(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e6:
        raise BadLineError(f"header holds {value!r:.40} where a positive number belongs")
    return float(value)


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)

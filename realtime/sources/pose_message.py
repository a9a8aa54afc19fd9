"""Poses as others send them to us: one JSON object a moment, as ``pose_message.json`` defines it.

``docs/sources.md`` says it in words.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from realtime.frames import Body
from realtime.sources.layouts import LAYOUTS, Layout

SCHEMA: Final = 1
_BODIES: Final = 64
_LARGEST: Final = 1e6  # a kilometre in millimetres; nothing real is farther away
_LATEST: Final = 1e12  # seconds


@dataclass(frozen=True)
class PoseMessage:
    """Everybody that a sender saw at one moment.

    Attributes:
        bodies: with ``track`` -1, in the message's order; those without a single joint left out.
        ids: what the sender calls each of them; None where it does not say.
        t: seconds on the sender's monotonic clock; None where it does not say.
        fps: frames per second that it means to send, if it says.
        aspect: width over height of the picture that ``pixels`` refer to, if it says.
    """

    bodies: tuple[Body, ...]
    ids: tuple[int | str | None, ...]
    t: float | None
    fps: float | None
    aspect: float | None


def pose_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of what :func:`read_poses` takes."""
    text = (files("realtime.sources") / "pose_message.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def read_poses(message: bytes) -> PoseMessage:
    """Read one message.

    NaN, as Python writes it into JSON, counts as null. Properties that are not known are ignored.

    Raises:
        InputError: it is no such message; says in a few words what is wrong.
    """
    try:
        values = json.loads(message)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise InputError("not a JSON object")
    if values.get("schema") != SCHEMA or isinstance(values["schema"], bool):
        raise InputError(f"schema is {values.get('schema')!r:.40}, this program reads {SCHEMA}")
    if values.get("type") != "poses":
        raise InputError(f"type is {values.get('type')!r:.40}, not 'poses'")
    name = values.get("layout", "ntu-25")
    layout = LAYOUTS.get(name) if isinstance(name, str) else None
    if layout is None:
        raise InputError(f"layout is {name!r:.40}, not one of {', '.join(LAYOUTS)}")
    bodies = values.get("bodies")
    if not isinstance(bodies, list) or len(bodies) > _BODIES:
        raise InputError(f"bodies is not a list of at most {_BODIES}")
    read = [_body(body, layout) for body in bodies]
    seen = [pair for pair in read if np.isfinite(pair[0].joints).all(axis=1).any()]
    return PoseMessage(
        bodies=tuple(body for body, _ in seen),
        ids=tuple(called for _, called in seen),
        t=_number(values, "t", -_LATEST, _LATEST),
        fps=_number(values, "fps", 0.01, 1000.0),
        aspect=_number(values, "aspect", 0.01, 100.0),
    )


def write_poses(
    bodies: Sequence[Body],
    ids: Sequence[int | str | None] | None = None,
    t: float | None = None,
    fps: float | None = None,
    aspect: float | None = None,
) -> bytes:
    """The message that says so, in NTU-25; ``ids`` default to the bodies' tracks."""
    named = [body.track for body in bodies] if ids is None else ids
    values = {
        "schema": SCHEMA,
        "type": "poses",
        "t": t,
        "layout": "ntu-25",
        "fps": fps,
        "aspect": aspect,
        "bodies": [
            {
                "id": None if called == -1 else called,
                "confidence": round(float(body.confidence), 3),
                "joints": _rows(body.joints, 4),
                "pixels": None if body.pixels is None else _rows(body.pixels, 5),
            }
            for body, called in zip(bodies, named, strict=True)
        ],
    }
    return json.dumps(values, separators=(",", ":"), allow_nan=False).encode()


def _body(values: Any, layout: Layout) -> tuple[Body, int | str | None]:
    if not isinstance(values, dict):
        raise InputError("a body is not an object")
    called = values.get("id")
    if isinstance(called, float) and called.is_integer():  # JSON knows no difference
        called = int(called)
    if not (called is None or type(called) in (int, str)):
        raise InputError(f"id is {called!r:.40}, not a whole number or a text")
    joints = _points(values.get("joints"), layout.joints, 3, "joints")
    pixels = values.get("pixels")
    confidence = _number(values, "confidence", 0.0, 1.0)
    body = Body(
        joints=layout.positions(joints).astype(np.float32),
        pixels=None
        if pixels is None
        else layout.places(_points(pixels, layout.joints, 2, "pixels")).astype(np.float32),
        confidence=1.0 if confidence is None else confidence,
    )
    return body, called


def _points(values: Any, number: int, dimensions: int, name: str) -> NDArray[np.float64]:
    if not isinstance(values, list) or len(values) != number:
        raise InputError(f"{name} is not a list of {number}, one for each joint")
    points = np.full((number, dimensions), np.nan)
    for index, value in enumerate(values):
        if value is None:
            continue
        if not isinstance(value, list) or len(value) != dimensions:
            raise InputError(f"{name}[{index}] is not null or a list of {dimensions} numbers")
        for number_ in value:
            if not (number_ is None or _is_number(number_)):
                raise InputError(f"{name}[{index}] holds {number_!r:.40}, not a number or null")
        points[index] = value  # None becomes NaN
    if (np.abs(points) > _LARGEST).any():
        raise InputError(f"{name} holds a number beyond {_LARGEST:.0f}")
    points[np.isnan(points).any(axis=1)] = np.nan
    return points


def _number(values: dict[str, Any], name: str, least: float, most: float) -> float | None:
    value = values.get(name)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if not _is_number(value) or not least <= value <= most:
        raise InputError(f"{name} is {value!r:.40}, not a number from {least:g} to {most:g}")
    return float(value)


def _is_number(value: Any) -> bool:
    return type(value) is float or (type(value) is int and abs(value) <= _LATEST)


def _rows(points: NDArray[np.float32], decimals: int) -> list[list[float] | None]:
    return [
        [round(float(value), decimals) for value in point] if np.isfinite(point).all() else None
        for point in points
    ]

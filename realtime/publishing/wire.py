"""The bytes of a message: one ZeroMQ frame, ``topic SPACE json``.

Topic and object share one frame because ZeroMQ's CONFLATE option delivers corrupt data when
messages have several parts.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from bank.errors import InputError

SCHEMA: Final = 1
KINDS: Final = ("window", "action", "status")

_STREAM: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TCP: Final = re.compile(r"tcp://.+:(\d{1,5}|\*)")


def check_stream(name: str) -> str:
    """Return a stream's name if it can stand in a topic.

    A dot would end the name inside a topic and a space would end the topic, so only ASCII letters,
    digits, ``_`` and ``-`` are allowed, at most 64 of them.

    Raises:
        InputError: anything else.
    """
    if not _STREAM.fullmatch(name):
        raise InputError(
            f"stream name {name[:80]!r} cannot be used in a topic: "
            "give 1 to 64 letters, digits, '_' or '-'"
        )
    return name


def stream_name(text: str) -> str:
    """The nearest allowed stream name to any text, e.g. a file's name; ``stream`` if none is."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:64].strip("-") or "stream"


def check_endpoint(endpoint: str) -> str:
    """Return an endpoint that can be right; ZeroMQ itself reads port ``80x`` as 80, 99999 as 34463.

    Raises:
        InputError: not ``tcp://<address>:<port>`` or ``ipc://<path>``.
    """
    tcp = _TCP.fullmatch(endpoint)
    if tcp and (tcp[1] == "*" or int(tcp[1]) <= 65535):
        return endpoint
    if re.fullmatch(r"ipc://.+", endpoint):
        return endpoint
    raise InputError(
        f"{endpoint!r} is not an endpoint; give one like tcp://127.0.0.1:5556 or ipc:///tmp/pgfa"
    )


def encode(topic: str, message: Mapping[str, Any]) -> bytes:
    """One message as it travels.

    Raises:
        ValueError: a value has no JSON form (NaN and infinity have none).
    """
    return f"{topic} {to_json(message)}".encode()


def to_json(message: Mapping[str, Any]) -> str:
    """A message as one line of JSON.

    Raises:
        ValueError: a value has no JSON form (NaN and infinity have none).
    """
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


# What readers take from a message without asking; schema.json says more.
_NEEDED = {
    "window": ("track", "frame", "label", "score", "top", "entropy"),
    "action": ("phase", "track", "label", "t_start", "t_end"),
    "status": ("state", "frames", "windows", "fps", "bank"),
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def decode(frame: bytes) -> tuple[str, dict[str, Any]]:
    """Topic and object of a frame.

    What every reader relies on is checked (``schema``, ``type``, ``stream``, ``seq`` and that they
    agree with the topic); fields that are not known are left in place.

    Raises:
        InputError: not such a frame.
    """
    topic, separator, text = frame.partition(b" ")
    try:
        message = json.loads(text) if separator else None
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise InputError("malformed message: not `topic SPACE json object`")
    if message.get("schema") != SCHEMA:
        raise InputError(f"message has schema {message.get('schema')!r}, this reads {SCHEMA}")
    seq = message.get("seq")
    if not isinstance(seq, int) or isinstance(seq, bool) or seq < 0:
        raise InputError(f"malformed message: seq is {seq!r}")
    named = f"{message.get('type')}.{message.get('stream')}"
    lacks = [name for name in ("t_capture", "t_publish") if not _is_number(message.get(name))]
    lacks += [name for name in _NEEDED.get(str(message.get("type")), ()) if name not in message]
    if lacks:
        raise InputError(f"malformed message: no {', '.join(lacks)}")
    if message.get("type") not in KINDS or topic != named.encode(errors="replace"):
        raise InputError(f"malformed message: topic {topic[:80]!r} on an object of {named!r}")
    return named, message

"""The sending end."""

import errno
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import zmq

from bank.errors import InputError
from realtime.publishing.messages import ActionMessage, Message, StatusMessage, WindowMessage
from realtime.publishing.wire import check_endpoint, check_stream, encode

_QUEUED: Final = 1000  # messages kept for a slow subscriber before it misses some
_LINGER_MS: Final = 500  # how long closing may take to hand over what is queued
_TYPES: Final[dict[str, type[Message]]] = {
    kind.type: kind for kind in (WindowMessage, ActionMessage, StatusMessage)
}


class Publisher:
    """Numbers, stamps and sends messages; never waits for a subscriber.

    A subscriber that falls more than 1000 messages behind misses some, which it can tell from
    ``seq``. May be used from several threads.

    Args:
        endpoint: where subscribers connect, e.g. ``tcp://127.0.0.1:5556`` (port ``*`` takes a free
            one) or ``ipc:///tmp/pgfa``. None sends nothing, but still numbers and counts.
        stream: name of the stream in topics.

    Raises:
        InputError: the stream's name cannot stand in a topic, or the endpoint is malformed, taken,
            or not on this machine.
    """

    def __init__(self, endpoint: str | None, stream: str) -> None:
        self.stream = check_stream(stream)
        self.endpoint = endpoint
        self._sent: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._socket: zmq.Socket[bytes] | None = None
        if endpoint is None:
            return
        check_endpoint(endpoint)
        _check_replaceable(endpoint)
        # A context of its own, so that closing can wait for what is queued.
        self._context = zmq.Context()
        sender = self._context.socket(zmq.PUB)
        sender.sndhwm = _QUEUED
        sender.linger = _LINGER_MS
        sender.ipv6 = "[" in endpoint
        try:
            sender.bind(endpoint)
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise InputError(f"cannot publish on {endpoint}: {_reason(error)}") from None
        self.endpoint = sender.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")
        self._socket = sender

    @property
    def counts(self) -> dict[str, int]:
        """Messages so far, by kind."""
        return dict(self._sent)

    def publish(self, kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Send one message.

        Args:
            kind: ``window``, ``action`` or ``status``.
            fields: what the kind's message holds besides ``stream``, ``seq`` and ``t_publish``.

        Returns:
            The object as it was sent.

        Raises:
            ValueError: unknown kind, or a value that JSON cannot hold.
            TypeError: a field is missing or unknown.
        """
        if kind not in _TYPES:
            raise ValueError(f"no message of kind {kind!r}")
        with self._lock:
            message = _TYPES[kind](
                stream=self.stream, seq=self._sent[kind], t_publish=time.time(), **fields
            )
            sent = message.to_dict()
            frame = encode(message.topic, sent)
            if self._socket is not None:
                # A PUB socket drops for whoever is full; it cannot block.
                self._socket.send(frame, zmq.DONTWAIT)
            self._sent[kind] += 1
        return sent

    def close(self) -> None:
        """Hand over what is queued, for half a second at most, and free the endpoint."""
        with self._lock:
            sender, self._socket = self._socket, None
            if sender is None:
                return
            sender.close(linger=_LINGER_MS)
            self._context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check_replaceable(endpoint: str) -> None:
    """Refuse what ZeroMQ would remove without asking: a file, or the socket of a living program.

    Raises:
        InputError: such a thing is there.
    """
    name = endpoint.removeprefix("ipc://")
    if name == endpoint or name.startswith(("@", "*")):  # tcp, and what has no file
        return
    path = Path(name)
    if not path.exists():
        return
    if not path.is_socket():
        raise InputError(f"cannot publish on {endpoint}: a file is there; name another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        if probe.connect_ex(name) == 0:
            raise InputError(f"cannot publish on {endpoint}: another program uses that socket")


def _reason(error: zmq.ZMQError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "another program uses that port; choose another one"
        case errno.EACCES | errno.EPERM:
            return "not permitted; choose a port above 1023 or a folder that can be written"
        case errno.ENODEV | errno.EADDRNOTAVAIL:
            return "this machine has no such address; use one of its own, 127.0.0.1 or *"
        case errno.EINVAL:
            return "not an address; it looks like tcp://127.0.0.1:5556 or ipc:///tmp/pgfa"
        case errno.ENOENT:
            return "the folder of that path does not exist; make it first"
        case _:
            return zmq.strerror(error.errno or 0).lower()

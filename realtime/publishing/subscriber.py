"""The receiving end."""

import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, Self

import zmq

from bank.errors import InputError
from realtime.publishing.wire import check_endpoint, decode

_LARGEST: Final = 1 << 20  # bytes; a status of a thousand classes has some 30 kB


class Subscriber:
    """Iterates over the messages of a publisher, whether it is up already or not.

    Args:
        endpoint: what the publisher publishes on, e.g. ``tcp://127.0.0.1:5556``.
        topics: topics to receive, by their beginnings: ``window.`` for all windows, ``window.cam ``
            (with the space) for those of stream ``cam`` alone, the empty string for everything.
        conflate: keep only the newest message that has not been read, of all topics together.
            Whoever wants the newest window subscribes to that topic alone.
        timeout: seconds without a message after which the iteration ends; None waits for ever.

    Attributes:
        gaps: topic to the number of messages that were sent but not received. Messages before the
            first one received do not count, nor do those that ``conflate`` leaves out on purpose.
        restarts: how often a publisher was seen to begin anew.
        malformed: how many frames were skipped because they are not our messages.

    Raises:
        InputError: the endpoint is malformed.
    """

    def __init__(
        self,
        endpoint: str,
        topics: Sequence[str] = ("",),
        conflate: bool = False,
        timeout: float | None = None,
    ) -> None:
        check_endpoint(endpoint)
        self.gaps: Counter[str] = Counter()
        self.restarts = 0
        self.malformed = 0
        self._timeout = timeout
        self._conflate = conflate
        self._next: dict[str, int] = {}
        socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        socket.linger = 0
        socket.ipv6 = "[" in endpoint
        socket.maxmsgsize = _LARGEST
        if conflate:
            socket.setsockopt(zmq.CONFLATE, 1)
        for topic in topics:
            socket.subscribe(topic)
        try:
            socket.connect(endpoint)
        except zmq.ZMQError:
            socket.close(linger=0)
            raise InputError(
                f"cannot listen to {endpoint}: it looks like tcp://127.0.0.1:5556"
            ) from None
        self._socket = socket

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Messages as they come, until nothing came for ``timeout`` seconds."""
        while (message := self.receive(self._timeout)) is not None:
            yield message

    def receive(self, timeout: float | None = None) -> dict[str, Any] | None:
        """The next message; None when there is none within so many seconds (None: for ever)."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._socket.poll(None if left is None else math.ceil(left * 1e3)):
                return None
            message = self._read()
            if message is not None:
                return message

    def close(self) -> None:
        """Disconnect."""
        self._socket.close(linger=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> dict[str, Any] | None:
        parts = self._socket.recv_multipart()
        try:
            if len(parts) != 1:
                raise InputError("a message of several parts")
            topic, message = decode(parts[0])
        except InputError:
            self.malformed += 1
            return None
        expected = self._next.get(topic)
        if expected is not None and message["seq"] < expected:
            self.restarts += 1
        elif expected is not None and not self._conflate:
            self.gaps[topic] += message["seq"] - expected
        self._next[topic] = message["seq"] + 1
        return message

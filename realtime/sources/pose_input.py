"""Poses that somebody else estimates and sends by ZeroMQ."""

import time
from dataclasses import replace
from typing import Final

import zmq

from bank.errors import InputError
from realtime.frames import BodyFrame
from realtime.publishing.wire import check_endpoint
from realtime.sources.identities import Identities
from realtime.sources.pose_message import PoseMessage, read_poses
from realtime.sources.sender_clock import SenderClock

_LARGEST: Final = 1 << 20  # bytes; ten people take some 15,000
_WAIT_MS: Final = 100
_ALIVE_MS: Final = 2_000  # between signs of life, by which a dead line is noticed
_DEAD_MS: Final = 6_000
_RESTART: Final = 2.0  # seconds; a clock that goes back farther is that of a new sender


class PoseInput:
    """A SUB socket as a :class:`realtime.sources.feed.Feed`; finds a restarted sender by itself.

    A message that is not what it should be is counted, noted once and skipped.

    Args:
        endpoint: where the sender's PUB socket is, e.g. ``tcp://host:5560``; ``tcp://*:5560``
            waits at that port of ours for a sender that connects.
        notes: where what was skipped is noted, for the user.

    Attributes:
        skipped: messages so far that were no poses, or not later than the one before.

    Raises:
        InputError: the endpoint is malformed, or not one of this machine's and to be waited at.
    """

    patient = True

    def __init__(self, endpoint: str, notes: list[str]) -> None:
        check_endpoint(endpoint)
        self.fps: float | None = None
        self.aspect: float | None = None
        self.hint = "is the sender running, and does it send there?"
        self.skipped = 0
        self._endpoint = endpoint
        self._notes = notes
        self._note: int | None = None
        self._why = ""
        self._sent: float | None = None
        self._clock = SenderClock()
        self._number = Identities()
        socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        socket.linger = 0
        socket.ipv6 = "[" in endpoint
        socket.maxmsgsize = _LARGEST
        socket.reconnect_ivl, socket.reconnect_ivl_max = 100, 5_000
        socket.heartbeat_ivl, socket.heartbeat_timeout = _ALIVE_MS, _DEAD_MS
        socket.subscribe("")
        try:
            (socket.bind if "*" in endpoint else socket.connect)(endpoint)
        except zmq.ZMQError as error:
            socket.close()
            reason = zmq.strerror(error.errno or 0).lower()
            raise InputError(f"cannot take poses from {endpoint}: {reason}") from None
        self._socket = socket

    def read(self) -> BodyFrame | None:
        """See :class:`realtime.sources.feed.Feed`."""
        if not self._socket.poll(_WAIT_MS):
            return None
        parts = self._socket.recv_multipart()
        arrived = time.monotonic()
        try:
            if len(parts) != 1:
                raise InputError("of several parts; send one")
            message = read_poses(parts[0])
            taken = self._taken(message, arrived)
        except InputError as error:
            self._skip(str(error))
            return None
        self.fps = message.fps or self.fps
        self.aspect = message.aspect or self.aspect
        bodies = tuple(
            body if called is None else replace(body, track=self._number(called))
            for body, called in zip(message.bodies, message.ids, strict=True)
        )
        return BodyFrame(bodies, 0, taken, time.time() - (arrived - taken), t_mono=taken)

    def close(self) -> None:
        """Disconnect."""
        self._socket.close(linger=0)

    def _taken(self, message: PoseMessage, arrived: float) -> float:
        """When the bodies were seen, on our clock."""
        if message.t is None:
            return arrived
        before, self._sent = self._sent, message.t
        if before is not None and before - _RESTART < message.t <= before:
            self._sent = before
            raise InputError(f"t is {message.t:g}, not later than the {before:g} before")
        return self._clock(message.t, arrived)

    def _skip(self, why: str) -> None:
        self.skipped += 1
        self._why = self._why or why
        note = f"{self._endpoint}: {self.skipped} messages skipped; the first: {self._why}"
        self.hint = f"{self.skipped} messages were skipped; the first: {self._why}"
        if self._note is None:
            self._note = len(self._notes)
            self._notes.append(note)
        self._notes[self._note] = note

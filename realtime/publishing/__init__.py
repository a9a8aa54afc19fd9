"""What leaves the house: messages on ZeroMQ, and the same in a file."""

from realtime.publishing.event_log import EventLog
from realtime.publishing.messages import (
    ActionMessage,
    Message,
    StatusMessage,
    WindowMessage,
    message_schema,
)
from realtime.publishing.publisher import Publisher
from realtime.publishing.subscriber import Subscriber
from realtime.publishing.wire import check_stream, decode, encode, stream_name

__all__ = [
    "ActionMessage",
    "EventLog",
    "Message",
    "Publisher",
    "StatusMessage",
    "Subscriber",
    "WindowMessage",
    "check_stream",
    "decode",
    "encode",
    "message_schema",
    "stream_name",
]

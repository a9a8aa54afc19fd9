"""Publisher and subscriber over real loopback sockets."""

import socket
import subprocess
import sys
import time

import pytest
import zmq
from jsonschema import Draft202012Validator

from bank.errors import InputError
from realtime.publishing import Publisher, Subscriber, encode, message_schema

ANY_PORT = "tcp://127.0.0.1:*"
ACTION = {
    "t_capture": 1e9,
    "phase": "start",
    "track": 0,
    "label": "bow",
    "t_start": 1.0,
    "t_end": None,
}
WINDOW = {
    "t_capture": 1e9,
    "track": 0,
    "frame": 9,
    "label": "bow",
    "score": 0.75,
    "top": [("bow", 0.75), ("wave", 0.25)],
    "entropy": 0.5,
}


def connected(publisher, subscriber):
    """Send until something arrives: a subscriber takes a moment to be let in."""
    for _ in range(500):
        publisher.publish("action", ACTION)
        if (message := subscriber.receive(timeout=0.02)) is not None:
            return message
    raise AssertionError("no connection within ten seconds")


def test_what_is_sent_arrives_numbered_and_stamped():
    validator = Draft202012Validator(message_schema())
    with (
        Publisher(ANY_PORT, "cam") as publisher,
        Subscriber(publisher.endpoint, timeout=5) as subscriber,
    ):
        connected(publisher, subscriber)
        before = time.time()
        sent = [publisher.publish("window", WINDOW) for _ in range(20)]
        sent += [publisher.publish("action", ACTION) for _ in range(20)]
        received = []
        while len([m for m in received if m["type"] == "window"]) < 20:
            received.append(subscriber.receive(5))
        windows = [message for message in received if message["type"] == "window"]
        assert windows == sent[:20]
        assert [message["seq"] for message in windows] == list(range(20))
        assert all(before - 1e-3 <= message["t_publish"] <= time.time() for message in windows)
        for message in received + sent:
            validator.validate(message)
        assert publisher.counts["window"] == 20
        assert sum(subscriber.gaps.values()) == subscriber.malformed == 0


def test_without_an_endpoint_messages_are_numbered_all_the_same():
    with Publisher(None, "cam") as publisher:
        assert [publisher.publish("window", WINDOW)["seq"] for _ in range(3)] == [0, 1, 2]
        assert publisher.publish("action", ACTION)["seq"] == 0
        assert publisher.counts == {"window": 3, "action": 1}


def test_a_refused_message_leaves_no_gap():
    with Publisher(None, "cam") as publisher:
        with pytest.raises(ValueError, match="JSON compliant"):
            publisher.publish("window", WINDOW | {"score": float("nan")})
        with pytest.raises(TypeError, match="entropy"):
            publisher.publish("window", {k: v for k, v in WINDOW.items() if k != "entropy"})
        with pytest.raises(ValueError, match="kind"):
            publisher.publish("weather", {})
        assert publisher.publish("window", WINDOW)["seq"] == 0


def test_topics_are_chosen_by_their_beginnings():
    with (
        Publisher(ANY_PORT, "cam") as publisher,
        Subscriber(publisher.endpoint, topics=("action.cam ",)) as subscriber,
    ):
        connected(publisher, subscriber)
        publisher.publish("window", WINDOW)
        last = publisher.publish("action", ACTION | {"label": "last"})
        for _ in range(600):
            message = subscriber.receive(5)
            assert message["type"] == "action"
            if message["label"] == "last":
                break
        assert message == last


def test_conflate_gives_the_newest():
    with (
        Publisher(ANY_PORT, "cam") as publisher,
        Subscriber(publisher.endpoint, topics=("window.",), conflate=True) as newest,
        Subscriber(publisher.endpoint) as every,
    ):
        connected(publisher, every)
        for _ in range(500):
            publisher.publish("window", WINDOW)
            if newest.receive(0.02):
                break
        last = [publisher.publish("window", WINDOW) for _ in range(300)][-1]
        while (message := every.receive(5))["type"] != "window" or message["seq"] < last["seq"]:
            pass
        time.sleep(0.2)  # the other subscriber's own thread takes it in
        assert newest.receive(5) == last
        assert sum(newest.gaps.values()) == 0


def frames(*numbers):
    action = {"schema": 1, "type": "action", "stream": "cam", "t_publish": 1e9, **ACTION}
    return [encode("action.cam", action | {"seq": n}) for n in numbers]


@pytest.fixture
def raw_publisher():
    """A publisher of any bytes, and a subscriber that listens to it already."""
    with zmq.Context() as context, context.socket(zmq.XPUB) as sender:
        sender.linger = 0
        port = sender.bind_to_random_port("tcp://127.0.0.1")
        with Subscriber(f"tcp://127.0.0.1:{port}", timeout=0.3) as subscriber:
            assert sender.poll(5000)
            sender.recv()  # its subscription
            yield sender, subscriber


def test_gaps_and_restarts_are_told_apart(raw_publisher):
    sender, subscriber = raw_publisher
    for frame in frames(4, 5, 8, 9, 0, 1, 3):
        sender.send(frame)
    assert [message["seq"] for message in subscriber] == [4, 5, 8, 9, 0, 1, 3]
    assert dict(subscriber.gaps) == {"action.cam": 3}
    assert subscriber.restarts == 1


def test_malformed_frames_are_counted_and_skipped(raw_publisher):
    sender, subscriber = raw_publisher
    first, second = frames(0, 1)
    sender.send(first)
    sender.send(b"window.cam {nonsense")
    sender.send(b"\x00\xff")
    sender.send_multipart([b"action.cam", first])
    sender.send(second)
    assert [message["seq"] for message in subscriber] == [0, 1]
    assert subscriber.malformed == 3
    assert sum(subscriber.gaps.values()) == 0


def test_silence_ends_the_iteration():
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        endpoint = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"
        with Subscriber(endpoint, timeout=0.05) as subscriber:
            assert list(subscriber) == []


def test_a_stuck_subscriber_does_not_stop_the_publisher():
    with (
        Publisher(ANY_PORT, "cam") as publisher,
        Subscriber(publisher.endpoint, timeout=0.3) as stuck,
    ):
        connected(publisher, stuck)
        big = WINDOW | {"label": "x" * 20_000}
        sent = [publisher.publish("window", big) for _ in range(6000)]  # 120 MB, more than fits
        assert len(sent) == 6000
        received = [m["seq"] for m in stuck if m["type"] == "window"]
        for _ in range(100):  # room again: what comes now shows how many were left out
            sent.append(publisher.publish("window", WINDOW))
            received += [m["seq"] for m in stuck if m["type"] == "window"]
            if received and received[-1] == len(sent) - 1:
                break
        assert len(received) < len(sent)
        assert len(received) + stuck.gaps["window.cam"] == received[-1] - received[0] + 1


def test_the_last_message_leaves_before_the_process_ends():
    code = (
        "import os, select, sys\n"
        "from realtime.publishing import Publisher\n"
        "publisher = Publisher('tcp://127.0.0.1:*', 'cam')\n"
        "print(publisher.endpoint, flush=True)\n"
        "while not select.select([sys.stdin], [], [], 0.02)[0]:\n"
        f"    publisher.publish('window', {WINDOW!r})\n"
        f"for _ in range(900): publisher.publish('action', {ACTION!r})\n"
        "publisher.close()\n"
        "os._exit(0)\n"
    )
    with (
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
        Subscriber(process.stdout.readline().strip(), timeout=1) as subscriber,
    ):
        assert subscriber.receive(10)["type"] == "window"  # it is let in
        process.stdin.write("\n")
        process.stdin.flush()
        actions = [message["seq"] for message in subscriber if message["type"] == "action"]
        assert actions == list(range(900))
    assert process.returncode == 0


def test_a_taken_port_is_named():
    with (
        Publisher(ANY_PORT, "a") as first,
        pytest.raises(InputError, match=r"another program uses that port"),
    ):
        Publisher(first.endpoint, "b")


def test_the_port_is_free_after_closing():
    first = Publisher(ANY_PORT, "a")
    first.close()
    first.close()
    with Publisher(first.endpoint, "a") as again:
        assert again.endpoint == first.endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "5556",
        "127.0.0.1:5556",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:80x",
        "tcp://127.0.0.1:99999",
        "http://127.0.0.1:5556",
        "ipc://",
    ],
)
def test_malformed_endpoints_are_refused(endpoint):
    with pytest.raises(InputError, match="not an endpoint") as publishing:
        Publisher(endpoint, "cam")
    with pytest.raises(InputError, match="not an endpoint"):
        Subscriber(endpoint)
    assert "\n" not in str(publishing.value)


def test_unreachable_endpoints_are_refused():
    with pytest.raises(InputError, match="no such address"):
        Publisher("tcp://192.0.2.1:5556", "cam")
    with pytest.raises(InputError, match="does not exist"):
        Publisher("ipc:///no/such/folder/socket", "cam")


def test_publishing_over_a_socket_file(tmp_path):
    with (
        Publisher(f"ipc://{tmp_path}/s", "cam") as publisher,
        Subscriber(publisher.endpoint) as subscriber,
    ):
        assert connected(publisher, subscriber)["label"] == "bow"


def test_a_socket_file_takes_no_other_file_s_place(tmp_path):
    precious = tmp_path / "thesis.txt"
    precious.write_text("three years of work")
    with pytest.raises(InputError, match="a file is there"):
        Publisher(f"ipc://{precious}", "cam")
    assert precious.read_text() == "three years of work"


def test_a_socket_file_in_use_is_not_taken_over_and_a_left_one_is(tmp_path):
    endpoint = f"ipc://{tmp_path}/s"
    with (
        Publisher(endpoint, "cam"),
        pytest.raises(InputError, match="another program uses that socket"),
    ):
        Publisher(endpoint, "cam")
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left.bind(str(tmp_path / "left"))
    left.close()  # its file stays, as after a kill
    with Publisher(f"ipc://{tmp_path}/left", "cam") as publisher:
        assert publisher.publish("action", ACTION)["seq"] == 0

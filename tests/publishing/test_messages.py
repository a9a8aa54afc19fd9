"""Messages obey the schema, and travel as `topic SPACE json`."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bank.errors import InputError
from realtime.publishing import (
    ActionMessage,
    StatusMessage,
    WindowMessage,
    check_stream,
    decode,
    encode,
    message_schema,
    stream_name,
)

VALIDATOR = Draft202012Validator(message_schema())
HEAD = {"stream": "cam", "seq": 0, "t_capture": 1e9, "t_publish": 1e9 + 0.04}
WINDOW = WindowMessage(
    **HEAD,
    track=0,
    frame=75,
    label="挥手",
    score=0.7,
    top=[("挥手", 0.7), ("bow", 0.3)],
    entropy=0.6,
)
START = ActionMessage(**HEAD, phase="start", track=0, label="bow", t_start=1.5, t_end=None)
END = ActionMessage(**HEAD, phase="end", track=0, label="bow", t_start=1.5, t_end=3.25)
STATUS = StatusMessage(
    **HEAD,
    state="running",
    frames=75,
    windows=3,
    dropped=0,
    fps=25.0,
    latency_ms={"p50": 40.1, "p95": 61.0},
    bank={"bow": 2, "wave": 0},
)
ALL = (WINDOW, START, END, STATUS)


def errors(message):
    return [error.message for error in VALIDATOR.iter_errors(message)]


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(message_schema())


@pytest.mark.parametrize("message", ALL, ids=lambda m: m.topic)
def test_messages_obey_the_schema(message):
    assert errors(message.to_dict()) == []


def test_the_documented_examples_obey_the_schema():
    page = Path(__file__).parents[2] / "docs" / "messages.md"
    examples = re.findall(r"```json\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert [json.loads(text)["type"] for text in examples] == ["window", "action", "status"]
    for text in examples:
        assert errors(json.loads(text)) == []


@pytest.mark.parametrize("message", ALL, ids=lambda m: m.topic)
def test_every_field_is_required_and_typed_by_the_schema(message):
    whole = message.to_dict()
    for name in whole:
        assert errors({k: v for k, v in whole.items() if k != name}), f"{name} may be missing"
        assert errors(whole | {name: ["?"]}), f"{name} may be anything"
    documented = message_schema()["$defs"][message.type]["properties"]
    assert {f.name for f in dataclasses.fields(message)} <= {
        *documented,
        *message_schema()["properties"],
    }


@pytest.mark.parametrize(
    "change",
    [
        {"type": "action"},
        {"schema": 2},
        {"seq": -1},
        {"stream": "a b"},
        {"score": 1.5},
        {"top": []},
        {"top": [["bow"]]},
        {"top": [["bow", 0.5, 1]]},
        {"entropy": None},
    ],
)
def test_the_schema_refuses_wrong_windows(change):
    assert errors(WINDOW.to_dict() | change)


@pytest.mark.parametrize("change", [{"t_end": 2.0}, {"phase": "end"}, {"phase": "middle"}])
def test_the_schema_ties_the_end_to_the_phase(change):
    assert errors(START.to_dict() | change)
    assert errors(END.to_dict() | {"t_end": None})


def test_actions_cannot_be_half_ended():
    with pytest.raises(ValueError, match="t_end"):
        ActionMessage(**HEAD, phase="end", track=0, label="bow", t_start=1.5, t_end=None)
    with pytest.raises(ValueError, match="t_end"):
        ActionMessage(**HEAD, phase="start", track=0, label="bow", t_start=1.5, t_end=2.0)


def test_unknown_properties_are_allowed_for_newer_publishers():
    assert errors(STATUS.to_dict() | {"queue": 3}) == []


@pytest.mark.parametrize("message", ALL, ids=lambda m: m.topic)
def test_frames_come_back(message):
    frame = encode(message.topic, message.to_dict())
    topic, _, text = frame.partition(b" ")
    assert topic == f"{message.type}.cam".encode()
    assert json.loads(text) == message.to_dict()
    assert decode(frame) == (message.topic, message.to_dict())


def test_values_without_a_json_form_never_travel():
    with pytest.raises(ValueError, match="JSON compliant"):
        encode("window.cam", WINDOW.to_dict() | {"score": float("nan")})


good = encode(WINDOW.topic, WINDOW.to_dict())


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"window.cam",
        b"window.cam ",
        b"window.cam []",
        b"window.cam {",
        b"window.cam {}",
        b"\xff\xfe \xff",
        b"window.cam " + b"[" * 100_000,
        good.replace(b"window.cam", b"action.cam"),
        good.replace(b"window.cam", b"window.other"),
        good.replace(b'"schema":1', b'"schema":2'),
        good.replace(b'"seq":0', b'"seq":-1'),
        good.replace(b'"seq":0', b'"seq":true'),
        good[: len(good) // 2],
    ],
)
def test_malformed_frames_are_refused(frame):
    with pytest.raises(InputError):
        decode(frame)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_an_input_error(data):
    for frame in (data, b"window.cam " + data, good[:40] + data):
        try:
            topic, message = decode(frame)
        except InputError as error:
            assert "\n" not in str(error)
        else:
            assert topic == f"{message['type']}.{message['stream']}"


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_an_allowed_stream_name(text):
    assert check_stream(stream_name(text))


def test_allowed_names_are_kept():
    assert stream_name("cam-2_hall") == "cam-2_hall"
    assert stream_name("My video (1).final") == "My-video-1-final"
    assert stream_name("挥手") == "stream"


@pytest.mark.parametrize("name", ["", "a b", "a.b", "é", "a/b", "a\n", "\t", "x" * 65])
def test_names_that_would_break_a_topic_are_refused(name):
    with pytest.raises(InputError, match="stream name"):
        check_stream(name)

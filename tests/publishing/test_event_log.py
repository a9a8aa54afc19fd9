"""The file of messages stays whole whatever happens."""

import json
from pathlib import Path

import pytest

from bank.errors import InputError
from realtime.publishing import EventLog, Publisher

STATUS = {
    "t_capture": 1e9,
    "state": "running",
    "frames": 1,
    "windows": 0,
    "dropped": 0,
    "fps": 0.0,
    "latency_ms": None,
    "bank": {"挥手": 0},
}


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


def test_every_message_is_in_the_file_as_it_was_sent(tmp_path):
    path = tmp_path / "events.jsonl"
    with Publisher(None, "cam") as publisher, EventLog(path) as log:
        for _ in range(3):
            sent = publisher.publish("status", STATUS)
            log.write(sent)
            assert json.loads(lines(path)[-1]) == sent  # at once, not when it is closed
    assert [json.loads(line)["seq"] for line in lines(path)] == [0, 1, 2]


def test_older_lines_are_kept_and_a_half_one_is_closed_off(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"seq":0}\n{"se')
    with EventLog(path) as log:
        log.write({"seq": 1})
    assert lines(path) == ['{"seq":0}', '{"se', '{"seq":1}']
    with EventLog(path) as log:
        log.write({"seq": 2})
    assert lines(path)[-2:] == ['{"seq":1}', '{"seq":2}']


def test_a_full_disk_is_said_in_one_line():
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with EventLog(full) as log, pytest.raises(InputError, match="No space left"):
        log.write({"seq": 0})


def test_folders_that_are_not_there_are_said(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        EventLog(tmp_path / "no" / "events.jsonl")
    with pytest.raises(InputError, match="directory"):
        EventLog(tmp_path)

"""Killed, restarted, told to end: the real program, its bank in a file."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from bank import PrototypeBank

ROOT = Path(__file__).resolve().parents[2]
EVERY = 0.3  # seconds between saves


def live(folder, name):
    arguments = [
        "--demo", "--realtime", "--headless", "--no-publish", "--events", folder / name,
        "--bank-state", folder / "bank.safetensors", "--save-every", EVERY,
        "--bank-mode", "exact",
    ]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", "from apps.live import main; main()", *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "DISPLAY": "", "WAYLAND_DISPLAY": ""},
    )  # fmt: skip


def statuses(path):
    if not path.exists():
        return []
    lines = path.read_text().split("\n")[:-1]  # the last one may be half a line
    return [m for m in map(json.loads, lines) if m["type"] == "status"]


def wait_for(process, path, what):
    deadline = time.monotonic() + 120
    while not (found := [m for m in statuses(path) if what(m)]):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found[0]


def samples(message):
    return sum(message["bank"].values())


def saved(message):
    return (message["bank_state"]["saved"] or {"samples": 0})["samples"]


def test_killed_and_started_again_it_goes_on_with_what_it_had(tmp_path):
    bank, first, second = (tmp_path / n for n in ("bank.safetensors", "1.jsonl", "2.jsonl"))
    process = live(tmp_path, "1.jsonl")
    wait_for(process, first, lambda m: saved(m) >= 2)
    process.kill()
    killed_at = time.time()
    process.communicate()
    acknowledged = [m for m in statuses(first) if m["t_publish"] < killed_at - 3 * EVERY - 1]
    kept = PrototypeBank.load(bank).count
    assert kept >= max(saved(m) for m in statuses(first))
    assert kept >= max((samples(m) for m in acknowledged), default=0)

    process = live(tmp_path, "2.jsonl")
    began = wait_for(process, second, lambda m: True)
    assert samples(began) == kept
    assert saved(began) == kept
    wait_for(process, second, lambda m: samples(m) > kept)
    process.send_signal(signal.SIGTERM)  # a save is due about now
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "SIGTERM" in out
    last = statuses(second)[-1]
    assert last["state"] == "ended"
    assert PrototypeBank.load(bank).count == samples(last) > kept
    assert list(tmp_path.glob("*.part")) == []


def test_a_writer_that_is_killed_again_and_again_leaves_whole_files(tmp_path):
    path = tmp_path / "bank.safetensors"
    code = f"""
import torch
from pathlib import Path
from bank import PrototypeBank
from realtime.pipeline import BankKeeper
text = torch.eye(8, 64)
with BankKeeper(Path({str(path)!r}), every=0.0) as keeper:
    bank = keeper.load(text, 0.9, "exact") or PrototypeBank(text)
    while True:
        bank.update(torch.randn(300, 64))
        keeper.offer(bank)
        print(keeper.saved_samples, flush=True)
"""
    before = 0
    for lines in (60, 90, 130):
        writer = subprocess.Popen(
            [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(lines):
            told = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        count = PrototypeBank.load(path, None).count
        assert count >= told >= before
        assert count > before
        before = count

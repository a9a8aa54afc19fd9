"""kill -9 at any moment, then build again: nothing lost, nothing twice."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from made_up import MadeUp, make_dataset

from train.data.store import Store, build_store

FILES = ("joints.f32", "times.f64", "table.bin", "names.txt", "bad.jsonl")
ROOT = Path(__file__).resolve().parents[2]


def start(store: Path, dataset: Path) -> subprocess.Popen[bytes]:
    """A build in a process of its own, 4 ms a clip, committing every 3 clips."""
    script = Path(__file__).with_name("made_up.py")
    return subprocess.Popen(
        [sys.executable, str(script), str(store), str(dataset), "0.004"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )


def test_a_build_that_is_killed_again_and_again_ends_as_one_that_is_not(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "set", clips=150, broken=(3, 11, 77))
    build_store(tmp_path / "whole", MadeUp(), dataset, chunk=3, progress=False)

    store = tmp_path / "killed"
    chance = random.Random(0)
    sizes = [0]
    for _ in range(3):
        process = start(store, dataset)
        try:
            # Wait for it to write something new, then a little at random into its work.
            limit = time.monotonic() + 30
            names = store / "names.txt"
            while process.poll() is None and time.monotonic() < limit:
                if names.exists() and names.stat().st_size > sizes[-1]:
                    break
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.1))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        seen = Store.open(store)
        seen.verify()
        sizes.append((store / "names.txt").stat().st_size)
        assert all(seen.clip(index).joints.size for index in range(len(seen)))
        if process.returncode == 0:
            break
    assert process.returncode == -signal.SIGKILL, "the build was too quick to be killed"
    assert 0 < len(Store.open(store)) < 147

    # What a kill in the middle of writing leaves behind the bytes that count.
    for name in FILES:
        with (store / name).open("ab") as file:
            file.write(b"half a chunk")
    report = build_store(store, MadeUp(), dataset, chunk=3, progress=False)
    assert report.already > 0
    assert report.already + report.built == 147
    for name in FILES[:-1]:
        assert (store / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert Store.open(store).bad == Store.open(tmp_path / "whole").bad
    Store.open(store).verify()

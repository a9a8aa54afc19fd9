"""The whole pipeline over the real recording: answers, figures, keys, silence."""

import threading
import time
from pathlib import Path

import pytest

from realtime.pipeline import BankKeeper, Pipeline
from realtime.publishing import Publisher
from realtime.recogniser import Recogniser
from realtime.sources import Source, open_source
from train.model import BUNDLED_CHECKPOINT
from train.text.encoder import cache_folder
from train.text.labels import read_labels

DEMO = Path(__file__).resolve().parents[2] / "apps" / "demo"
TIMES = {"t_capture", "t_publish", "latency_ms"}


class Kept(Publisher):
    """A publisher whose messages can be looked at."""

    def __init__(self):
        super().__init__(None, "kept")
        self.sent = []

    def publish(self, kind, fields):
        self.sent.append(super().publish(kind, fields))
        return self.sent[-1]

    def of(self, kind):
        return [m for m in self.sent if m["type"] == kind]


class Pausing(Source):
    """The recording as something live, that says nothing for a while after some frames."""

    def __init__(self, after, state="running"):
        self._inner = open_source(str(DEMO / "demo.poses"), realtime=True)
        super().__init__("pausing", "bodies", True, self._inner.fps, self._inner.aspect)
        self.after, self.word = after, state
        self.resume = threading.Event()

    def __iter__(self):
        for frame in self._inner:
            if frame.index == self.after:
                self.state, self.reason, self.attempts = self.word, "the cable is out", 3
                while not self._stopped and not self.resume.wait(0.05):
                    pass
                self.state = "running"
            if self._stopped:
                return
            yield frame


def recogniser():
    return Recogniser(BUNDLED_CHECKPOINT, read_labels(DEMO / "labels.txt"), cache=cache_folder())


def play():
    publisher = Kept()
    with open_source(str(DEMO / "demo.poses")) as source:
        summary = Pipeline(source, None, recogniser(), publisher).run()
    return summary, publisher


def test_two_runs_of_a_file_say_the_same_and_lose_nothing():
    runs = [play() for _ in range(2)]
    said = [
        [
            {key: value for key, value in message.items() if key not in TIMES}
            for message in publisher.of("window") + publisher.of("action")
        ]
        for _, publisher in runs
    ]
    assert said[0] == said[1]
    for summary, publisher in runs:
        assert summary.frames == 664
        assert summary.dropped == summary.failed == 0
        assert summary.windows == len(publisher.of("window")) > 20
        assert list(summary.stages) == ["capture", "recognise", "publish"]
    for message in runs[0][1].of("window"):
        assert 0 < message["latency_ms"] < 60_000


@pytest.mark.parametrize(
    ("word", "state", "said"),
    [
        ("running", "stalled", "no frame for"),
        ("reconnecting", "reconnecting", "the cable is out; attempt 3"),
    ],
)
def test_silence_is_reported_every_second(word, state, said):
    publisher = Kept()
    source = Pausing(80, word)
    pipeline = Pipeline(source, None, recogniser(), publisher)

    def watch():
        deadline = time.monotonic() + 40
        while sum(m["state"] == state for m in publisher.of("status")) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        source.resume.set()
        frames = pipeline.summary().frames
        while pipeline.summary().frames < frames + 20:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(1.2)
        pipeline.stop("seen enough")

    watcher = threading.Thread(target=watch)
    watcher.start()
    summary = pipeline.run()
    watcher.join()
    source._inner.close()
    silent = [m for m in publisher.of("status") if m["state"] == state]
    assert said in silent[-1]["message"]
    assert silent[-1]["fps"] == 0 or word == "reconnecting"
    assert publisher.of("status")[-2]["state"] == "running"
    assert summary.ended == "seen enough"
    starts = [m for m in publisher.of("action") if m["phase"] == "start"]
    ends = [m for m in publisher.of("action") if m["phase"] == "end"]
    assert len(starts) == len(ends)


class Typist:
    """A display whose user presses keys, each when the run is so far."""

    def __init__(self, keys):
        self.keys = list(keys)
        self.views = []
        self.closed = False
        self.next = 0.0

    def show(self, view):
        self.views.append(view)
        if not view.top or not self.keys or time.monotonic() < self.next:
            return None
        self.next = time.monotonic() + 0.3
        return self.keys.pop(0)

    def close(self):
        self.closed = True


def test_keys_freeze_reset_save_and_enroll_while_it_runs(tmp_path):
    publisher, display = Kept(), Typist("fe2srfq")
    path = tmp_path / "bank.safetensors"
    parts = recogniser()
    with (
        open_source(str(DEMO / "demo.poses"), realtime=True) as source,
        BankKeeper(path, every=600) as keeper,
    ):
        summary = Pipeline(source, None, parts, publisher, display=display, keeper=keeper).run()
    assert summary.ended == "quit key"
    states = [m["bank_state"] for m in publisher.of("status")]
    said = " ".join(m["message"] for m in publisher.of("status"))
    bow = parts.classes[1]
    for what in ("bank frozen", f"as {bow}", "being saved to bank", "bank reset", "learns again"):
        assert what in said
    assert any(state["frozen"] for state in states)
    assert any(state["enrolled"] == {bow: 1} for state in states)
    assert states[-1]["frozen"] is False
    # By the key: nothing was due yet.
    assert any(state["saved"] and state["saved"]["samples"] >= 1 for state in states)
    assert any(view.frozen for view in display.views)
    assert any(view.prompt.startswith("enroll the last window as") for view in display.views)
    assert path.exists()

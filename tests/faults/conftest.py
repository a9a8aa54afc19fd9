"""The harness: a real pipeline over real recordings, whose parts can be broken while it runs."""

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bank.errors import InputError
from realtime.frames import BodyFrame
from realtime.pipeline import Pipeline
from realtime.publishing import EventLog, Publisher
from realtime.recogniser import Recogniser
from realtime.sources import Source, open_source
from train.model import BUNDLED_CHECKPOINT
from train.text.encoder import cache_folder
from train.text.labels import read_labels

# The loopback cameras live with the sources they were made for.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sources"))

DEMO = Path(__file__).resolve().parents[2] / "apps" / "demo"


class Breaking(Source):
    """A recording to which something is done at a frame.

    Args:
        at: index of the frame.
        fault: what is done before it is given; a frame that it returns takes its place.
        gives: ``frames`` to be taken for a camera's pictures.
    """

    def __init__(self, at, fault, gives="bodies", frames=250):
        self._inner = open_source(str(DEMO / "demo.poses"))
        super().__init__("breaking", gives, False, self._inner.fps, self._inner.aspect)
        self._at, self._fault, self._frames = at, fault, frames

    def __iter__(self) -> Iterator:
        for frame in self._inner:
            if self._stopped or frame.index == self._frames:
                return
            yield (self._fault(frame) or frame) if frame.index == self._at else frame

    def close(self):
        super().close()
        self._inner.close()


class Replayed:
    """A pose estimator that finds the bodies of a recording, whatever the picture shows."""

    def __init__(self, fault=lambda number: None):
        with open_source(str(DEMO / "demo.poses")) as source:
            self.found = [frame.bodies for frame in source]
        self.fault, self.number = fault, 0

    def __call__(self, frame):
        self.number += 1
        self.fault(self.number)
        image = getattr(frame, "image", None)
        # Twice as fast: a test has less time than a person.
        bodies = self.found[2 * self.number % len(self.found)]
        return BodyFrame(bodies, frame.index, frame.time, frame.t_capture, image, frame.t_mono)


class Run:
    """One run and what it said."""

    def __init__(self, source, log, **options):
        self.log = log
        self.recogniser = Recogniser(
            BUNDLED_CHECKPOINT, read_labels(DEMO / "labels.txt"), cache=cache_folder()
        )
        self.source = source
        self.options = options
        self.failure = None
        self.summary = None
        self.pipeline = None

    def __call__(self, during=None):
        """Run to the end; ``during(run)`` breaks things meanwhile and ends the run."""
        with self.source, Publisher(None, "faults") as publisher, EventLog(self.log) as log:
            options = {"log": log, "estimator": None, "max_seconds": 50, **self.options}
            estimator = options.pop("estimator")
            self.pipeline = Pipeline(self.source, estimator, self.recogniser, publisher, **options)
            helper = threading.Thread(target=during, args=(self,)) if during else None
            if helper:
                helper.start()
            try:
                self.summary = self.pipeline.run()
            except InputError as error:
                self.failure = str(error)
            if helper:
                helper.join()
        return self

    def messages(self, kind):
        lines = self.log.read_text().splitlines()
        return [m for m in map(json.loads, lines) if m["type"] == kind]

    @property
    def states(self):
        return [m["state"] for m in self.messages("status")]


@pytest.fixture
def run(tmp_path):
    """Makes a run."""
    return lambda source, **options: Run(source, tmp_path / "events.jsonl", **options)


@pytest.fixture
def broken(run):
    """Makes a run of the recording to which something is done at a frame."""
    return lambda at, fault, **options: run(Breaking(at, fault), **options)


@pytest.fixture
def pictured(run):
    """Makes a run whose source counts as pictures, with the estimator of the recording."""

    def make(estimator, frames=250):
        return run(Breaking(-1, None, "frames", frames), estimator=estimator)

    return make


@pytest.fixture
def replayed():
    """The estimator."""
    return Replayed


@pytest.fixture
def with_joints():
    """A frame whose bodies' joints went through a function."""

    def change(frame, function):
        bodies = tuple(replace(body, joints=function(body.joints)) for body in frame.bodies)
        return replace(frame, bodies=bodies)

    return change

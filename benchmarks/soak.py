"""``python -m benchmarks.soak``: run the whole pipeline for long, and see what it loses and gains.

A source is played again and again at full speed through everything that ``pgfa-live`` runs, with
the bank kept in a file and a subscriber listening. Printed: memory every minute, what it grew by
after the warm-up, and gaps in the messages' numbers.
"""

import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated, Final

import torch
import typer

from bank.errors import InputError
from benchmarks.footage import CLIPS, DEMO, Looped, shrunk
from realtime.frames import longest_gap
from realtime.pipeline import BankKeeper, Pipeline
from realtime.poses import PoseEstimator
from realtime.publishing import Publisher, Subscriber
from realtime.recogniser import Recogniser
from realtime.sources import Source, open_source
from realtime.windows import Windower
from train.model import BUNDLED_CHECKPOINT
from train.text.encoder import cache_folder
from train.text.labels import read_labels

_MOST: Final = 50.0  # MB that memory may grow by after the warm-up
_EVERY: Final = 5.0  # seconds between samples


def soak(
    minutes: Annotated[float, typer.Option(min=0.1)] = 30.0,
    warm_up: Annotated[float, typer.Option(help="Minutes that do not count.", min=0.0)] = 3.0,
    source: Annotated[
        Path | None, typer.Option(help="A video or pose recording.", show_default="the demo")
    ] = None,
    video: Annotated[
        bool, typer.Option("--video", help="A real clip at 640 x 360, with the pose model.")
    ] = False,
    mode: Annotated[str, typer.Option(help="The bank's.")] = "exact",
) -> None:
    """Soak."""
    torch.set_num_threads(1)
    labels = read_labels(DEMO / "labels.txt")
    with tempfile.TemporaryDirectory() as folder:
        played = source or DEMO / "demo.poses"
        if video:
            played = shrunk(CLIPS / "right_hand_wave.mp4", Path(folder) / "clip.mp4")
        looped = Looped(lambda: open_source(str(played)))
        state = Path(folder) / "bank.safetensors"
        recogniser = Recogniser(
            BUNDLED_CHECKPOINT,
            labels,
            cache=cache_folder(),
            mode=mode,  # type: ignore[arg-type]
        )
        with (
            looped,
            BankKeeper(state, every=5.0) as keeper,
            Publisher("tcp://127.0.0.1:*", "soak") as publisher,
        ):
            assert publisher.endpoint is not None
            listener = _Listener(publisher.endpoint)
            gauge = _Gauge(looped, recogniser)
            pipeline = Pipeline(
                looped,
                PoseEstimator,
                recogniser,
                publisher,
                windower=Windower(recogniser.lengths[-1], 0.2, longest_gap(looped.fps)),
                keeper=keeper,
                max_seconds=minutes * 60,
            )
            listener.start()
            gauge.start()
            summary = pipeline.run()
            listener.join(timeout=10)
        held = recogniser.bank.count
    growth = gauge.growth(warm_up * 60)
    print(
        f"\n{summary.frames} frames, {summary.windows} windows in {summary.seconds / 60:.1f} min "
        f"({summary.fps:.0f} fps); {summary.dropped} dropped, {summary.failed} failed; "
        f"bank in {mode} mode with {held} samples, saved every 5 s"
    )
    good = growth <= _MOST
    print(
        f"memory grew by {growth:+.1f} MB after {warm_up:g} min "
        f"(bar: under {_MOST:.0f}) {'ok' if good else 'FAILS'}"
    )
    lost, received = sum(listener.gaps.values()), listener.received
    whole = lost == 0 and received > 0
    print(f"{received} messages received, {lost} missing in seq {'ok' if whole else 'FAILS'}")


class _Gauge(threading.Thread):
    """Samples this process's memory."""

    def __init__(self, source: Source, recogniser: Recogniser) -> None:
        super().__init__(daemon=True)
        self._recogniser = recogniser
        self._source = source
        self._samples: list[tuple[float, float]] = []

    def run(self) -> None:
        began = time.monotonic()
        spoken = -1
        while True:
            now = time.monotonic() - began
            self._samples.append((now, resident()))
            if int(now // 60) > spoken:
                spoken = int(now // 60)
                samples = self._recogniser.bank.count
                print(f"{now / 60:5.1f} min  {resident():7.1f} MB  bank {samples}", flush=True)
            time.sleep(_EVERY)

    def growth(self, warm_up: float) -> float:
        """MB from the end of the warm-up to the end, by the medians of a minute."""
        after = [value for at, value in self._samples if at >= warm_up]
        if len(after) < 2:
            return float("nan")
        part = max(1, min(int(60 / _EVERY), len(after) // 4))
        return float(sorted(after[-part:])[part // 2] - sorted(after[:part])[part // 2])


class _Listener(threading.Thread):
    """Receives all messages and counts what is missing."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(daemon=True)
        self._endpoint = endpoint
        self.received = 0
        self.gaps: dict[str, int] = {}

    def run(self) -> None:
        with Subscriber(self._endpoint, timeout=60) as subscriber:
            self.gaps = subscriber.gaps
            for message in subscriber:
                self.received += 1
                if message["type"] == "status" and message["state"] == "ended":
                    return


def resident() -> float:
    """Resident memory of this process in MB.

    Raises:
        InputError: this system does not say (only Linux's does, through /proc).
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    raise InputError("memory is read from /proc, which this system does not have")


if __name__ == "__main__":
    typer.run(soak)

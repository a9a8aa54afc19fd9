"""``python -m benchmarks.live``: is it fast enough to be live, and what is left over?

First a real clip, scaled to 640 x 360, is played at its own speed as a camera would: the full pose
model, one person, a window every five frames. Then its poses are replayed as fast as they go, for
one person and for crowds. Bars are for two quiet cores; the machine's load is printed beside them.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Annotated, Final

import torch
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.footage import CLIPS, DEMO, Crowd, Looped, shrunk
from realtime.frames import BodyFrame, VideoFrame, longest_gap
from realtime.pipeline import Pipeline
from realtime.poses import PoseEstimator
from realtime.publishing import Publisher
from realtime.recogniser import Recogniser
from realtime.sources import Source, open_source
from realtime.statistics import Summary
from realtime.windows import Windower
from train.model import BUNDLED_CHECKPOINT
from train.text.encoder import cache_folder
from train.text.labels import read_labels

_FPS: Final = 25.0
_STRIDE: Final = 5 / _FPS
_P95: Final = 100.0  # ms from capture to publish
_SHARE: Final = 1 / 3  # of the pose model's processor time
_MISSED: Final = 0.01  # share of frames that may be dropped by who keeps up
_PEOPLE: Final = (1, 2, 4, 8)


def main(
    seconds: Annotated[float, typer.Option(help="Of the real clip.", min=5.0)] = 60.0,
    clip: Annotated[str, typer.Option(help="A clip of the shared video folder.")] = (
        "right_hand_wave.mp4"
    ),
    frames: Annotated[int, typer.Option(help="Of replayed poses, for each crowd.")] = 3000,
) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    console = Console()
    load = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    console.print(f"{cores} cores, load {load:.1f} at the beginning")
    with tempfile.TemporaryDirectory() as folder:
        small = shrunk(CLIPS / clip, Path(folder) / "clip.mp4")
        decoding = _decoding(small)
        source = Looped(lambda: open_source(str(small), realtime=True), live=True, pause=1 / _FPS)
        with source:
            before = time.process_time()
            summary = _run(source, seconds)
            total = time.process_time() - before
        found = _poses(small)
    _print_live(console, summary, total, decoding, source.fps or _FPS)
    _print_crowds(console, found, frames)
    console.print(f"load {os.getloadavg()[0]:.1f} at the end")


def _run(source: Source, seconds: float | None = None) -> Summary:
    recogniser = Recogniser(
        BUNDLED_CHECKPOINT, read_labels(DEMO / "labels.txt"), cache=cache_folder()
    )
    with Publisher("tcp://127.0.0.1:*", "benchmark") as publisher:
        return Pipeline(
            source,
            PoseEstimator,
            recogniser,
            publisher,
            windower=Windower(recogniser.lengths[-1], _STRIDE, longest_gap(source.fps)),
            max_seconds=seconds,
        ).run()


def _decoding(clip: Path) -> float:
    """Seconds of processor time for decoding a frame."""
    with open_source(str(clip)) as source:
        before = time.process_time()
        count = sum(1 for _ in source)
    return (time.process_time() - before) / count


def _poses(clip: Path) -> list[BodyFrame]:
    """The clip's poses."""
    with open_source(str(clip)) as source, PoseEstimator() as estimate:
        return [estimate(frame) for frame in source if isinstance(frame, VideoFrame)]


def _print_live(
    console: Console, summary: Summary, total: float, decoding: float, rate: float
) -> None:
    table = Table(title="A real clip at its own speed, 640 x 360, full pose model")
    for column in ("stage", "p50 ms", "p95 ms", "dropped", "failed", "CPU ms a frame"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    taken = summary.frames + summary.dropped
    own = {name: stage.cpu for name, stage in summary.stages.items()}
    cpu = {
        "capture": decoding * taken,
        "recognise": own["recognise"],
        "publish": own["publish"],
    }
    # The pose model has threads of its own: to it belongs what no other stage has used.
    cpu["pose"] = total - sum(cpu.values())
    for name, stage in summary.stages.items():
        latency = stage.latency
        table.add_row(
            name,
            "-" if latency is None else f"{latency.p50:.1f}",
            "-" if latency is None else f"{latency.p95:.1f}",
            str(stage.dropped),
            str(stage.failed),
            f"{1e3 * cpu[name] / max(summary.frames, 1):.1f}",
        )
    console.print(table)
    latency = summary.latency
    p95 = latency.p95 if latency is not None else float("inf")
    missed = summary.dropped / max(taken, 1)
    share = cpu["recognise"] / cpu["pose"]
    _verdict(
        console,
        f"keeps up with {rate:.0f} fps: {summary.fps:.1f} fps, {summary.dropped} of {taken} "
        f"dropped (bar: under {_MISSED:.0%})",
        missed < _MISSED,
    )
    _verdict(console, f"capture to publish, p95: {p95:.0f} ms (bar: under {_P95:.0f})", p95 < _P95)
    _verdict(
        console,
        f"recogniser's processor time: {share:.2f} of the pose model's (bar: under {_SHARE:.2f})",
        share < _SHARE,
    )


def _verdict(console: Console, what: str, good: bool) -> None:
    console.print(f"{what}  [bold {'green' if good else 'red'}]{'ok' if good else 'FAILS'}")


def _print_crowds(console: Console, found: list[BodyFrame], frames: int) -> None:
    table = Table(title="Its poses replayed, as fast as they go")
    for column in ("people", "frames", "fps", "people x fps", "windows a second", "recognise p95"):
        table.add_column(column, justify="right")
    for people in _PEOPLE:
        rounds = max(1, round(frames / len(found)))
        summary = _run(Crowd(found, people, rounds, _FPS))
        latency = summary.stages["recognise"].latency
        table.add_row(
            str(people),
            str(summary.frames),
            f"{summary.fps:.0f}",
            f"{people * summary.fps:.0f}",
            f"{summary.windows / summary.seconds:.0f}",
            "-" if latency is None else f"{latency.p95:.1f} ms",
        )
    console.print(table)


if __name__ == "__main__":
    typer.run(main)

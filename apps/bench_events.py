"""``pgfa-bench events``: actions in continuous recordings, found at the right moment or not."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import torch
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from apps.cli import Device
from bank.errors import InputError
from bank.files import write_atomically
from bank.prototypes import Mode
from realtime.recogniser import LENGTHS, Recogniser
from realtime.trials import attempt, exemplars, hear, ways
from train.data.readers.msrc12 import GESTURES, TaggedRecording, read_recordings
from train.evaluation.events import EventFigures
from train.model import BUNDLED_CHECKPOINT
from train.text.encoder import cache_folder
from train.text.labels import Label

_DEFAULT_MODE = "anchored" if "anchored" in get_args(Mode) else "exact"


def events_command(
    recordings: Annotated[Path, typer.Argument(help="Folder of the unpacked MSRC-12 recordings.")],
    checkpoint: Annotated[
        Path, typer.Option(help="Weights written by pgfa-train.", show_default="bundled")
    ] = BUNDLED_CHECKPOINT,
    exemplar_counts: Annotated[
        str, typer.Option("--exemplars", help="Gestures of every class to enroll, in turn.")
    ] = "0,1,5",
    persons: Annotated[
        str | None,
        typer.Option(
            help="Whom to test; the others give the exemplars.", show_default="every second one"
        ),
    ] = None,
    lengths: Annotated[str, typer.Option(help="Seconds looked back over.")] = ",".join(
        map(str, LENGTHS)
    ),
    stride: Annotated[float, typer.Option(help="Seconds between windows.", min=0.02)] = 0.2,
    most: Annotated[
        float, typer.Option(help="Seconds of every recording, at most.", min=1.0)
    ] = 600.0,
    tolerance: Annotated[
        float, typer.Option(help="Seconds between an event and its tag, at most.", min=0.0)
    ] = 0.5,
    bank_mode: Annotated[str, typer.Option(help="How the bank learns.")] = _DEFAULT_MODE,
    alpha: Annotated[float, typer.Option(help="Tolerance margin.", min=0.0, max=1.0)] = 0.9,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = Device.AUTO,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures here as JSON.")
    ] = None,
) -> None:
    """Actions in MSRC-12's continuous recordings: precision, recall, F1, delay, false alarms.

    docs/events.md defines what counts.
    """
    counts = [int(number) for number in _numbers(exemplar_counts, "--exemplars")]
    if bank_mode not in get_args(Mode):
        raise InputError(f"--bank-mode {bank_mode}: not one of {', '.join(get_args(Mode))}")
    torch.set_num_threads(1)
    everything = read_recordings(recordings)
    tested, others = _split(everything, persons)
    recogniser = Recogniser(
        checkpoint,
        [Label(name) for name in GESTURES.values()],
        alpha=alpha,
        device=device.value,
        cache=cache_folder(),
        lengths=_numbers(lengths, "--lengths"),
        vocabulary="msrc12",
    )
    console = Console(width=None if sys.stdout.isatty() else 160)
    shown = exemplars(recogniser, others, max(counts)) if max(counts) else {}
    heard = []
    for recording in track(tested, "features", console=Console(stderr=True), transient=True):
        try:
            heard.append(hear(recogniser, recording, stride, most))
        except InputError as error:
            typer.echo(f"left out: {error}", err=True)
    if not heard:
        raise InputError(f"{recordings}: none of the recordings to test can be used")
    results = {
        way.name: list(attempt(recogniser, way, heard, shown, tolerance, alpha))
        for way in ways(cast(Mode, bank_mode), counts)
    }
    totals = {name: sum((f for _, f in rows), EventFigures()) for name, rows in results.items()}
    classes = {
        name: {
            label: sum((f for said, f in rows if said == label), EventFigures())
            for label in recogniser.classes
        }
        for name, rows in results.items()
    }
    people = ", ".join(sorted({one.recording.subject for one in heard}))
    console.print(
        f"{len(heard)} recordings of {people}; {len(recogniser.classes)} classes; "
        f"bank {bank_mode}; an event counts within {tolerance} s of its tag"
    )
    console.print(_table("all", totals))
    console.print(_classes_table(classes))
    if json_file is not None:
        report = {
            "checkpoint": checkpoint.name,
            "persons": people.split(", "),
            "tolerance": tolerance,
            "stride": stride,
            "lengths": list(recogniser.lengths),
            "bank_mode": bank_mode,
            "alpha": alpha,
            "total": {name: _fields(figures) for name, figures in totals.items()},
            "classes": {
                name: {label: _fields(figures) for label, figures in by_label.items()}
                for name, by_label in classes.items()
            },
        }
        write_atomically(json_file, (json.dumps(report, indent=1) + "\n").encode())


def _split(
    everything: list[TaggedRecording], persons: str | None
) -> tuple[list[TaggedRecording], list[TaggedRecording]]:
    """Recordings to test, and those that exemplars come from."""
    known = sorted({recording.subject for recording in everything})
    wanted = known[::2] if persons is None else [name.strip() for name in persons.split(",")]
    if strange := sorted(set(wanted) - set(known)):
        raise InputError(f"no recordings of {', '.join(strange)}; there are: {', '.join(known)}")
    tested = [recording for recording in everything if recording.subject in wanted]
    return tested, [recording for recording in everything if recording.subject not in wanted]


def _numbers(text: str, option: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"{option} {text}: not numbers with commas between them") from None
    if min(numbers) < 0:
        raise InputError(f"{option} {text}: a number is below 0")
    return numbers


def _table(title: str, rows: dict[str, EventFigures]) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in (
        *("", "tags", "events", "precision", "recall", "F1", "F1 any class", "delay p50 / p90"),
        *("alarms/min", "wrong class", "displaced", "silent"),
    ):
        table.add_column(heading, justify="right" if heading else "left")
    for name, one in rows.items():
        median, late = one.delay(0.5), one.delay(0.9)
        table.add_row(
            name,
            str(one.tags),
            str(one.events),
            f"{one.precision:.3f}",
            f"{one.recall:.3f}",
            f"{one.f1:.3f}",
            f"{one.moment_f1:.3f}",
            "-" if median is None or late is None else f"{median:+.2f} / {late:+.2f} s",
            f"{one.alarms_a_minute:.1f}",
            *(f"{_share(number, one.tags):.0%}" for number in (one.wrong, one.displaced)),
            f"{_share(one.silent, one.tags):.0%}",
        )
    return table


def _classes_table(classes: dict[str, dict[str, EventFigures]]) -> Table:
    table = Table(title="F1 of every class's recordings", title_justify="left")
    table.add_column("")
    for name in classes:
        table.add_column(name, justify="right")
    for label in next(iter(classes.values())):
        table.add_row(label, *(f"{by_label[label].f1:.3f}" for by_label in classes.values()))
    return table


def _fields(one: EventFigures) -> dict[str, Any]:
    return {
        "tags": one.tags,
        "events": one.events,
        "precision": one.precision,
        "recall": one.recall,
        "f1": one.f1,
        "moment_f1": one.moment_f1,
        "delay": {"p50": one.delay(0.5), "p90": one.delay(0.9)},
        "alarms_a_minute": one.alarms_a_minute,
        "pause_seconds": one.pause,
        "wrong_class": one.wrong,
        "displaced": one.displaced,
        "silent": one.silent,
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0

"""Summaries for people and for programs."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bank.files import write_atomically
from realtime.statistics import Summary


def print_summary(console: Console, summary: Summary) -> None:
    """Print what a run came to."""
    table = Table(title="Summary", show_header=False, title_justify="left")

    def row(name: str, value: str) -> None:
        table.add_row(name, Text(value))  # as it is: a label may look like markup

    row("ended", summary.ended)
    lost = {"dropped": summary.dropped, "failed": summary.failed}
    words = ", ".join(f"{number} {name}" for name, number in lost.items() if number)
    row("frames", f"{summary.frames}{f' ({words})' if words else ''} in {summary.seconds:.1f} s")
    row("fps", f"{summary.fps:.1f}")
    row("windows", str(summary.windows))
    latency = summary.latency
    row(
        "latency", "-" if latency is None else f"p50 {latency.p50:.1f} ms, p95 {latency.p95:.1f} ms"
    )
    row("stages", _stages(summary))
    if summary.reconnects:
        row("reconnects", str(summary.reconnects))
    row("actions", _counts(summary.actions))
    row("bank (support)", _counts(summary.bank))
    row("messages", _counts(summary.published))
    for note in summary.notes:
        row("note", note)
    console.print(table)


def _stages(summary: Summary) -> str:
    """What an item takes in each stage, at the median."""
    return ", ".join(
        f"{name} {figures.latency.p50:.1f} ms"
        for name, figures in summary.stages.items()
        if figures.latency is not None
    )


def _counts(counts: dict[str, int]) -> str:
    present = sorted(((n, name) for name, n in counts.items() if n), reverse=True)
    return ", ".join(f"{name} {n}" for n, name in present) or "none"


def write_summary(path: Path, summary: Summary) -> None:
    """Write a summary as JSON, atomically.

    Raises:
        InputError: the file cannot be written.
    """
    text = json.dumps(summary.to_dict(), indent=2) + "\n"
    write_atomically(path, text.encode())

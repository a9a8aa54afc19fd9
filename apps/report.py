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
    dropped = f" ({summary.dropped} dropped)" if summary.dropped else ""
    row("frames", f"{summary.frames}{dropped} in {summary.seconds:.1f} s")
    row("fps", f"{summary.fps:.1f}")
    row("windows", str(summary.windows))
    latency = summary.latency
    row(
        "latency", "-" if latency is None else f"p50 {latency.p50:.1f} ms, p95 {latency.p95:.1f} ms"
    )
    row("actions", _counts(summary.actions))
    row("bank (support)", _counts(summary.bank))
    row("messages", _counts(summary.published))
    for note in summary.notes:
        row("note", note)
    console.print(table)


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

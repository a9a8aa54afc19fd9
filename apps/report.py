"""Summaries for people and for programs."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bank.files import write_atomically
from realtime.statistics import Summary


def print_summary(console: Console, summary: Summary) -> None:
    """Print what a run came to."""
    table = Table(title="Summary", show_header=False, title_justify="left")
    table.add_row("ended", summary.ended)
    dropped = f" ({summary.dropped} dropped)" if summary.dropped else ""
    table.add_row("frames", f"{summary.frames}{dropped} in {summary.seconds:.1f} s")
    table.add_row("fps", f"{summary.fps:.1f}")
    table.add_row("windows", str(summary.windows))
    latency = summary.latency
    table.add_row(
        "latency", "-" if latency is None else f"p50 {latency.p50:.1f} ms, p95 {latency.p95:.1f} ms"
    )
    table.add_row("actions", _counts(summary.actions))
    table.add_row("bank (support)", _counts(summary.bank))
    table.add_row("published", _counts(summary.published))
    for note in summary.notes:
        table.add_row("note", note)
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

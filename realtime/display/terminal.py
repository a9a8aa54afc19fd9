"""A live view for terminals, and plain lines where the output is no terminal."""

import time

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from realtime.display.view import View

_REDRAWS = 8  # a second
_ACTIONS = 6  # lines of the timeline
_BAR = 24  # columns


class TerminalDisplay:
    """Redraws a small table in place; without a terminal it prints actions as they begin.

    Args:
        console: where to draw; standard output by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._live: Live | None = None
        self._next = 0.0
        self._printed: set[tuple[str, float]] = set()

    def show(self, view: View) -> str | None:
        """See :class:`realtime.display.Display`; a terminal gives no keys."""
        if not self._console.is_terminal:
            self._print_new(view)
            return None
        now = time.monotonic()
        if now >= self._next:
            self._next = now + 1 / _REDRAWS
            if self._live is None:
                self._live = Live(console=self._console, auto_refresh=False, transient=True)
                self._live.start()
            self._live.update(render(view), refresh=True)
        return None

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _print_new(self, view: View) -> None:
        for label, start, _ in view.timeline:
            if (label, start) not in self._printed:
                self._printed.add((label, start))
                self._console.print(f"{start:8.1f} s  {label}", highlight=False)


def render(view: View) -> RenderableType:
    """The view as something rich can print."""
    latency = "-" if view.latency_ms is None else f"{view.latency_ms:.0f} ms"
    head = Text(
        f"{view.frame.time:7.1f} s   {view.fps:5.1f} fps   latency {latency}   "
        f"{len(view.frame.bodies)} people",
        style="bold",
    )
    return Group(head, _answers(view), _timeline(view), _support(view))


def _answers(view: View) -> Table:
    table = Table(box=None, padding=(0, 1))
    for column in ("person", "class", "", "probability"):
        table.add_column(column)
    for track, classes in sorted(view.top.items()):
        for place, (label, probability) in enumerate(classes):
            table.add_row(
                f"#{track}" if place == 0 else "",
                Text(label, style="bold green" if place == 0 else ""),
                ProgressBar(total=1.0, completed=probability, width=_BAR),
                f"{probability:4.0%}",
            )
    return table


def _timeline(view: View) -> Table:
    table = Table(box=None, padding=(0, 1))
    table.add_column("action")
    table.add_column("from", justify="right")
    table.add_column("to", justify="right")
    for label, start, end in view.timeline[-_ACTIONS:]:
        table.add_row(label, f"{start:.1f}", "now" if end is None else f"{end:.1f}")
    return table


def _support(view: View) -> Text:
    learned = [f"{label} {count}" for label, count in view.support.items() if count]
    return Text("bank: " + (", ".join(learned) or "texts only"), style="dim", overflow="ellipsis")

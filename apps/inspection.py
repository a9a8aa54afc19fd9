"""``pgfa-data inspect`` for people: a summary as tables."""

from collections import Counter
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from train.data.summary import Summary

_BAR: Final = 40  # columns of the longest bar
_PIPE_WIDTH: Final = 160  # nothing is cut short where no terminal limits it
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def print_summary(summary: Summary, console: Console) -> None:
    """Print all there is to say about a store."""
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    console.print(_sets(summary))
    console.print(_classes(summary))
    console.print(_subjects(summary))
    console.print(_lengths(summary))
    _print_bad(summary, console)


def _table(title: str, left: int, *columns: str) -> Table:
    """A table whose first ``left`` columns are words and the others numbers."""
    heading = Text(title, style="bold")  # as it is: a folder's name may hold brackets
    table = Table(title=heading, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number < left else "right")
    return table


def _sets(summary: Summary) -> Table:
    title = f"{summary.clips} clips in {summary.store}"
    table = _table(
        title, 1, "set", "clips", "classes", "subjects", "views", "2 bodies", "fps", "hours", "bad"
    )
    table.columns[0].no_wrap = True
    for one in summary.sets:
        table.add_row(
            one.name if one.complete else f"{one.name} (not complete)",
            str(one.clips),
            str(one.classes),
            str(one.subjects or "?"),
            str(len(one.views) or 1),
            str(one.two_bodies),
            f"{one.fps:.1f}",
            f"{one.seconds / 3600:.2f}",
            str(one.bad),
        )
    if len(summary.sets) > 1:
        table.add_section()
        table.add_row(
            "all",
            str(summary.clips),
            str(len(summary.classes)),
            str(sum(one.subjects for one in summary.sets)),
            "",
            str(sum(one.two_bodies for one in summary.sets)),
            "",
            f"{sum(one.seconds for one in summary.sets) / 3600:.2f}",
            str(len(summary.bad)),
        )
    return table


def _classes(summary: Summary) -> Table:
    title = f"{len(summary.classes)} classes"
    table = _table(title, 1, "class", "clips", "subjects", "median s", "e.g. clip")
    table.add_column("in")
    for one in summary.classes:
        table.add_row(
            Text(one.label or "(no label)"),
            str(one.clips),
            str(one.subjects or "?"),
            f"{one.seconds:.1f}",
            str(one.example),
            ", ".join(f"{name} {count}" for name, count in one.sets.items()),
        )
    return table


def _subjects(summary: Summary) -> Table:
    table = _table("clips per subject", 2, "set", "subject: clips")
    for dataset in summary.sets:
        people = [one for one in summary.subjects if one.dataset == dataset.name]
        words = [f"{one.subject or 'not recorded'}: {one.clips}" for one in people]
        table.add_row(dataset.name, Text("   ".join(words)))
    return table


def _lengths(summary: Summary) -> Table:
    table = _table("length", 0, "seconds", "clips")
    table.add_column("")
    most = max((bar.clips for bar in summary.lengths), default=0)
    for bar in summary.lengths:
        span = f"{bar.start:g} to {bar.end:g}" if bar.end is not None else f"{bar.start:g} or more"
        table.add_row(span, str(bar.clips), _bar(bar.clips / most))
    ends = [
        f"{name}: {one.seconds:g} s, {_counted(one.frames, 'frame')} "
        f"(clip {one.index}, {one.dataset})"
        for name, one in (("shortest", summary.shortest), ("longest", summary.longest))
        if one is not None
    ]
    table.caption, table.caption_justify = "\n".join(ends), "left"
    return table


def _bar(share: float) -> str:
    eighths = max(1, round(share * _BAR * 8)) if share else 0
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _print_bad(summary: Summary, console: Console) -> None:
    if not summary.bad:
        console.print("no bad clips")
        return
    table = _table(_counted(len(summary.bad), "bad clip"), 3, "set", "clip", "reason")
    reasons: Counter[str] = Counter()
    for bad in summary.bad:
        reason = bad.reason.removeprefix(f"{bad.clip}: ")
        reasons[reason] += 1
        table.add_row(bad.dataset, Text(bad.clip), Text(reason, overflow="fold"))
    console.print(table)
    for reason, count in reasons.most_common():
        if count > 1:
            console.print(Text(f"{count} times: {reason}"))


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"

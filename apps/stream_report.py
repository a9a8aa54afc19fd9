"""Progressive evaluation for people and for programs: tables, plots, JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bank.errors import InputError
from bank.files import write_atomically
from train.evaluation.streams.bars import WORTH_KEEPING, Bar, Results, bars, gain
from train.evaluation.streams.contenders import LIVE_DEFAULT
from train.evaluation.streams.progressive import POINTS, TEXT, TWO_PASS, Figures, worst_tenth

_PIPE_WIDTH: Final = 160  # nothing is cut short where no terminal limits it
_SINGLE: Final = ("whole", "second_half", "settled", "per_class", "auroc")
_COLUMNS: Final = 4  # of panels
_PICTURES: Final = (".png", ".pdf", ".svg")


@dataclass(frozen=True)
class FileResult:
    """All streams of one feature file.

    Attributes:
        name: how it is called in tables.
        samples: of known classes.
        classes: number of them.
        results: stream -> contender -> figures.
    """

    name: str
    samples: int
    classes: int
    results: Results


def print_results(
    console: Console, done: Sequence[FileResult], judged: Sequence[str], details: bool = False
) -> None:
    """Print every file's tables and bars; files where two passes gain little come last.

    Args:
        console: where to.
        done: results.
        judged: contenders to hold against the bars.
        details: one table a stream, with all figures, too.
    """
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    for one in sorted(done, key=lambda it: not _is_judged(it)):
        if details:
            for stream, figures in one.results.items():
                console.print(_figures_table(f"{one.name}: {stream}", figures))
        console.print(_overview(one))
        _print_bars(console, one, judged)


def print_guards(
    console: Console, done: Sequence[FileResult], base: str, off: Sequence[str]
) -> None:
    """Print what the live default loses without each of its guards, in points.

    Args:
        console: where to.
        done: results that hold ``base`` and the variants.
        base: the contender with all guards.
        off: variants without one.
    """
    for one in done:
        table = _table(f"{one.name}: without a guard, points against {base}: mean (worst order)")
        for stream in one.results:
            table.add_column(stream, justify="right", no_wrap=True)
        for name in off:
            cells = []
            for figures in one.results.values():
                difference = 100 * (figures[name].whole - figures[base].whole)
                cells.append(f"{difference.mean():+.1f} ({difference.min():+.1f})")
            table.add_row(name, *cells)
        console.print(table)


def _is_judged(one: FileResult) -> bool:
    """Whether two passes gain enough for their gain to be shared out."""
    reference = one.results.get("iid") or next(iter(one.results.values()))
    return gain(reference) >= WORTH_KEEPING


def _table(title: str) -> Table:
    heading = Text(title, style="bold")  # as it is: a file's name may hold brackets
    table = Table(title=heading, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    return table


def _overview(one: FileResult) -> Table:
    table = _table(f"{one.name}: accuracy over the stream, %: mean over orders (worst tenth)")
    for stream in one.results:
        table.add_column(stream, justify="right", no_wrap=True)
    for name in next(iter(one.results.values())):
        cells = []
        for figures in one.results.values():
            whole = figures[name].whole
            cells.append(f"{100 * whole.mean():.1f} ({100 * worst_tenth(whole):.1f})")
        table.add_row(name, *cells, end_section=name == TWO_PASS)
    return table


def _figures_table(title: str, figures: Mapping[str, Figures]) -> Table:
    table = _table(f"{title}: accuracy, %")
    columns = (
        "whole",
        "worst 1/10",
        "worst",
        "2nd half",
        "settled",
        "per class",
        "- text",
        "worst - text",
    )
    strangers = not np.isnan(figures[TEXT].auroc).any()
    for column in (*columns, "AUROC") if strangers else columns:
        table.add_column(column, justify="right", no_wrap=True)
    for name, own in figures.items():
        difference = own.whole - figures[TEXT].whole
        cells = [
            f"{100 * value:.1f}"
            for value in (
                own.whole.mean(),
                worst_tenth(own.whole),
                own.whole.min(),
                own.second_half.mean(),
                own.settled.mean(),
                own.per_class.mean(),
            )
        ]
        cells += [f"{100 * difference.mean():+.1f}", f"{100 * difference.min():+.1f}"]
        if strangers:
            cells.append(f"{own.auroc.mean():.3f}")
        table.add_row(name, *cells, end_section=name == TWO_PASS)
    return table


def _print_bars(console: Console, one: FileResult, judged: Sequence[str]) -> None:
    reference = one.results.get("iid") or next(iter(one.results.values()))
    console.print(
        f"{one.name}: {one.samples} samples, {one.classes} classes; two passes gain "
        f"{100 * gain(reference):+.1f} points over text",
        markup=False,
        highlight=False,
    )
    if not _is_judged(one):
        console.print(
            f"reported apart: two passes gain less than {100 * WORTH_KEEPING:.0f} points here, "
            "so the bars are shown but not judged"
        )
    rows = {name: bars(one.results, name) for name in judged}
    if "unknown" in one.results:
        told = {name: own.auroc.mean() for name, own in one.results["unknown"].items()}
        words = ", ".join(f"{name} {value:.3f}" for name, value in told.items())
        console.print(f"AUROC of unknown against known: {words}", highlight=False)
    table = _table("bars")
    table.add_column("at least", justify="right", no_wrap=True)
    for name in judged:
        table.add_column(name, justify="right", no_wrap=True)
    for number, bar in enumerate(rows[judged[0]] if judged else []):
        cells = [_reached(rows[name][number], _is_judged(one)) for name in judged]
        table.add_row(f"{bar.stream}: {bar.says}", _amount(bar, bar.least), *cells)
    console.print(table)


def _amount(bar: Bar, value: float) -> str:
    if np.isnan(value):
        return "-"
    return f"{100 * value:.0f} %" if bar.share else f"{100 * value:+.1f}"


def _reached(bar: Bar, counts: bool) -> Text:
    words = _amount(bar, bar.value)
    if not counts:
        return Text(words)
    return Text(f"{words} {'yes' if bar.passed else 'NO'}", style="green" if bar.passed else "red")


def write_json(path: Path, done: Sequence[FileResult], judged: Sequence[str]) -> None:
    """Write all figures of all orders, the curves and the bars, atomically.

    Raises:
        InputError: the file cannot be written.
    """
    report = [
        {
            "file": one.name,
            "samples": one.samples,
            "classes": one.classes,
            "judged": _is_judged(one),
            "streams": {
                stream: {name: _plain(own) for name, own in figures.items()}
                for stream, figures in one.results.items()
            },
            "bars": {
                name: [asdict(bar) | {"passed": bar.passed} for bar in bars(one.results, name)]
                for name in judged
            },
        }
        for one in done
    ]
    write_atomically(path, (json.dumps(_finite(report), indent=1) + "\n").encode())


def _plain(own: Figures) -> dict[str, Any]:
    """Figures of every order; curves as their means."""
    values = {name: getattr(own, name).tolist() for name in _SINGLE}
    curves = {
        name: getattr(own, name).mean(axis=0).round(5).tolist()
        for name in ("cumulative", "windowed")
    }
    return values | curves


def _finite(value: Any) -> Any:
    """The same with None for NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def check_picture(path: Path) -> None:
    """Refuse an ending that cannot be drawn, before all the work.

    Raises:
        InputError: not a picture's ending.
    """
    if path.suffix.lower() not in _PICTURES:
        raise InputError(f"{path}: a plot's name ends in {', '.join(_PICTURES)}")


def save_plot(path: Path, done: Sequence[FileResult]) -> None:
    """Draw accuracy over time, minus the texts': one panel a stream, files below each other.

    Raises:
        InputError: the file cannot be written.
    """
    columns = min(_COLUMNS, max(len(one.results) for one in done))
    rows = [-(-len(one.results) // columns) for one in done]
    size = (3.7 * columns, sum(2.7 * count + 0.4 for count in rows) + 0.7)
    figure = Figure(figsize=size, layout="constrained")
    parts = figure.subfigures(len(done), 1, squeeze=False, height_ratios=rows).ravel()
    lines: dict[str, Line2D] = {}
    for part, one, count in zip(parts, done, rows, strict=True):
        part.suptitle(one.name, fontsize=11, fontweight="bold")
        axes = part.subplots(count, columns, squeeze=False).ravel()
        for axis, (stream, figures) in zip(axes, one.results.items(), strict=False):
            lines |= _draw(axis, figures)
            axis.set_title(stream, fontsize=10)
        for axis in axes[len(one.results) :]:
            axis.set_axis_off()
    figure.supxlabel("share of the stream, %", fontsize=10)
    figure.supylabel("accuracy so far, points above text alone", fontsize=10)
    figure.legend(
        lines.values(), lines.keys(), loc="outside upper center", ncols=len(lines), frameon=False
    )
    picture = BytesIO()
    figure.savefig(picture, format=path.suffix[1:].lower(), dpi=110)
    write_atomically(path, picture.getvalue())


def _draw(axis: Axes, figures: Mapping[str, Figures]) -> dict[str, Line2D]:
    """Cumulative accuracy above the texts', mean over orders; 80 % of them for the live default."""
    share = np.arange(1, POINTS + 1) * 100 / POINTS
    floor = figures[TEXT].cumulative
    lines: dict[str, Line2D] = {}
    learners = [name for name in figures if name not in (TEXT, TWO_PASS)]
    axis.axhline(0, color="0.3", linewidth=1)
    means = []
    for name in (TWO_PASS, *learners):
        difference = 100 * (figures[name].cumulative - floor)
        means.append(difference.mean(axis=0))
        ceiling, live = name == TWO_PASS, name == LIVE_DEFAULT
        color = "0.3" if ceiling else f"C{learners.index(name)}"
        (lines[name],) = axis.plot(
            share,
            means[-1],
            color=color,
            linestyle="--" if ceiling else "-",
            linewidth=2.2 if live else 1.3,
            zorder=3 if live else 2,
        )
        if live:
            low, high = np.quantile(difference, [0.1, 0.9], axis=0)
            axis.fill_between(share, low, high, color=color, alpha=0.15, linewidth=0)
    axis.grid(color="0.9")
    axis.set_xlim(0, 100)
    # The first few answers swing widely; they need not set the scale.
    calm = np.concatenate([curve[POINTS // 10 :] for curve in means])
    margin = 0.12 * (calm.max() - min(calm.min(), 0.0)) + 0.5
    axis.set_ylim(min(calm.min(), 0.0) - margin, calm.max() + margin)
    return lines

"""``pgfa-data``: from datasets on disk to a store, and what is in it."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from apps.cli import examples, make_app, run
from bank.errors import InputError
from train.data.readers import reader, reader_names
from train.data.store import Store, build_store
from train.data.vocabularies import label_map

app = make_app(
    "Build stores of skeleton clips and look into them.\n\n"
    + examples(
        "pgfa-data readers",
        "pgfa-data build data/open --set kard=raw/kard --set utd-mhad=raw/utd_mhad "
        "--vocabulary open",
        "pgfa-data inspect data/open",
    )
)


@app.command()
def readers() -> None:
    """List the datasets that can be read."""
    for name in reader_names():
        typer.echo(name)


@app.command()
def build(
    store: Annotated[Path, typer.Argument(help="Folder of the store; made if need be.")],
    sets: Annotated[list[str], typer.Option("--set", help="READER=FOLDER, once for each set.")],
    vocabulary: Annotated[
        str | None, typer.Option(help="Rename labels by this table, e.g. open.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first bad clip.")] = False,
    workers: Annotated[int, typer.Option(help="Processes that read.", min=0)] = 0,
) -> None:
    """Put datasets into a store; may be interrupted and called again."""
    for pair in sets:
        name, equals, folder = pair.partition("=")
        if not equals:
            raise InputError(f"--set {pair}: not READER=FOLDER, e.g. kard=raw/kard")
        chosen = reader(name)
        labels = None if vocabulary is None else label_map(vocabulary, name)
        report = build_store(
            store, chosen, Path(folder), strict=strict, label_map=labels, workers=workers
        )
        typer.echo(f"{name}: {report.built} clips built, {len(report.skipped)} skipped")
        for clip, reason in report.skipped:
            typer.echo(f"  skipped {clip}: {reason}", err=True)


@app.command()
def inspect(store: Annotated[Path, typer.Argument(help="Folder of the store.")]) -> None:
    """Print how many clips there are of every class and set, and which were bad."""
    opened = Store.open(store)
    table = opened.table
    sets = sorted(opened.datasets)
    counts = Counter(zip(table.label.tolist(), table.dataset.tolist(), strict=True))
    view = Table(title=f"{len(opened)} clips in {store}")
    for column in ("class", *sets, "all"):
        view.add_column(column, justify="left" if column == "class" else "right")
    for label in sorted(set(table.label.tolist())):
        row = [counts[label, name] for name in sets]
        view.add_row(label, *(str(n or "") for n in row), str(sum(row)))
    view.add_section()
    total = [sum(n for (_, name), n in counts.items() if name == s) for s in sets]
    view.add_row("all", *map(str, total), str(len(opened)))
    console = Console()
    console.print(view)
    for bad in opened.bad:
        console.print(f"bad: {bad.dataset} {bad.clip}: {bad.reason}")


def main() -> None:
    """Entry point."""
    run(app, "pgfa-data")

"""The commands of ``pgfa-bench`` for streams: ``features`` and ``stream``."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli import Device, examples
from train.data.store import Store
from train.device import resolve_device
from train.evaluation.streams.export import fold_features
from train.evaluation.streams.features import save_features
from train.model import BUNDLED_CHECKPOINT
from train.text.encoder import cache_folder


def add_commands(app: typer.Typer) -> None:
    """Add them to ``pgfa-bench``."""
    app.command(
        help="Write the features of a fold's test clips and class texts to one file.\n\n"
        + examples(
            "pgfa-bench features data/open --out open-1.features.safetensors",
            "pgfa-bench features data/open --checkpoint runs/2/best.safetensors --out 2.features",
        )
    )(features)


def features(
    store: Annotated[Path, typer.Argument(help="Store made by pgfa-data build.")],
    out: Annotated[Path, typer.Option(help="File to write.")],
    checkpoint: Annotated[
        Path, typer.Option(help="Weights written by pgfa-train.", show_default="bundled")
    ] = BUNDLED_CHECKPOINT,
    fold: Annotated[
        str | None, typer.Option(help="Protocol and number.", show_default="the checkpoint's")
    ] = None,
    unknowns: Annotated[
        bool, typer.Option(help="Add held-out clips of seen classes, as unknown actions.")
    ] = True,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = Device.AUTO,
) -> None:
    """Write the features of a fold's test clips and class texts to one file."""
    data = fold_features(
        checkpoint,
        Store.open(store),
        fold=fold,
        unknowns=unknowns,
        device=resolve_device(device.value),
        cache=cache_folder(),
    )
    save_features(out, data)
    known = int(data.known.sum())
    typer.echo(
        f"{out}: fold {data.origin['fold']}, {known} clips of {len(data.classes)} classes, "
        f"{len(data) - known} of other actions, {data.features.shape[1]} dimensions"
    )

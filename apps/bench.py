"""``pgfa-bench``: the figures of a checkpoint."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from apps.bench_events import events_command
from apps.cli import Device, examples, make_app, run
from train.data.store import Store
from train.device import resolve_device
from train.evaluation.zero_shot import zero_shot
from train.model import BUNDLED_CHECKPOINT
from train.text.encoder import cache_folder
from train.training.fit import add_figures

app = make_app(
    "Evaluate checkpoints as the paper does.\n\n"
    + examples(
        "pgfa-bench two-pass data/open",
        "pgfa-bench two-pass data/open --checkpoint runs/open-1/best.safetensors --alpha 0.4",
    )
)


@app.callback()
def callback() -> None:
    """Evaluate checkpoints."""


@app.command("two-pass")
def two_pass(
    store: Annotated[Path, typer.Argument(help="Store made by pgfa-data build.")],
    checkpoint: Annotated[
        Path, typer.Option(help="Weights written by pgfa-train.", show_default="bundled")
    ] = BUNDLED_CHECKPOINT,
    fold: Annotated[
        str | None, typer.Option(help="Protocol and number.", show_default="the checkpoint's")
    ] = None,
    alpha: Annotated[float, typer.Option(help="Tolerance margin.", min=0.0, max=1.0)] = 0.9,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = Device.AUTO,
    write: Annotated[
        bool, typer.Option("--write", help="Put the figures into the checkpoint's description.")
    ] = False,
) -> None:
    """Alg. 2 on the classes that the checkpoint has never seen."""
    results = zero_shot(
        checkpoint,
        Store.open(store),
        alpha=alpha,
        fold=fold,
        device=resolve_device(device.value),
        cache=cache_folder(),
    )
    for kind, result in results.items():
        typer.echo(
            f"{result.samples} clips of {kind} classes among {result.classes}, alpha {alpha}"
        )
        typer.echo(f"plain    {result.plain}")
        typer.echo(f"aligned  {result.aligned}")
    if write:
        figures = {kind: asdict(result) for kind, result in results.items()}
        add_figures(checkpoint, {"two_pass": {"alpha": alpha, **figures}})
        typer.echo(f"written into {checkpoint}")


app.command("events")(events_command)


def main() -> None:
    """Entry point."""
    run(app, "pgfa-bench")

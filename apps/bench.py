"""``pgfa-bench``: the figures of a checkpoint."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli import Device, examples, make_app, run
from apps.live import BUNDLED_CHECKPOINT
from train.data.store import Store
from train.device import resolve_device
from train.evaluation.zero_shot import zero_shot
from train.text.encoder import cache_folder

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
) -> None:
    """Alg. 2 on the classes that the checkpoint has never seen."""
    result = zero_shot(
        checkpoint,
        Store.open(store),
        alpha=alpha,
        fold=fold,
        device=resolve_device(device.value),
        cache=cache_folder(),
    )
    typer.echo(f"{result.samples} clips of {result.classes} unseen classes, alpha {alpha}")
    typer.echo(f"plain    {result.plain}")
    typer.echo(f"aligned  {result.aligned}")


def main() -> None:
    """Entry point."""
    run(app, "pgfa-bench")

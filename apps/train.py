"""``pgfa-train``: train an encoder against frozen sentence embeddings."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli import Device, examples, make_app, run
from apps.import_official import import_command
from train.data.store import Store
from train.device import resolve_device
from train.encoders import encoder_names
from train.text.encoder import OFFLINE_DEFAULT, cache_folder
from train.training.fit import Recipe, fit
from train.training.loop import TrainingOptions

app = make_app(
    "Train an encoder against frozen sentence embeddings.\n\n"
    + examples(
        "pgfa-train fit data/open --fold open/1 --out runs/open-1",
        "pgfa-train fit data/open --fold open/2 --style name --epochs 40 --out runs/names",
        "pgfa-train encoders",
        "pgfa-train import OFFICIAL.pt --fold setting1-ntu60/1 --out pgfa-ntu60.safetensors",
    )
)


@app.command()
def encoders() -> None:
    """List the skeleton encoders."""
    for name in encoder_names():
        typer.echo(name)


@app.command("fit")
def fit_command(
    store: Annotated[Path, typer.Argument(help="Store made by pgfa-data build.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; a begun run is gone on with.")],
    fold: Annotated[str, typer.Option(help="Protocol and number of the fold.")] = "open/1",
    style: Annotated[str, typer.Option(help="Descriptions: skeleton, complete, parts, name.")] = (
        "skeleton"
    ),
    encoder: Annotated[str, typer.Option(help="Skeleton encoder.")] = "st-gcn",
    text_encoder: Annotated[
        str, typer.Option(help="sentence-transformers model, by name or folder.")
    ] = OFFLINE_DEFAULT,
    epochs: Annotated[int, typer.Option(help="Passes over the clips.", min=1)] = (
        TrainingOptions.epochs
    ),
    batch: Annotated[int, typer.Option(help="Clips a step.", min=2)] = TrainingOptions.batch,
    learning_rate: Annotated[
        float, typer.Option(help="After the warm-up.", min=0.0)
    ] = TrainingOptions.learning_rate,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = Device.AUTO,
) -> None:
    """Train on the seen classes of a fold; writes last.safetensors and best.safetensors."""
    recipe = Recipe(
        fold=fold,
        style=style,
        encoder=encoder,
        text_encoder=text_encoder,
        options=TrainingOptions(epochs=epochs, batch=batch, learning_rate=learning_rate, seed=seed),
    )
    result = fit(Store.open(store), recipe, out, resolve_device(device.value), cache_folder())
    progress = result.progress
    if "held_out_seen" in progress.history[-1]:
        typer.echo(
            f"held-out seen accuracy: {progress.history[-1]['held_out_seen']:.2%} last, "
            f"{progress.best_score:.2%} best (epoch {progress.best_epoch})"
        )
    typer.echo(f"checkpoints: {result.last}, {result.best}")


app.command("import")(import_command)


def main() -> None:
    """Entry point."""
    run(app, "pgfa-train")

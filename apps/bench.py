"""``pgfa-bench``: the figures of a checkpoint."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from apps.bench_events import events_command
from apps.bench_stream import add_commands
from apps.cli import Device, examples, make_app, run
from train.data.store import Store
from train.device import resolve_device
from train.evaluation.fold_features import FoldFeatures, fold_features
from train.evaluation.one_shot import one_shot
from train.evaluation.paper import reported
from train.evaluation.recorded import recorded
from train.evaluation.zero_shot import zero_shot
from train.model import BUNDLED_CHECKPOINT
from train.text.encoder import cache_folder
from train.training.fit import add_figures

app = make_app(
    "Evaluate checkpoints as the paper does.\n\n"
    + examples(
        "pgfa-bench two-pass data/open",
        "pgfa-bench two-pass data/open --checkpoint runs/open-1/best.safetensors --alpha 0.4",
        "pgfa-bench one-shot data/ntu --checkpoint runs/one-shot/last.safetensors",
    )
)

StoreArgument = Annotated[Path, typer.Argument(help="Store made by pgfa-data build.")]
CheckpointOption = Annotated[
    Path, typer.Option(help="Weights written by pgfa-train.", show_default="bundled")
]
FoldOption = Annotated[
    str | None, typer.Option(help="Protocol and number.", show_default="the checkpoint's")
]
AlphaOption = Annotated[float, typer.Option(help="Tolerance margin.", min=0.0, max=1.0)]
TextEncoderOption = Annotated[
    str | None,
    typer.Option(
        help="Where the checkpoint's sentence encoder lies, if not under its own name.",
        show_default="the checkpoint's",
    ),
]
DeviceOption = Annotated[Device, typer.Option(help="Where to compute.")]
WriteOption = Annotated[
    bool, typer.Option("--write", help="Put the figures into the checkpoint's description.")
]


@app.callback()
def callback() -> None:
    """Evaluate checkpoints."""


@app.command("two-pass")
def two_pass_command(
    store: StoreArgument,
    checkpoint: CheckpointOption = BUNDLED_CHECKPOINT,
    fold: FoldOption = None,
    alpha: AlphaOption = 0.9,
    text_encoder: TextEncoderOption = None,
    device: DeviceOption = Device.AUTO,
    write: WriteOption = False,
) -> None:
    """Alg. 2 on the classes that the checkpoint has never seen.

    Where a fold tests clips of trained labels too (another dataset, a held-out set), these are
    answered together with the others and reported as seen, and all as both. What the paper
    reports for the fold, and what training recorded, is printed below.
    """
    tested = _features(store, checkpoint, fold, text_encoder, device)
    results = zero_shot(tested, alpha)
    for kind, result in results.items():
        typer.echo(
            f"{result.samples} clips of {kind} classes among {result.classes}, alpha {alpha}"
        )
        typer.echo(f"plain    {result.plain}")
        typer.echo(f"aligned  {result.aligned}")
    _references(tested)
    if write:
        figures = {kind: asdict(result) for kind, result in results.items()}
        _write(checkpoint, "two_pass", {"alpha": alpha, **figures})


@app.command("one-shot")
def one_shot_command(
    store: StoreArgument,
    checkpoint: CheckpointOption = BUNDLED_CHECKPOINT,
    fold: FoldOption = None,
    alpha: AlphaOption = 0.9,
    text_encoder: TextEncoderOption = None,
    device: DeviceOption = Device.AUTO,
    write: WriteOption = False,
) -> None:
    """One labelled clip of every unseen class: section IV-F, Table VIII.

    Needs a fold with exemplars (one-shot-*); no exemplar is ever tested.
    """
    tested = _features(store, checkpoint, fold, text_encoder, device)
    result = one_shot(tested, alpha)
    typer.echo(
        f"{result.samples} clips of unseen classes among {result.classes}, "
        f"{result.shown} of them with an exemplar, alpha {alpha}"
    )
    typer.echo(f"text      {result.text}")
    typer.echo(f"exemplars {result.exemplars}")
    typer.echo(f"aligned   {result.aligned}")
    _references(tested)
    if write:
        _write(checkpoint, "one_shot", {"alpha": alpha, **asdict(result)})


def _features(
    store: Path, checkpoint: Path, fold: str | None, text_encoder: str | None, device: Device
) -> FoldFeatures:
    return fold_features(
        checkpoint,
        Store.open(store),
        fold=fold,
        text_encoder=text_encoder,
        device=resolve_device(device.value),
        cache=cache_folder(),
    )


def _references(tested: FoldFeatures) -> None:
    """Print what the paper and the checkpoint say of the fold."""
    if paper := reported(tested.fold):
        typer.echo(f"paper    {paper}")
    if tested.fold == tested.info.training.get("data", {}).get("fold"):
        for line in recorded(tested.info.training):
            typer.echo(f"recorded {line}")


def _write(checkpoint: Path, kind: str, figures: dict[str, object]) -> None:
    add_figures(checkpoint, {kind: figures})
    typer.echo(f"written into {checkpoint}")


add_commands(app)
app.command("events")(events_command)


def main() -> None:
    """Entry point."""
    run(app, "pgfa-bench")

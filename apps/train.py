"""``pgfa-train``: train an encoder against frozen sentence embeddings."""

import json
import os
import statistics
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli import Device, examples, make_app, run
from apps.import_official import import_command
from train.data.protocols import fold_names
from train.data.store import Store
from train.device import resolve_device
from train.encoders import encoder_names
from train.text.encoder import cache_folder
from train.training.fit import FitResult, fit
from train.training.loop import SELECTING, Stopped
from train.training.presets import load_preset, preset_names
from train.training.recipe import Recipe, change, override
from train.training.state import flatten

app = make_app(
    "Train an encoder against frozen sentence embeddings.\n\n"
    + examples(
        "pgfa-train fit data/open --fold open/1 --out runs/open-1",
        "pgfa-train fit data/open --fold open/2 --style name --epochs 40 --out runs/names",
        "pgfa-train fit data/ntu --preset setting1-ntu60 --fold setting1-ntu60/2 --out runs/s1-2",
        "pgfa-train run data/ntu --preset setting1-ntu60 --out runs/setting1-ntu60",
        "pgfa-train presets setting1-ntu60",
        "pgfa-train encoders",
        "pgfa-train import OFFICIAL.pt --fold setting1-ntu60/1 --out pgfa-ntu60.safetensors",
    )
)

StoreFolder = Annotated[Path, typer.Argument(help="Store made by pgfa-data build.")]
Out = Annotated[Path, typer.Option(help="Folder of the run; a begun run is gone on with.")]
Preset = Annotated[
    str, typer.Option(help="Settings to begin with: a name, or a .toml or .json file.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Any setting as KEY=VALUE, e.g. options.warmup=3; repeatable."),
]
Style = Annotated[str | None, typer.Option(help="Descriptions: skeleton, complete, parts, name.")]
EncoderName = Annotated[str | None, typer.Option(help="Skeleton encoder.")]
TextEncoderName = Annotated[
    str | None, typer.Option(help="sentence-transformers model, by name or folder.")
]
Combine = Annotated[
    str | None,
    typer.Option(help="Several descriptions of a class: mean, or sample one in every step."),
]
Objective = Annotated[
    str | None, typer.Option(help="paper (Eq. 3 to 5) or official (what its code computes).")
]
Framework = Annotated[
    str | None, typer.Option(help="end-to-end, pretrain-fixed or pretrain-finetune (Table V).")
]
Epochs = Annotated[int | None, typer.Option(help="Passes over the clips.", min=1)]
Batch = Annotated[int | None, typer.Option(help="Clips a step.", min=2)]
LearningRate = Annotated[float | None, typer.Option(help="After the warm-up.", min=0.0)]
Precision = Annotated[str | None, typer.Option(help="fp32, bf16 or fp16.")]
Augment = Annotated[
    str | None, typer.Option("--augmentation", help="A set of changes: none, default, webcam.")
]
Seed = Annotated[int | None, typer.Option(help="Of everything random.")]
PaperProtocol = Annotated[
    bool,
    typer.Option(
        "--paper-protocol",
        help="Also record the best epoch on the unseen test clips, as published figures do.",
    ),
]
Where = Annotated[Device, typer.Option(help="Where to compute.")]


@app.command()
def encoders() -> None:
    """List the skeleton encoders."""
    for name in encoder_names():
        typer.echo(name)


@app.command()
def presets(
    name: Annotated[str | None, typer.Argument(help="Show all settings of this one.")] = None,
) -> None:
    """List the presets, or every setting of one."""
    if name is None:
        for preset in preset_names():
            typer.echo(preset)
        return
    for key, value in flatten(Recipe.from_dict(load_preset(name)).to_dict()):
        typer.echo(f"{key}={value if isinstance(value, str) else json.dumps(value)}")


@app.command("fit")
def fit_command(
    store: StoreFolder,
    out: Out,
    fold: Annotated[
        str | None, typer.Option(help="Protocol and number.", show_default="the preset's")
    ] = None,
    preset: Preset = "open",
    style: Style = None,
    encoder: EncoderName = None,
    text_encoder: TextEncoderName = None,
    combine: Combine = None,
    objective: Objective = None,
    framework: Framework = None,
    epochs: Epochs = None,
    batch: Batch = None,
    learning_rate: LearningRate = None,
    augmentation: Augment = None,
    precision: Precision = None,
    seed: Seed = None,
    paper_protocol: PaperProtocol = False,
    settings: Settings = None,
    device: Where = Device.AUTO,
) -> None:
    """Train on the seen classes of a fold; writes last.safetensors and best.safetensors.

    Options and --set override the preset, --set last.
    """
    values = _settings(locals())
    _fit_one(Store.open(store), Recipe.from_dict(values), out, device)


@app.command("run")
def run_command(
    store: StoreFolder,
    out: Annotated[Path, typer.Option(help="Folder of the runs, one inside for every fold.")],
    preset: Preset = "open",
    style: Style = None,
    encoder: EncoderName = None,
    text_encoder: TextEncoderName = None,
    combine: Combine = None,
    objective: Objective = None,
    framework: Framework = None,
    epochs: Epochs = None,
    batch: Batch = None,
    learning_rate: LearningRate = None,
    augmentation: Augment = None,
    precision: Precision = None,
    seed: Seed = None,
    paper_protocol: PaperProtocol = False,
    settings: Settings = None,
    device: Where = Device.AUTO,
) -> None:
    """Train on every fold of a preset's protocol, one after another: a table's figure."""
    values = _settings(locals())
    opened = Store.open(store)
    protocol = str(values.get("fold", Recipe.fold)).partition("/")[0]
    results: dict[str, FitResult] = {}
    for fold in fold_names(protocol):
        typer.echo(fold)
        recipe = Recipe.from_dict({**values, "fold": fold})
        folder = out / fold.partition("/")[2]
        results[fold] = _fit_one(opened, recipe, folder, device)
    if all(fold.rpartition("/")[2].isdigit() for fold in results):
        _print_means(list(results.values()))


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    """The preset with what a command line says otherwise."""
    values = Recipe.from_dict(load_preset(options["preset"])).to_dict()
    for option, key in _KEYS.items():
        if (given := options.get(option)) is not None:
            change(values, key, given)
    if options["paper_protocol"]:
        values["paper_protocol"] = True
    override(values, options["settings"] or [])
    return values


_KEYS = {
    "fold": "fold",
    "style": "style",
    "encoder": "encoder",
    "text_encoder": "text_encoder",
    "combine": "combine",
    "objective": "objective",
    "framework": "framework",
    "epochs": "options.epochs",
    "batch": "options.batch",
    "learning_rate": "options.learning_rate",
    "precision": "options.precision",
    "augmentation": "options.augmentation",
    "seed": "options.seed",
}


def _fit_one(store: Store, recipe: Recipe, folder: Path, device: Device) -> FitResult:
    again = "the same command goes on after the last whole epoch"
    try:
        result = fit(store, recipe, folder, resolve_device(device.value), cache_folder())
    except Stopped as stopped:
        typer.echo(f"{folder}: {stopped}; {again}", err=True)
        raise typer.Exit(143) from None
    except KeyboardInterrupt:
        typer.echo(f"{folder}: interrupted; {again}", err=True)
        raise typer.Exit(130) from None
    if int(os.environ.get("RANK", "0")) == 0:  # of several processes one speaks
        _print_result(result)
    return result


def _print_result(result: FitResult) -> None:
    progress = result.progress
    if result.already:
        typer.echo(f"finished already, after {progress.epoch} epochs; nothing was done")
    if SELECTING in progress.history[-1]:
        typer.echo(
            f"held-out seen accuracy: {progress.history[-1][SELECTING]:.2%} last, "
            f"{progress.best_score:.2%} best (epoch {progress.best_epoch})"
        )
    for kind, words in _KINDS.items():
        figures = result.figures[kind]
        for group, found in _groups(figures["two_pass"]):
            typer.echo(
                f"{words} (epoch {figures['epoch']}), {found['samples']} clips of {group} classes "
                f"among {found['classes']}: plain {_both(found['plain'])}; "
                f"aligned {_both(found['aligned'])}"
            )
        if shot := figures.get("one_shot"):
            typer.echo(
                f"{words}, one-shot: exemplars {_both(shot['exemplars'])}; "
                f"aligned {_both(shot['aligned'])}"
            )
    if protocol := result.figures.get("paper_protocol"):
        best = ", ".join(
            f"{way} {protocol[way]['overall']:.2%} (epoch {protocol[way]['epoch']})"
            for way in ("plain", "aligned")
        )
        typer.echo(f"paper protocol, {protocol['what']}: {best}")
    typer.echo(f"checkpoints: {result.last}, {result.best}")


_KINDS = {"last": "last epoch", "seen_selected": "chosen on held-out seen clips"}


def _groups(two_pass: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(group, found) for group, found in two_pass.items() if group != "alpha"]


def _both(accuracy: dict[str, float]) -> str:
    return f"{accuracy['overall']:.2%} overall, {accuracy['per_class']:.2%} per class"


def _print_means(results: list[FitResult]) -> None:
    """The figure of a table: the mean over folds of the overall accuracy of unseen classes.

    Of a fold across datasets that tests none, that of the classes it does test.
    """
    if int(os.environ.get("RANK", "0")):
        return
    for kind, words in _KINDS.items():
        ways = {
            way: statistics.fmean(
                (two_pass.get("unseen") or two_pass["both"])[way]["overall"]
                for two_pass in (result.figures[kind]["two_pass"] for result in results)
            )
            for way in ("plain", "aligned")
        }
        shown = ", ".join(f"{way} {value:.2%}" for way, value in ways.items())
        typer.echo(f"mean of {len(results)} folds, {words}: {shown}")
    protocols = [result.figures.get("paper_protocol") for result in results]
    if all(protocols):
        shown = ", ".join(
            f"{way} {statistics.fmean(p[way]['overall'] for p in protocols if p):.2%}"
            for way in ("plain", "aligned")
        )
        typer.echo(f"mean of {len(results)} folds, paper protocol (best on test): {shown}")


app.command("import")(import_command)


def main() -> None:
    """Entry point."""
    run(app, "pgfa-train")

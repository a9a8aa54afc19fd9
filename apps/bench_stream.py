"""The commands of ``pgfa-bench`` for streams: ``features``, ``synthetic`` and ``stream``."""

from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from tqdm import tqdm

from apps.cli import Device, examples
from apps.stream_report import (
    FileResult,
    check_picture,
    print_guards,
    print_results,
    save_plot,
    write_json,
)
from bank.errors import InputError
from train.data.store import Store
from train.device import resolve_device
from train.evaluation.streams.contenders import (
    CONTENDERS,
    LIVE_DEFAULT,
    chosen,
    guarded,
    other_guards,
)
from train.evaluation.streams.export import fold_features, held_out_features
from train.evaluation.streams.features import FeatureSet, load_features, save_features
from train.evaluation.streams.orders import make_stream, standard_streams, stream_names
from train.evaluation.streams.progressive import evaluate_stream
from train.evaluation.streams.synthetic import Recipe
from train.evaluation.streams.synthetic import synthetic as draw_synthetic
from train.model import BUNDLED_CHECKPOINT
from train.text.encoder import cache_folder


def add_commands(app: typer.Typer) -> None:
    """Add them to ``pgfa-bench``."""
    app.command(
        help="Write the features of a fold's test clips and class texts to one file.\n\n"
        + examples(
            "pgfa-bench features data/open --out open-1.features.safetensors",
            "pgfa-bench features data/open --checkpoint runs/2/best.safetensors --out 2.features",
            "pgfa-bench features data/open --held-out name --draw 1 --out development-1.features",
        )
    )(features)
    app.command(
        help="Draw a feature file whose truth is known: von Mises-Fisher classes, and texts across "
        "a modality gap.\n\n"
        + examples(
            "pgfa-bench synthetic --out made-up.features",
            "pgfa-bench synthetic --out easy.features --noise 2 --kappa 25 --seed 3",
        )
    )(synthetic)
    app.command(
        help="Predict, then update, over streams of a feature file; judge the live default.\n\n"
        f"Streams: {', '.join(stream_names())}. Contenders: {', '.join(CONTENDERS)}; text and "
        "two-pass are always there.\n\n"
        + examples(
            "pgfa-bench stream open-1.features",
            "pgfa-bench stream open-*.features --plot curves.png --json figures.json",
            "pgfa-bench stream open-1.features --streams iid,classes --contenders exact,TDA "
            "--orders 5",
        )
    )(stream)


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
    held_out: Annotated[
        str | None,
        typer.Option(
            help="Not the test clips but held-out clips of seen classes, with texts of this style: "
            "to choose rules on."
        ),
    ] = None,
    classes: Annotated[int, typer.Option(help="Seen classes to draw, with --held-out.")] = 16,
    draw: Annotated[int, typer.Option(help="Seed of the draw, with --held-out.")] = 0,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = Device.AUTO,
) -> None:
    """Write the features of a fold's test clips and class texts to one file."""
    opened, place, cache = Store.open(store), resolve_device(device.value), cache_folder()
    if held_out is None:
        data = fold_features(checkpoint, opened, fold, unknowns, place, cache)
    else:
        data = held_out_features(checkpoint, opened, held_out, classes, draw, fold, place, cache)
    save_features(out, data)
    known = int(data.known.sum())
    typer.echo(
        f"{out}: fold {data.origin['fold']}, {known} clips of {len(data.classes)} classes, "
        f"{len(data) - known} of other actions, {data.features.shape[1]} dimensions"
    )


def synthetic(
    out: Annotated[Path, typer.Option(help="File to write.")],
    classes: Annotated[int, typer.Option(help="Classes that have a text.")] = Recipe.classes,
    samples: Annotated[int, typer.Option(help="Samples of each class.")] = Recipe.samples,
    dimension: Annotated[int, typer.Option(help="Dimension of features.")] = Recipe.dimension,
    subspace: Annotated[int, typer.Option(help="Dimensions that vary.")] = Recipe.subspace,
    kappa: Annotated[float, typer.Option(help="Concentration of a class.")] = Recipe.kappa,
    common: Annotated[float, typer.Option(help="What classes share.")] = Recipe.common,
    gap: Annotated[float, typer.Option(help="Length of the gap.")] = Recipe.gap,
    noise: Annotated[float, typer.Option(help="Length of a text's noise.")] = Recipe.noise,
    unknown_classes: Annotated[
        int, typer.Option(help="Classes without a text.")
    ] = Recipe.unknown_classes,
    seed: Annotated[int, typer.Option(help="Of everything drawn.")] = Recipe.seed,
) -> None:
    """Draw a feature file whose truth is known."""
    recipe = Recipe(
        classes, samples, dimension, subspace, kappa, common, gap, noise, unknown_classes, seed
    )
    save_features(out, draw_synthetic(recipe))
    typer.echo(f"{out}: {classes} classes and {unknown_classes} unknown ones, {samples} each")


def stream(
    files: Annotated[list[Path], typer.Argument(help="Files made by pgfa-bench features.")],
    streams: Annotated[
        str | None, typer.Option(help="Names with commas.", show_default="all but windows")
    ] = None,
    contenders: Annotated[
        str | None, typer.Option(help="Names with commas.", show_default="all")
    ] = None,
    orders: Annotated[int, typer.Option(help="Orders of each stream.", min=1)] = 20,
    alpha: Annotated[float, typer.Option(help="Tolerance margin.", min=0.0, max=1.0)] = 0.9,
    plot: Annotated[
        Path | None, typer.Option(help="Draw accuracy over time: .png, .pdf or .svg.")
    ] = None,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="The live default without each of its guards, too.")
    ] = False,
    details: Annotated[
        bool, typer.Option("--details", help="One table a stream, with all figures.")
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write every order's figures.")
    ] = None,
) -> None:
    """Predict, then update, over streams of a feature file; judge the live default."""
    torch.set_num_threads(1)  # threads do not help products this small
    makers = chosen(_names(contenders))
    judged = [LIVE_DEFAULT] if LIVE_DEFAULT in makers else list(makers)
    variants = {name: guarded(guards) for name, guards in other_guards().items()} if ablate else {}
    if ablate:
        makers = {LIVE_DEFAULT: CONTENDERS[LIVE_DEFAULT], **makers, **variants}
    if plot is not None:
        check_picture(plot)
    work = [(path, load_features(path)) for path in files]
    names = {path: _streams_for(path, data, _names(streams)) for path, data in work}
    done: list[FileResult] = []
    steps = sum(map(len, names.values())) * orders * (2 + len(makers))
    with tqdm(total=steps, unit="run", disable=None, leave=False) as progress:
        for path, data in work:
            results = {}
            for name in names[path]:
                progress.set_description(f"{path.name} {name}")
                results[name] = evaluate_stream(
                    data, name, makers, orders, alpha, advance=progress.update
                )
            done.append(FileResult(path.name, int(data.known.sum()), len(data.classes), results))
    console = Console()
    print_results(console, done, judged, details)
    if ablate:
        print_guards(console, done, LIVE_DEFAULT, list(variants))
    if json_file is not None:
        write_json(json_file, done, judged)
    if plot is not None:
        save_plot(plot, done)


def _streams_for(path: Path, data: FeatureSet, asked: list[str] | None) -> list[str]:
    """The streams to run on a file: those asked for, or all that it has the samples for."""
    if asked is None:
        strangers = not bool(data.known.all())
        return [name for name in standard_streams() if strangers or name != "unknown"]
    for name in asked:
        try:
            make_stream(name, data, 0)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
    return asked


def _names(given: str | None) -> list[str] | None:
    """Names between commas."""
    return None if given is None else [name.strip() for name in given.split(",") if name.strip()]

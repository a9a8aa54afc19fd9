"""``pgfa-data``: from datasets on disk to a store, and what is in it."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from apps.cli import examples, make_app, run
from apps.describe import describe
from apps.inspection import print_summary
from apps.recorded import clip_from_recording
from bank.errors import InputError
from train.data.lookup import from_raw, from_store, split_place
from train.data.readers import Reader, reader, reader_names
from train.data.store import Store, build_store
from train.data.summary import summarise
from train.data.vocabularies import label_map
from train.skeletons.clip import Clip
from train.skeletons.picture import check_ending, save_picture

app = make_app(
    "Build stores of skeleton clips and look into them.\n\n"
    + examples(
        "pgfa-data readers",
        "pgfa-data build data/open --set kard=raw/kard --set utd-mhad=raw/utd_mhad "
        "--vocabulary open",
        "pgfa-data inspect data/open",
        "pgfa-data view data/open:17 --out clip.gif",
    )
)


@app.command(
    help="List the datasets that can be read.\n\n"
    + examples("pgfa-data readers", "pgfa-data build --help")
)
def readers() -> None:
    """List the datasets that can be read."""
    for name in reader_names():
        typer.echo(name)


@app.command(
    help="Put datasets into a store; may be interrupted and called again.\n\n"
    "Clips that cannot be read are skipped, named and counted.\n\n"
    + examples(
        "pgfa-data build data/ntu --set ntu60=raw/nturgb+d_skeletons --workers 8",
        "pgfa-data build data/open --set kard=raw/kard --set gtu3d=raw/gtu3d --vocabulary open",
        "pgfa-data build data/kard --set kard=raw/kard --strict",
    )
)
def build(
    store: Annotated[Path, typer.Argument(help="Folder of the store; made if need be.")],
    sets: Annotated[list[str], typer.Option("--set", help="READER=FOLDER, once for each set.")],
    vocabulary: Annotated[
        str | None, typer.Option(help="Rename labels by this table, e.g. open.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first bad clip.")] = False,
    workers: Annotated[int, typer.Option(help="Processes that read.", min=0)] = 0,
) -> None:
    """Put datasets into a store."""
    chosen: list[tuple[Reader, Path, dict[str, str] | None]] = []
    for pair in sets:
        name, equals, folder = pair.partition("=")
        if not equals or not folder:
            raise InputError(f"--set {pair}: not READER=FOLDER, e.g. kard=raw/kard")
        known, place = reader(name), Path(folder)
        if not place.is_dir():
            raise InputError(f"{place}: no such folder; give the unpacked {name} set")
        labels = None if vocabulary is None else label_map(vocabulary, name)
        chosen.append((known, place, labels))
    for known, place, labels in chosen:
        report = build_store(store, known, place, strict=strict, label_map=labels, workers=workers)
        counts = [f"{report.built} clips built", f"{len(report.skipped)} skipped"]
        if report.already:
            counts.append(f"{report.already} there already")
        if report.left_out:
            counts.append(f"{report.left_out} left out by the vocabulary")
        typer.echo(f"{known.name}: {', '.join(counts)}, {report.seconds:.1f} s")
        for clip, reason in report.skipped:
            typer.echo(f"  skipped {clip}: {reason}", err=True)


@app.command(
    help="Print what is in a store.\n\n"
    "Clips per set, class and subject, how long they are, and which were bad, with reasons.\n\n"
    + examples(
        "pgfa-data inspect data/open",
        "pgfa-data inspect data/open --verify",
        "pgfa-data inspect data/open --json | jq .lengths",
    )
)
def inspect(
    store: Annotated[Path, typer.Argument(help="Folder of the store.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="First read every byte and compare checksums.")
    ] = False,
) -> None:
    """Print what is in a store."""
    opened = Store.open(store)
    if verify:
        opened.verify()
    summary = summarise(opened)
    if as_json:
        typer.echo(json.dumps(summary.to_json(), ensure_ascii=False, indent=1))
    else:
        print_summary(summary, Console())


@app.command(
    help="Draw a clip as a stick figure.\n\n"
    "CLIP is STORE:INDEX or STORE:NAME (DATASET/NAME where two sets share a name), a file or "
    "FOLDER:NAME of an unpacked set with --reader, or a .poses recording. A .png shows moments of "
    "it on one sheet, a .gif moves at the clip's own speed.\n\n"
    + examples(
        "pgfa-data view data/open:17 --out clip.gif",
        "pgfa-data view data/open:kard/a01_s01_e01_realworld --out clip.png --moments 10",
        "pgfa-data view S001C001P001R001A001.skeleton --reader ntu60 --out drink.png --turn 45",
        "pgfa-data view run.poses --out run.png",
    )
)
def view(
    clip: Annotated[str, typer.Argument(metavar="CLIP", help="STORE:CLIP, or a file.")],
    out: Annotated[Path, typer.Option("--out", help="The picture: FILE.png or FILE.gif.")],
    reader_name: Annotated[
        str | None, typer.Option("--reader", help="CLIP is of this unpacked set.")
    ] = None,
    moments: Annotated[int, typer.Option(help="Moments on a .png.", min=1, max=60)] = 8,
    turn: Annotated[
        float, typer.Option(help="Degrees to walk around the people; 90: from the left side.")
    ] = 0.0,
) -> None:
    """Draw a clip as a stick figure."""
    check_ending(out)
    found = _find(clip, reader_name)
    save_picture(found, out, moments=moments, turn=turn)
    seconds = found.times[-1] - found.times[0]
    called = f"{found.name} ({found.label})" if found.label else found.name
    typer.echo(
        f"{out}: {called}, {len(found.times)} frames, {seconds:.2f} s, people: {found.bodies}"
    )


def _find(place: str, reader_name: str | None) -> Clip:
    known = None if reader_name is None else reader(reader_name)
    path, clip = split_place(place)
    if known is not None:
        return from_raw(path, clip, known)
    if path.is_dir():
        return from_store(path, clip)
    if path.suffix == ".poses":
        return clip_from_recording(path)
    raise InputError(f"{path}: neither a store nor a .poses recording; name its set by --reader")


app.command(
    "describe",
    help="Let a language model describe labels; may be interrupted and called again.\n\n"
    + examples(
        "pgfa-data describe labels.txt --endpoint http://127.0.0.1:11434/v1 --model qwen3 "
        "--out labels.skeleton.tsv",
    ),
)(describe)


def main() -> None:
    """Entry point."""
    run(app, "pgfa-data")

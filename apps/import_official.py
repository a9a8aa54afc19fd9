"""``pgfa-train import``: the authors' released weights as a checkpoint."""

from pathlib import Path
from typing import Annotated

import typer

from train.official import PAPER_TEXT_ENCODER, import_official


def import_command(
    official: Annotated[
        Path, typer.Argument(help="File of the authors: {'encoder': ..., 'adapter': ...}.")
    ],
    out: Annotated[Path, typer.Option(help="Checkpoint to write (*.safetensors).")],
    text: Annotated[
        str, typer.Option(help="Sentence encoder it was trained against, by name or folder.")
    ] = PAPER_TEXT_ENCODER,
    style: Annotated[
        str, typer.Option(help="Descriptions it was trained with: skeleton, complete, parts, name.")
    ] = "complete",
    fold: Annotated[
        str | None,
        typer.Option(help="Fold it was trained on, e.g. setting1-ntu60/1.", show_default="unknown"),
    ] = None,
) -> None:
    """Turn a file that the paper's authors released into a checkpoint of ours."""
    info = import_official(official, out, text_encoder=text, style=style, fold=fold)
    frames = info.preprocessing["frames"]
    typer.echo(
        f"{info.encoder}, {frames} frames, projected to {info.text_dim} dimensions of "
        f"{info.text_encoder}"
    )
    if fold is None:
        typer.echo("fold unknown: give pgfa-bench --fold, or import again with --fold")
    typer.echo(f"written to {out}")

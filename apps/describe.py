"""``pgfa-data describe``: descriptions of any labels by a language model."""

import os
import sys
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from bank.errors import InputError
from train.text.chat import ChatModel
from train.text.labels import read_labels
from train.text.writer import DescriptionLog, heading, line, written


class Style(StrEnum):
    """Choices of ``--style``."""

    SKELETON = "skeleton"
    COMPLETE = "complete"
    PARTS = "parts"


def describe(
    labels: Annotated[Path, typer.Argument(help="Label file: one class a line.")],
    endpoint: Annotated[
        str,
        typer.Option(help="OpenAI-compatible API, hosted or local: http://127.0.0.1:11434/v1."),
    ],
    model: Annotated[str, typer.Option(help="Name of the model at the endpoint.")],
    api_key_env: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Environment variable that holds the API key."),
    ] = None,
    style: Annotated[
        Style, typer.Option(help="skeleton asks with the paper's prompt.")
    ] = Style.SKELETON,
    out: Annotated[
        Path | None,
        typer.Option(help="File to append to; labels in it are not asked again. Default: stdout."),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for one answer.", min=0.1)] = 120.0,
    retries: Annotated[
        int, typer.Option(help="How often to try again after 429, 5xx or a lost connection.", min=0)
    ] = 5,
) -> None:
    """Let a language model describe labels; may be interrupted and called again.

    Example:  $ pgfa-data describe labels.txt --endpoint http://127.0.0.1:11434/v1
    --model qwen3 --out labels.skeleton.tsv
    """
    names = [label.name for label in read_labels(labels, least=1)]
    chat = ChatModel(endpoint, model, _key(api_key_env), timeout, retries)
    with nullcontext() if out is None else DescriptionLog(out, style.value, model) as log:
        left = names if log is None else [name for name in names if name not in log]
        if log is None:
            typer.echo(heading(style.value, model).encode(), nl=False)
        answers = written(left, style.value, chat)
        for label, text in tqdm(answers, total=len(left), unit="label", disable=None):
            if log is None:
                typer.echo(line(label, text).encode(), nl=False)
            else:
                log.append(label, text)
    there = len(names) - len(left)
    print(f"{len(left)} labels described, {there} were there already", file=sys.stderr)


def _key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise InputError(f"--api-key-env: the environment has no {variable}, or it is empty")
    return key

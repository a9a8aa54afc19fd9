"""What all command lines have in common."""

import sys
from enum import StrEnum
from typing import NoReturn

import typer

from bank.errors import InputError


class Device(StrEnum):
    """Choices of ``--device``."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


def make_app(help_text: str) -> typer.Typer:
    """A typer application with the house's settings."""
    return typer.Typer(
        help=help_text,
        add_completion=False,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        no_args_is_help=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def run(app: typer.Typer, program: str) -> NoReturn:
    """Run a command line: bad input ends with one line on stderr and exit code 2."""
    try:
        app(prog_name=program)
    except InputError as error:
        print(f"{program}: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # the reader of a pipe, `head` say, has had enough
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


def examples(*lines: str) -> str:
    """The examples under a ``--help``, one a line."""
    return "Examples:\n\n" + "\n\n".join(f"  $ {line}" for line in lines)

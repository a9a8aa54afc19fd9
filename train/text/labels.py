"""Label files: one class a line, ``name`` or ``name: description``."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from bank.errors import InputError


@dataclass(frozen=True)
class Label:
    """A class as the user wrote it; ``description`` is empty where only a name was given."""

    name: str
    description: str = ""


def read_labels(path: Path, least: int = 2) -> list[Label]:
    """Read a label file.

    Blank lines and everything after a ``#`` at the start of a word are passed over.

    Args:
        path: the file.
        least: how many classes are needed; 2 to tell them apart, 1 to speak of each by itself.

    Returns:
        At least so many labels with different names, in file order.

    Raises:
        InputError: the file cannot be read as UTF-8 text, holds too few classes, names one twice,
            or has a line without a name, with a control character in it, or with nothing after
            its colon.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such label file; write one class name a line") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; save the label file as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None

    labels: list[Label] = []
    lines: dict[str, int] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = _without_comment(raw).strip()
        if not line:
            continue
        name, colon, description = (part.strip() for part in line.partition(":"))
        if not name:
            raise InputError(f"{path}:{number}: no class name before the colon")
        if any(unicodedata.category(character) == "Cc" for character in name):
            raise InputError(
                f"{path}:{number}: {name!r} holds a control character; remove it from the name"
            )
        if colon and not description:
            raise InputError(
                f"{path}:{number}: nothing after the colon; drop it or describe {name!r}"
            )
        key = same_name(name)
        if key in lines:
            raise InputError(f"{path}:{number}: {name!r} stands on line {lines[key]} already")
        lines[key] = number
        labels.append(Label(name, description))
    if not labels:
        raise InputError(f"{path}: no classes; write one class name a line, at least {least}")
    if len(labels) == 1 < least:
        raise InputError(f"{path}: only one class ({labels[0].name!r}); at least two are needed")
    return labels


def same_name(name: str) -> str:
    """What two spellings of one class name have in common: neither case nor spacing counts."""
    return " ".join(name.casefold().split())


def _without_comment(line: str) -> str:
    for position, character in enumerate(line):
        if character == "#" and (position == 0 or line[position - 1].isspace()):
            return line[:position]
    return line

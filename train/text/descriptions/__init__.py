"""Our class descriptions: one file a vocabulary and style, ``label<TAB>description`` a line.

Styles are those of the paper's section III-B: ``name`` (the bare label, no file), ``parts``,
``complete`` and ``skeleton``.
"""

from collections.abc import Sequence
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Final

from bank.errors import InputError
from train.text.labels import same_name

STYLES: Final = ("name", "parts", "complete", "skeleton")
# Vocabularies that are the beginning of another: its name, and how many of its labels.
BEGINNING_OF: Final = {"ntu60": ("ntu120", 60)}
Descriptions = dict[str, tuple[str, ...]]
_FOLDER = Path(str(files(__name__)))


def vocabularies() -> list[str]:
    """Names of the vocabularies that have descriptions here."""
    return sorted({path.name.split(".")[0] for path in _FOLDER.glob("*.tsv")} | set(BEGINNING_OF))


def read_descriptions(path: Path) -> Descriptions:
    """Read a description file: a label may stand on several lines, once for each description.

    Returns:
        Label to its descriptions, in file order.

    Raises:
        InputError: unreadable, or a line is not ``label<TAB>description``.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a description file ({error})") from None
    described: dict[str, list[str]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        label, _, description = (part.strip() for part in line.partition("\t"))
        if not (label and description):
            raise InputError(f"{path}:{number}: not 'label<TAB>description'")
        described.setdefault(label, []).append(description)
    if not described:
        raise InputError(f"{path}: holds no descriptions")
    return {label: tuple(texts) for label, texts in described.items()}


def describe(vocabulary: str, style: str, labels: Sequence[str]) -> list[tuple[str, ...]]:
    """Descriptions of labels, from our files.

    Returns:
        For every label its descriptions in this style (the label itself in style ``name``).

    Raises:
        InputError: no such style or vocabulary, or a label has no description.
    """
    if style not in STYLES:
        raise InputError(f"no description style {style!r}; there are: {', '.join(STYLES)}")
    if style == "name":
        return [(label,) for label in labels]
    if vocabulary not in vocabularies():
        raise InputError(
            f"no descriptions for vocabulary {vocabulary!r}; there are: {', '.join(vocabularies())}"
        )
    file, count = BEGINNING_OF.get(vocabulary, (vocabulary, None))
    described = dict(islice(read_descriptions(_FOLDER / f"{file}.{style}.tsv").items(), count))
    missing = [label for label in labels if label not in described]
    if missing:
        raise InputError(f"{vocabulary} ({style}) does not describe: {', '.join(missing)}")
    return [described[label] for label in labels]


def look_up(name: str, style: str = "skeleton", first: str = "open") -> tuple[str, ...] | None:
    """Our descriptions of a class that a user merely names; None where there are none.

    Args:
        name: the class, whatever its case and spacing.
        style: style of the descriptions.
        first: vocabulary that is searched before the others.
    """
    wanted = same_name(name)
    found = _FOLDER.glob(f"*.{style}.tsv")
    for path in sorted(found, key=lambda path: (not path.name.startswith(f"{first}."), path.name)):
        for label, texts in read_descriptions(path).items():
            if same_name(label) == wanted:
                return texts
    return None

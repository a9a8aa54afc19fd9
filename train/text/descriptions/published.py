"""The description files published with the official code, to reproduce published numbers with.

All have one line a class, in the order of the vocabulary, and no key to look a class up by: names
are spelt differently from file to file, so the position alone says what a line is about.

* ``*_des.txt``: a sentence, the paper's complete description.
* ``*_ska_gpt4.txt``: a paragraph, the skeleton-focused description.
* ``ntu_parts_from_GAP.txt``: ``name;head ...; hand ...; ...``, the parts description.
* ``*_labelmap.txt``: the bare name.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bank.errors import InputError
from train.text.descriptions import Descriptions

_LONGER: Final = {60: 120}  # classes of NTU-60: lines of a file for NTU-120


def read_published(path: Path, labels: Sequence[str]) -> Descriptions:
    """Read a published file.

    Args:
        path: a file of one of the kinds above.
        labels: the vocabulary in class order. The 60 of NTU-60 read a file for NTU-120 too, of
            which they are the first half.

    Returns:
        Label to its one description, in the order of the labels. The words are as published; the
        fields of a parts line are joined by ``"; "``, the name first.

    Raises:
        InputError: unreadable, an empty line inside, or not one line for every label.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as published descriptions ({error})") from None
    lines = [line.strip() for line in text.rstrip().split("\n")]
    for number, line in enumerate(lines, start=1):
        if not line:
            raise InputError(f"{path}:{number}: empty; every class has one line, in class order")
    if len(lines) not in (len(labels), _LONGER.get(len(labels))):
        raise InputError(
            f"{path}: {len(lines)} lines for {len(labels)} classes; take the file and the labels "
            "of one vocabulary"
        )
    if len(set(labels)) != len(labels):
        raise InputError(f"{path}: a label is given twice; every line describes another class")
    return {label: (_sentence(line),) for label, line in zip(labels, lines, strict=False)}


def _sentence(line: str) -> str:
    fields = [" ".join(field.split()) for field in line.split(";")]
    return "; ".join(field for field in fields if field)

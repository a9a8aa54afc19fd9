"""Label tables: what the sets' own action names are called in a common vocabulary.

``<name>.csv`` has the columns dataset, source_label, label; ``<name>_synonyms.csv`` lists pairs of
labels so near in meaning that one gives the other away.
"""

import csv
from importlib.resources import files
from pathlib import Path

from bank.errors import InputError

_FOLDER = Path(str(files(__name__)))


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        known = sorted(p.stem for p in _FOLDER.glob("*.csv") if not p.stem.endswith("_synonyms"))
        raise InputError(f"no vocabulary {path.stem!r}; there are: {', '.join(known)}")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def label_map(vocabulary: str, dataset: str) -> dict[str, str]:
    """A set's own action names to labels of the vocabulary.

    Raises:
        InputError: no such vocabulary, or it does not cover the set.
    """
    rows = _rows(_FOLDER / f"{vocabulary}.csv")
    found = {row["source_label"]: row["label"] for row in rows if row["dataset"] == dataset}
    if not found:
        raise InputError(f"vocabulary {vocabulary} does not cover {dataset}")
    return found


def datasets_of(vocabulary: str) -> list[str]:
    """The sets that a vocabulary joins."""
    return sorted({row["dataset"] for row in _rows(_FOLDER / f"{vocabulary}.csv")})


def labels_of(vocabulary: str) -> list[str]:
    """All labels of a vocabulary, sorted."""
    return sorted({row["label"] for row in _rows(_FOLDER / f"{vocabulary}.csv")})


def near_synonyms(vocabulary: str) -> list[tuple[str, str]]:
    """Pairs of labels of which one must not be seen when the other is unseen."""
    rows = _rows(_FOLDER / f"{vocabulary}_synonyms.csv")
    return [(row["label"], row["near_synonym"]) for row in rows]

"""Prints how a store's clips fall into the folds: ``python -m train.data.protocols STORE``."""

import argparse
import sys
from pathlib import Path

from bank.errors import InputError
from train.data.protocols import Fold, fold_names, load_fold, protocol_names
from train.data.store import Store

_COLUMNS = ("fold", "seen", "unseen", "train", "held out", "test", "test, seen", "exemplars")


def count(fold: Fold, store: Store) -> tuple[int, ...]:
    """Seen and unseen classes, then the clips of each part of a fold.

    Raises:
        InputError: the store does not have the fold's clips.
    """
    table = store.table
    split = fold.split(
        table.label.tolist(), table.dataset.tolist(), table.subject.tolist(), table.clip.tolist()
    )
    parts = (split.train, split.held_out, split.test, split.test_seen, split.exemplars)
    return len(split.seen), len(split.unseen), *(len(part) for part in parts)


def main() -> None:
    """Print a Markdown table of the folds that the store has clips for, then what is missing."""
    parser = argparse.ArgumentParser("python -m train.data.protocols", description=__doc__)
    parser.add_argument("store", type=Path, help="folder of a store")
    parser.add_argument("folds", nargs="*", metavar="FOLD", help="e.g. open/1; all by default")
    arguments = parser.parse_args()
    store = Store.open(arguments.store)
    present = set(store.datasets)
    names = arguments.folds or [fold for name in protocol_names() for fold in fold_names(name)]
    folds = [load_fold(name) for name in names]
    print("| " + " | ".join(_COLUMNS) + " |\n" + "|---" * len(_COLUMNS) + "|")
    lacking: dict[str, list[str]] = {}
    for fold in folds:
        if missing := sorted({*fold.train_sets, *fold.test_sets} - present):
            lacking.setdefault(", ".join(missing), []).append(fold.name)
        else:
            print(f"| `{fold.name}` | " + " | ".join(str(n) for n in count(fold, store)) + " |")
    for sets, without in lacking.items():
        print(f"\nThe store lacks {sets} for: {', '.join(without)}")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        print(f"python -m train.data.protocols: {error}", file=sys.stderr)
        sys.exit(2)

"""``python -m train.data.protocols STORE`` on a small real store."""

import subprocess
import sys
import tarfile

import pytest

from train.data.protocols import Fold
from train.data.protocols.__main__ import count
from train.data.readers import reader
from train.data.store import Store, build_store
from train.data.vocabularies import label_map


@pytest.fixture(scope="module")
def folder(shared, tmp_path_factory):
    """KARD's actions 1 to 3 by subjects 1 to 3, three times each: 27 clips."""
    raw, store = tmp_path_factory.mktemp("raw"), tmp_path_factory.mktemp("store") / "kard"
    with tarfile.open(shared / "data" / "raw" / "kard.tar.xz") as tar:
        wanted = ("a01_s0", "a02_s0", "a03_s0")
        tar.extractall(
            raw,
            [
                member
                for member in tar
                if (name := member.name.rpartition("/")[2]).startswith(wanted) and name[6] in "123"
            ],
            filter="data",
        )
    build_store(store, reader("kard"), raw, label_map=label_map("open", "kard"), progress=False)
    return store


def test_count(folder):
    fold = Fold(
        "made up",
        train_sets=("kard",),
        test_sets=("kard",),
        unseen=("wave two hands",),
        test_subjects={"kard": ("01",)},
    )
    assert count(fold, Store.open(folder)) == (2, 1, 12, 6, 3, 0, 0)


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "train.data.protocols", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_what_the_store_lacks_is_told(folder):
    done = run(folder, "setting1-pku/2", "setting1-ntu60/1")
    assert done.returncode == 0
    assert "The store lacks pku-mmd for: setting1-pku/2" in done.stdout
    assert "The store lacks ntu60 for: setting1-ntu60/1" in done.stdout


def test_bad_names_are_one_line(folder, tmp_path):
    for arguments in ((folder, "open/9"), (tmp_path / "none",)):
        done = run(*arguments)
        assert done.returncode == 2 and not done.stdout
        assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr

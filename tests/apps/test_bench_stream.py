"""pgfa-bench's streams as a user runs them."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from PIL import Image

from apps.bench import main
from train.evaluation.streams.features import load_features
from train.model import BUNDLED_CHECKPOINT


def bench(*arguments):
    """Run the program's entry point; what it prints and its exit code."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["pgfa-bench", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return SimpleNamespace(code=ended.value.code, out=out.getvalue(), err=err.getvalue())


def bad(*arguments):
    """The one line that a user reads."""
    done = bench(*arguments)
    lines = done.err.splitlines()
    assert done.code == 2 and len(lines) == 1 and lines[0].startswith("pgfa-bench: "), done.err
    return lines[0]


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    path = tmp_path_factory.mktemp("streams") / "made-up.features"
    done = bench(
        *("synthetic", "--out", path, "--samples", 5, "--dimension", 32, "--classes", 6),
        *("--subspace", 6, "--noise", 2, "--unknown-classes", 4),
    )
    assert done.code == 0, done.err
    return path


def test_from_a_synthetic_file_to_tables_plot_and_json(made_up, tmp_path):
    plot, figures = tmp_path / "curves.png", tmp_path / "figures.json"
    done = bench(
        *("stream", made_up, "--orders", 2, "--ablate", "--details"),
        *("--streams", "iid,dirichlet-0.001,unknown"),
        *("--plot", plot, "--json", figures),
    )
    assert done.code == 0, done.err
    for words in (
        "two-pass",
        "kept, second half",
        "AUROC",
        "no segments",
        "T3A",
        "dirichlet-0.001",
    ):
        assert words in done.out
    (report,) = json.loads(figures.read_text())
    assert len(report["streams"]) == 3 and report["samples"] == 30
    exact = report["streams"]["iid"]["exact"]
    assert len(exact["whole"]) == 2 and len(exact["cumulative"]) == 50
    assert exact["settled"] == report["streams"]["iid"]["two-pass"]["settled"]
    assert exact["auroc"] == [None, None]
    assert report["bars"]["anchored"]
    with Image.open(plot) as picture:
        assert picture.width > 800


def test_only_what_is_asked_for_runs(made_up):
    done = bench("stream", made_up, "--streams", "iid", "--contenders", "exact", "--orders", 1)
    assert done.code == 0, done.err
    assert "classes" not in done.out.split("bars")[0].replace("6 classes", "")
    assert "TDA" not in done.out and "kept, settled" in done.out


def test_bad_input_is_one_line(made_up, tmp_path):
    assert "no such file" in bad("stream", tmp_path / "nothing")
    assert "not a feature file" in bad("stream", BUNDLED_CHECKPOINT)
    cut = tmp_path / "cut"
    cut.write_bytes(made_up.read_bytes()[:-100])
    assert "damaged" in bad("stream", cut)
    assert "no stream 'up'" in bad("stream", made_up, "--streams", "up")
    assert "no contender 'me'" in bad("stream", made_up, "--contenders", "me")
    assert "ends in .png" in bad("stream", made_up, "--plot", tmp_path / "curves.txt")
    assert "subspace" in bad("synthetic", "--out", tmp_path / "f", "--subspace", 1)
    assert not (tmp_path / "f").exists()
    assert len(load_features(made_up)) == 50

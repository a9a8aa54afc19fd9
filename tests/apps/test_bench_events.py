"""``pgfa-bench events`` on two small recordings made here."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from apps.bench import app
from bank.errors import InputError


def write_recording(folder, name, moments, seconds=9.0):
    """A person who raises both arms at every moment, in the set's own format."""
    rng = np.random.default_rng(0)
    times = np.arange(0, seconds, 1 / 30)
    joints = np.tile(rng.normal((0, 0, 2.5), 0.3, (20, 3)), (len(times), 1, 1))
    for moment in moments:
        joints[:, [5, 6, 7, 9, 10, 11], 1] += np.exp(-8 * (times - moment) ** 2)[:, None]
    tracked = np.concatenate([joints, np.full((len(times), 20, 1), 2)], axis=2)
    micros = 5_000_000 + (times * 1e6).astype(int)
    rows = [
        f"{micro} " + " ".join(f"{value:.4f}" for value in row)
        for micro, row in zip(micros, tracked.reshape(len(times), -1), strict=True)
    ]
    (folder / f"{name}.csv").write_text("\n".join(rows) + "\n")
    ticks = [int((5e6 + moment * 1e6) * 49.875) for moment in moments]
    tags = ["XQPCTick;Tag", *(f"{tick};G1  arms" for tick in ticks)]
    (folder / f"{name}.tagstream").write_text("\n".join(tags) + "\n")


def test_figures_are_printed_and_written(tmp_path):
    write_recording(tmp_path, "P1_1_1A_p01", [4.0, 7.0])
    write_recording(tmp_path, "P1_1_1A_p02", [4.0, 7.0])
    out = tmp_path / "figures.json"
    arguments = ["events", str(tmp_path), "--exemplars", "0,1", "--stride", "0.5"]
    done = CliRunner().invoke(app, [*arguments, "--json", str(out)], catch_exceptions=False)
    assert done.exit_code == 0
    assert "1 recordings of p01; 12 classes" in done.output
    figures = json.loads(out.read_text())
    assert figures["persons"] == ["p01"]
    assert all(total["tags"] == 2 for total in figures["total"].values())
    # Each person here does the same: an exemplar of another is enough.
    frozen = figures["total"]["+ 1 exemplars, frozen"]
    assert frozen["wrong_class"] == 0
    by_class = figures["classes"]["+ lengths"]
    assert by_class["raise both arms"]["tags"] == 2
    assert by_class["kick"]["tags"] == 0


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        (["--exemplars", "one"], "not numbers"),
        (["--persons", "p77"], "no recordings of p77"),
        (["--bank-mode", "bold"], "not one of"),
    ],
)
def test_wrong_options_are_told_in_one_line(tmp_path, option, complaint):
    write_recording(tmp_path, "P1_1_1A_p01", [4.0])
    with pytest.raises(InputError, match=complaint):
        CliRunner().invoke(app, ["events", str(tmp_path), *option], catch_exceptions=False)

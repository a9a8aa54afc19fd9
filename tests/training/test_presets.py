"""Presets are the paper's runs, and every setting can be told otherwise."""

import json

import pytest

from bank.errors import InputError
from train.data.protocols import load_fold
from train.training.presets import load_preset, preset_names
from train.training.recipe import Recipe, change, override

PAPER = [name for name in preset_names() if name != "open"]


def recipe(name):
    return Recipe.from_dict(load_preset(name))


def test_there_is_one_for_every_table():
    assert set(preset_names()) == {
        *(f"{table}-{data}" for table in ("setting1", "one-shot") for data in ("ntu60", "pku")),
        *(f"{table}-ntu120" for table in ("setting1", "one-shot", "setting2")),
        "setting2-ntu60",
        "open",
    }


@pytest.mark.parametrize("name", PAPER)
def test_values_are_the_papers(name, shared):
    facts = json.loads((shared / "reference" / "splits.json").read_text())
    found, data = recipe(name), name.rpartition("-")[2]
    assert found.alpha == facts["alpha"][data]
    assert found.options.learning_rate == facts["learning_rate"][data]
    assert found.options.epochs == (100 if "one-shot" in name else 50)
    assert (found.options.batch, found.options.momentum) == (128, 0.9)
    assert found.options.weight_decay == 5e-4
    assert (found.options.schedule, found.options.warmup) == ("official", 5)
    assert found.options.augmentation is None
    assert (found.text_encoder, found.style) == ("all-mpnet-base-v2", "complete")
    second = name.startswith("setting2")
    assert found.encoder == facts["setting2" if second else "setting1"]["encoder"]
    assert found.encoder_config["hidden_channels"] == (64 if second else 16)
    assert found.encoder_config["bodies"] == "all"
    assert found.preprocessing.style == "published"
    assert (found.preprocessing.frames, found.preprocessing.bodies) == (64 if second else 50, 2)
    assert found.framework == "end-to-end"
    assert not found.paper_protocol
    load_fold(found.fold)


@pytest.mark.parametrize("name", preset_names())
def test_what_is_saved_is_the_same_recipe(name, tmp_path):
    found = recipe(name)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(found.to_dict()))
    assert Recipe.from_dict(load_preset(str(path))) == found


def test_every_value_can_be_told_otherwise():
    values = recipe("setting1-ntu60").to_dict()
    lines = ["options.learning_rate=0.01", "style=name", "preprocessing.frames=25"]
    override(values, [*lines, "options.augmentation=webcam", "pretrain_epochs=3"])
    changed = Recipe.from_dict(values)
    assert changed.options.learning_rate == 0.01
    assert (changed.style, changed.preprocessing.frames) == ("name", 25)
    assert changed.options.augmentation.webcam == 0.5
    assert changed.pretrain_epochs == 3
    change(values, "encoder", "shift-gcn")
    assert Recipe.from_dict(values).encoder_config["hidden_channels"] == 64


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("options.learning_rat=1", "no setting 'options.learning_rat'; did you mean options.learn"),
        ("learning_rate=1", "no setting 'learning_rate'; did you mean options.learning_rate?"),
        ("options.epochs=many", "setting options.epochs: .*not 'many'"),
        ("options.epochs=0", "training needs epochs >= 1"),
        ("framework=both", "setting framework: .*not 'both'"),
        ("alpha=2", "alpha is 2.0, not a number from 0 to 1"),
        ("options.augmentation=wecbam", "no augmentation 'wecbam'"),
        ("alpha", "--set alpha: not key=value"),
    ],
)
def test_a_wrong_setting_gets_one_line(setting, line):
    values = recipe("open").to_dict()
    with pytest.raises(InputError, match=line) as refused:
        override(values, [setting])
        Recipe.from_dict(values)
    assert "\n" not in str(refused.value)


def test_an_unknown_preset_gets_one_line():
    with pytest.raises(InputError, match="no preset is called 'ntu60'; there are: one-shot-ntu120"):
        load_preset("ntu60")

"""Feature files come back as they were, and what is wrong with a file is said in one line."""

from dataclasses import replace

import pytest
import torch

from bank.errors import InputError
from bank.storage import load_state, save_state
from train.evaluation.streams.features import FeatureSet, load_features, save_features


def some():
    generator = torch.Generator().manual_seed(0)
    return FeatureSet(
        features=torch.randn(5, 4, generator=generator),
        labels=torch.tensor([0, 1, 2, -1, 0]),
        text=torch.randn(3, 4, generator=generator),
        classes=("wave", "kick", "sit down"),
        clips=tuple(f"set/{i}" for i in range(5)),
        actions=("wave", "kick", "sit down", "drink", "wave"),
        temperature=0.07,
        origin={"fold": "open/1"},
    )


def test_a_file_comes_back_as_it_was(tmp_path):
    written = some()
    save_features(tmp_path / "f", written)
    read = load_features(tmp_path / "f")
    for name in ("features", "labels", "text"):
        assert torch.equal(getattr(read, name), getattr(written, name))
    for name in ("classes", "clips", "actions", "temperature", "origin"):
        assert getattr(read, name) == getattr(written, name)
    assert read.known.tolist() == [True, True, True, False, True]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"features": torch.ones(5, 3)}, "not of one dimension"),
        ({"features": torch.ones(4, 4)}, "4 features, but labels of shape (5,)"),
        ({"features": torch.zeros(5, 4)}, "features is not finite or all zeros"),
        ({"text": torch.full((3, 4), torch.nan)}, "text is not finite or all zeros"),
        ({"labels": torch.tensor([0, 1, 2, 3, 0])}, "labels go from 0 to 3 with 3 classes"),
        ({"labels": torch.full((5,), -1)}, "no class or no sample of a class"),
        ({"labels": torch.zeros(5)}, "labels are torch.float32, not torch.int64"),
        ({"classes": ("wave", "kick")}, "list of classes"),
        ({"clips": ("set/1",)}, "list of clips"),
        ({"temperature": 0.0}, "temperature 0.0"),
    ],
)
def test_parts_that_do_not_fit_are_refused_by_name(tmp_path, change, says):
    save_features(tmp_path / "f", replace(some(), **change))
    with pytest.raises(InputError) as error:
        load_features(tmp_path / "f")
    assert says in str(error.value) and "\n" not in str(error.value)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_features(tmp_path / "f")
    save_features(tmp_path / "f", some())
    tensors, description = load_state(tmp_path / "f")
    save_state(tmp_path / "f", tensors, description | {"version": 2})
    with pytest.raises(InputError, match="version 2, this program reads 1"):
        load_features(tmp_path / "f")
    save_state(tmp_path / "f", tensors, {"format": "pgfa-checkpoint"})
    with pytest.raises(InputError, match="not a feature file"):
        load_features(tmp_path / "f")
    del tensors["text"]
    save_state(tmp_path / "f", tensors, description)
    with pytest.raises(InputError, match="no tensor 'text'"):
        load_features(tmp_path / "f")

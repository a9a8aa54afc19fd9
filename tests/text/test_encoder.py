import shutil
import time

import pytest
import torch

from bank.errors import InputError
from train.text.encoder import TextEncoder, _bundled_model
from train.text.features import class_features, texts_of
from train.text.labels import Label


def test_the_bundled_model_knows_what_is_near(tmp_path):
    wave, greet, squat = TextEncoder(cache=tmp_path).encode(
        ["a person waves a hand", "waving hello", "bending both knees to squat"]
    )
    assert wave.shape == (384,)
    assert wave @ greet > wave @ squat
    torch.testing.assert_close(wave.norm(), torch.tensor(1.0))


def test_the_cache_serves_the_same_and_survives_damage(tmp_path):
    first = TextEncoder(cache=tmp_path).encode(["wave", "bow"])
    (cached,) = tmp_path.glob("*.safetensors")
    torch.testing.assert_close(TextEncoder(cache=tmp_path).encode(["wave", "bow"]), first)
    cached.write_bytes(b"not a tensor")
    torch.testing.assert_close(TextEncoder(cache=tmp_path).encode(["wave", "bow"]), first)


def test_an_unknown_model_is_named(tmp_path):
    with pytest.raises(InputError, match=r"text encoder .* cannot be loaded"):
        TextEncoder(str(tmp_path / "nothing")).encode(["wave"])
    with pytest.raises(InputError, match="text 2 of 2 is empty"):
        TextEncoder().encode(["wave", " "])


def test_a_name_that_only_a_hub_knows_gets_one_line_at_once(tmp_path):
    begin = time.monotonic()
    with pytest.raises(InputError, match=r"'no-such-model-anywhere' cannot be loaded .* give the"):
        TextEncoder("no-such-model-anywhere").encode(["wave"])
    assert time.monotonic() - begin < 60


def test_a_folder_is_known_by_what_is_in_it(tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(_bundled_model(), copy)
    cache = tmp_path / "cache"
    (first,) = TextEncoder(str(copy), cache).encode(["wave"])
    moved = copy.rename(tmp_path / "moved")
    assert torch.equal(TextEncoder(str(moved), cache).encode(["wave"])[0], first)
    assert len(list(cache.iterdir())) == 1
    with (moved / "README.md").open("a") as file:
        file.write("changed")
    TextEncoder(str(moved), cache).encode(["wave"])
    assert len(list(cache.iterdir())) == 2


def test_several_descriptions_are_averaged(tmp_path):
    encoder = TextEncoder(cache=tmp_path)
    both = class_features([("wave", "greet"), ("bow",)], encoder)
    single = encoder.encode(["wave", "greet", "bow"])
    mean = (single[0] + single[1]) / 2
    torch.testing.assert_close(both[0], mean / mean.norm())
    torch.testing.assert_close(both[1], single[2])


def test_a_users_own_words_come_first():
    labels = [Label("drink", "lifts a cup"), Label("frobnicate the widget")]
    assert texts_of(labels, "skeleton") == [("lifts a cup",), ("frobnicate the widget",)]
    (bow,) = texts_of([Label("Bow")], "skeleton")
    assert len(bow) == 2  # ours, both of them
    assert texts_of([Label("bow")], "name") == [("bow",)]

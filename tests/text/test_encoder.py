import pytest
import torch

from bank.errors import InputError
from train.text.encoder import TextEncoder
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

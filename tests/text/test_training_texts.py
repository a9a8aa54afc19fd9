"""Which text a sample is compared with, mirrored or not."""

import pytest
import torch

from bank.errors import InputError
from train.text.encoder import TextEncoder
from train.text.features import class_features
from train.text.training_texts import TrainingTexts

CLASSES = {
    "swipe to the left": ("one hand brushes across the body",),  # says no side, its name does
    "swipe to the right": ("one hand sweeps toward the right", "a stroke to the right"),
    "wave": ("a raised hand swings left and right", "a greeting"),
    "drink": ("the right hand lifts a cup", "a cup goes to the lips"),
    "salute with the right hand": ("a hand goes to the brow",),
    "step right and left": ("one foot to the right, then back to the left",),
}
NAMES = list(CLASSES)
LEFT, RIGHT, WAVE, DRINK, SALUTE, STEP = range(6)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return TextEncoder(cache=tmp_path_factory.mktemp("texts"))


def texts_of(encoder, **options):
    return TrainingTexts(NAMES, list(CLASSES.values()), encoder, **options)


def test_without_mirroring_the_rows_are_the_classes(encoder):
    texts = texts_of(encoder)
    expected = class_features(list(CLASSES.values()), encoder)
    assert torch.equal(texts.rows(None), expected)
    assert torch.equal(texts.classes, expected)
    labels = torch.tensor([3, 0, 3])
    assert torch.equal(texts.ids(labels), labels)
    assert not texts.may_mirror.any()


def test_a_mirrored_sample_has_the_row_of_what_it_shows(encoder):
    texts = texts_of(encoder, mirrored=True)
    labels = torch.arange(6)
    assert torch.equal(texts.ids(labels, torch.zeros(6, dtype=torch.bool)), labels)
    there = texts.ids(labels, torch.ones(6, dtype=torch.bool))
    assert there[LEFT] == RIGHT
    assert there[RIGHT] == LEFT
    assert there[WAVE] == WAVE
    assert there[STEP] == STEP
    assert len(texts) == 8
    assert sorted([int(there[DRINK]), int(there[SALUTE])]) == [6, 7]
    rows = texts.rows()
    left_hand = class_features([("the left hand lifts a cup", "a cup goes to the lips")], encoder)
    torch.testing.assert_close(rows[there[DRINK]], left_hand[0])
    other_name = class_features([("salute with the left hand",)], encoder)
    torch.testing.assert_close(rows[there[SALUTE]], other_name[0])


def test_names_as_texts(encoder):
    names = ["raise the left arm", "raise the right arm", "bow"]
    texts = TrainingTexts(names, [(name,) for name in names], encoder, mirrored=True)
    assert texts.ids(torch.arange(3), torch.ones(3, dtype=torch.bool)).tolist() == [1, 0, 2]
    assert len(texts) == 3


def test_equal_words_are_one_row_whatever_the_names(encoder):
    texts = TrainingTexts(
        ["a", "b", "c", "d"],
        [("lean left",), ("Lean  right",), ("turn clockwise",), ("turn clockwise",)],
        encoder,
        mirrored=True,
    )
    assert texts.ids(torch.arange(4), torch.ones(4, dtype=torch.bool)).tolist() == [1, 0, 4, 4]


def test_no_unseen_class_is_made_by_mirroring(encoder):
    kept = [name for name in NAMES if name != "swipe to the right"]
    texts = TrainingTexts(
        [*kept, "draw the letter c"],
        [*(CLASSES[name] for name in kept), ("an open curve",)],
        encoder,
        mirrored=True,
        unseen=["Swipe to the right"],
    )
    assert texts.may_mirror.tolist() == [False, True, True, True, True, False]
    with pytest.raises(ValueError, match="may_mirror"):
        texts.ids(torch.tensor([0, 1]), torch.tensor([True, False]))


def test_sampled_rows_are_single_descriptions(encoder):
    texts = texts_of(encoder, combine="sample", mirrored=True)
    generator = torch.Generator().manual_seed(0)
    draws = torch.stack([texts.rows(generator) for _ in range(40)])
    both = encoder.encode(CLASSES["wave"])
    nearest = (draws[:, WAVE] @ both.T).argmax(1)
    torch.testing.assert_close(draws[:, WAVE], both[nearest])
    assert set(nearest.tolist()) == {0, 1}
    again = torch.Generator().manual_seed(0)
    assert torch.equal(torch.stack([texts.rows(again) for _ in range(40)]), draws)
    torch.testing.assert_close(texts.rows(None)[: len(NAMES)], texts.classes)


def test_one_text_is_never_two_rows(encoder):
    texts = texts_of(encoder, combine="sample", mirrored=True)
    generator = torch.Generator().manual_seed(0)
    mirrored = int(texts.ids(torch.tensor([DRINK]), torch.tensor([True])))
    changed = encoder.encode(["the left hand lifts a cup"])[0]
    for _ in range(20):
        torch.testing.assert_close(texts.rows(generator)[mirrored], changed)


def test_what_does_not_fit_is_refused(encoder):
    with pytest.raises(InputError, match="mean, sample"):
        texts_of(encoder, combine="median")
    with pytest.raises(InputError, match="'wave' has no description"):
        TrainingTexts(["bow", "wave"], [("bow",), ()], encoder)
    with pytest.raises(InputError, match="1 descriptions for 2 classes"):
        TrainingTexts(["bow", "wave"], [("bow",)], encoder)

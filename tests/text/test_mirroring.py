"""Left and right change places in words as they do in a mirror."""

from importlib.resources import files

import pytest

from train.text.descriptions import read_descriptions
from train.text.mirroring import mirror_words, names_one_way

SIDED = [
    ("swipe to the left", "swipe to the right"),
    ("Left hand up, RIGHT foot back", "Right hand up, LEFT foot back"),
    ("rightwards, then a left-handed stroke", "leftwards, then a right-handed stroke"),
    ("turns clockwise", "turns counter-clockwise"),
    ("Anticlockwise turn", "Clockwise turn"),
    ("from left to right", "from right to left"),
    ("the left arm and the right leg", "the right arm and the left leg"),
    ("cocked to the right behind the ear", "cocked to the left behind the ear"),
    ("held in the left hand, right behind it", "held in the right hand, right behind it"),
]
UNSIDED = [
    "the knee bends to a right angle, the trunk upright",
    "everything is all right and nothing is left",
    "the hand swings left and right",
    "leaning to the left or to the right",
    "the right foot and then the left foot",
    "turns left and right and left again, shaking the head side to side",
    "lurches left, right and forward",
    "clockwise or counter-clockwise",
    "the right hand goes to the left foot, the left hand to the right foot, alternating",
    "a person waves",
]


@pytest.mark.parametrize(("text", "mirrored"), SIDED)
def test_sides_change_places(text, mirrored):
    assert mirror_words(text) == mirrored


@pytest.mark.parametrize("text", UNSIDED)
def test_what_is_alike_on_both_sides_stays(text):
    assert mirror_words(text) == text


def test_our_descriptions_mirrored_twice_are_themselves():
    texts = [
        text
        for path in files("train.text.descriptions").iterdir()
        if path.name.endswith(".tsv")
        for several in read_descriptions(path).values()
        for text in several
    ]
    assert [mirror_words(mirror_words(text)) for text in texts] == texts
    assert sum(mirror_words(text) != text for text in texts) > 20


def test_a_written_letter_is_no_letter_in_a_mirror():
    assert names_one_way("draw the letter c")
    assert names_one_way("Draw a tick")
    assert not names_one_way("draw the letter m")
    assert not names_one_way("draw x")
    assert not names_one_way("make the letter k with the body")

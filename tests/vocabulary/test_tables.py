"""The open vocabulary's tables and texts, held against the sets and against each other."""

import re
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from train.data.readers import reader
from train.data.vocabularies import datasets_of, label_map, labels_of, near_synonyms
from train.text.descriptions import describe

_WRITTEN = ("skeleton", "complete", "parts")
_PARTS = ("head", "hand|fist|palm|finger", "arm", "torso", "leg|thigh", "feet|foot")


@pytest.mark.parametrize("dataset", datasets_of("open"))
def test_the_table_names_every_action_of_a_set_and_no_other(
    dataset: str, shared: Path, tmp_path: Path
) -> None:
    archive = shared / "data" / "raw" / f"{dataset.replace('-', '_')}.tar.xz"
    if not archive.is_file():
        pytest.skip(f"{archive} is not here")
    with tarfile.open(archive) as members:  # the readers find clips by name, so empty files will do
        for member in members:
            if member.isfile():
                place = tmp_path / member.name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.touch()
    found = {source.label for source in reader(dataset).find(tmp_path)}
    assert found == set(label_map("open", dataset))


def test_an_action_that_two_sets_share_is_one_label() -> None:
    assert label_map("open", "utd-mhad")["stand to sit"] == label_map("open", "kard")["sit down"]
    assert label_map("open", "gtu3d")["2"] == label_map("open", "gtu3d")["10"]
    kinder = label_map("open", "kinder-gator")
    assert kinder["Jump"] == kinder["Jump-as-high-as-you-can"]
    assert kinder["Draw-the-letter-X"] == label_map("open", "msr-action3d")["draw x"]
    assert kinder["Draw-the-letter-X"] != kinder["Make-the-letter-X"]


def test_labels_are_lower_case_plain_words() -> None:
    assert all(re.fullmatch(r"[a-z]+( [a-z]+)*", label) for label in labels_of("open"))


def test_a_pair_of_near_synonyms_stands_once() -> None:
    pairs = [frozenset(pair) for pair in near_synonyms("open")]
    assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("style", _WRITTEN)
def test_a_text_is_short_and_belongs_to_one_label(style: str) -> None:
    described = describe("open", style, labels_of("open"))
    owners = Counter(text for texts in described for text in set(texts))
    assert max(owners.values()) == 1
    # MiniLM reads 256 word pieces, and fits best what is a sentence or two long.
    assert all(8 <= len(text.split()) <= 45 for text in owners)
    assert not any(re.search(r"\[|\]|<|>|TODO|\.\.\.", text) for text in owners)


@pytest.mark.parametrize("style", _WRITTEN)
def test_no_text_is_another_with_a_word_changed(style: str) -> None:
    texts = [text for several in describe("open", style, labels_of("open")) for text in several]
    words = [frozenset(re.findall(r"[a-z]+", text.lower())) for text in texts]
    for i, mine in enumerate(words):
        for j in range(i):
            assert len(mine & words[j]) / len(mine | words[j]) < 0.75, (texts[i], texts[j])


def test_parts_name_the_six_parts_in_order() -> None:
    for texts in describe("open", "parts", labels_of("open")):
        for text in texts:
            parts = text.split("; ")
            assert len(parts) == len(_PARTS), text
            for part, name in zip(parts, _PARTS, strict=True):
                assert re.search(name, part), (part, name)

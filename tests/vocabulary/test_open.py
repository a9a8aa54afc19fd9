"""The open vocabulary: its labels, their descriptions, its folds."""

import csv
from collections import Counter
from importlib.resources import files

import pytest

from train.data.vocabularies import label_map, labels_of, near_synonyms
from train.text.descriptions import STYLES, describe, read_descriptions


def test_every_label_is_described_once_or_more():
    labels = labels_of("open")
    for style in STYLES:
        for texts in describe("open", style, labels):
            assert all(0 < len(text.split()) <= 60 for text in texts)


@pytest.mark.parametrize("style", ["skeleton", "complete", "parts"])
def test_descriptions_are_written_not_filled_in(style):
    path = files("train.text.descriptions") / f"open.{style}.tsv"
    described = read_descriptions(path)
    assert set(described) == set(labels_of("open"))
    texts = [text for several in described.values() for text in several]
    assert len(set(texts)) == len(texts)
    if style != "parts":  # whose openings name the head, which mostly rests
        openings = Counter(" ".join(text.split()[:6]) for text in texts)
        assert openings.most_common(1)[0][1] <= 4


def test_the_tables_agree():
    labels = set(labels_of("open"))
    for a, b in near_synonyms("open"):
        assert a in labels
        assert b in labels
        assert a != b
    assert label_map("open", "kard")["bend"] == "bend down"
    with (files("train.data.vocabularies") / "open.csv").open(newline="") as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    assert len({row[:2] for row in rows}) == len(rows)

"""Our texts for NTU RGB+D 120 and PKU-MMD: complete, in official order, each its own."""

import re
from collections import Counter
from pathlib import Path

import pytest

import train.text.descriptions as descriptions
from train.text.descriptions import describe, read_descriptions

SIZES = {"ntu120": 120, "pku-mmd": 51}
STYLES = ("skeleton", "complete", "parts")
WORDS = {"skeleton": (25, 80), "complete": (10, 30), "parts": (18, 50)}
BODY = ("head", "hand", "arm", "hip", "leg", "foot")
OWN_OF_PKU = {"bow", "put something inside pocket", "take out something from pocket"}
LOOK_ALIKES = {
    "put on jacket": "take off jacket",
    "put on a shoe": "take off a shoe",
    "put on glasses": "take off glasses",
    "put on a hat or cap": "take off a hat or cap",
    "putting on headphones": "taking off headphones",
    "putting on a bag": "taking off a bag",
    "putting something into a bag": "taking something out of a bag",
    "sitting down": "standing up",
    "reading": "writing",
    "thumbs up": "thumbs down",
    "walking towards each other": "walking apart from each other",
    "giving something to other person": "exchanging things with other person",
    "kicking something": "side kick",
}

every_file = pytest.mark.parametrize(
    ("vocabulary", "style"), [(v, s) for v in SIZES for s in STYLES]
)


def texts(vocabulary: str, style: str) -> dict[str, str]:
    folder = Path(descriptions.__file__).parent
    read = read_descriptions(folder / f"{vocabulary}.{style}.tsv")
    assert all(len(several) == 1 for several in read.values()), "a label stands twice"
    return {label: several[0] for label, several in read.items()}


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.casefold())


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[i : i + length]) for i in range(len(found) - length + 1)}


@every_file
def test_every_class_has_one_text_of_its_own(vocabulary, style):
    described = texts(vocabulary, style)
    assert len(described) == SIZES[vocabulary]
    assert list(described) == list(texts(vocabulary, "skeleton"))
    assert len(set(described.values())) == len(described)


@every_file
def test_labels_can_stand_in_a_label_file(vocabulary, style):
    for label in texts(vocabulary, style):
        assert label == " ".join(label.casefold().split())
        assert not set(label) & set(":#()/\t")


@every_file
def test_length(vocabulary, style):
    fewest, most = WORDS[style]
    lengths = {label: len(text.split()) for label, text in texts(vocabulary, style).items()}
    assert {k: n for k, n in lengths.items() if not fewest <= n <= most} == {}


@pytest.mark.parametrize("vocabulary", SIZES)
def test_skeleton_texts_are_one_to_three_sentences(vocabulary):
    for label, text in texts(vocabulary, "skeleton").items():
        assert 1 <= len(re.findall(r"[.!?](?:\s|$)", text)) <= 3, label
        assert text.endswith("."), label


@pytest.mark.parametrize("vocabulary", SIZES)
def test_complete_texts_are_one_sentence(vocabulary):
    for label, text in texts(vocabulary, "complete").items():
        assert re.fullmatch(r"[A-Z][^.!?]*\.", text), label


@pytest.mark.parametrize("vocabulary", SIZES)
def test_parts_go_from_head_to_foot(vocabulary):
    for label, text in texts(vocabulary, "parts").items():
        phrases = text.split("; ")
        assert tuple(phrase.split()[0] for phrase in phrases) == BODY, label
        assert all(2 <= len(phrase.split()) <= 16 for phrase in phrases), label


@pytest.mark.parametrize("vocabulary", SIZES)
@pytest.mark.parametrize("style", ["skeleton", "complete"])
def test_no_template(vocabulary, style):
    described = texts(vocabulary, style).values()
    openings = Counter(tuple(words(text)[:5]) for text in described)
    assert {k: n for k, n in openings.items() if n > 2} == {}
    phrases = Counter(run for text in described for run in runs(text, 7))
    assert {k: n for k, n in phrases.items() if n > 3} == {}


@every_file
def test_no_text_only_swaps_a_word_of_another(vocabulary, style):
    bags = {label: set(words(text)) for label, text in texts(vocabulary, style).items()}
    ordered = sorted(bags)
    limit = 0.6 if style == "parts" else 0.5
    alike = [
        (a, b)
        for i, a in enumerate(ordered)
        for b in ordered[i + 1 :]
        if len(bags[a] & bags[b]) > limit * len(bags[a] | bags[b])
    ]
    assert alike == []


@pytest.mark.parametrize("pair", LOOK_ALIKES.items(), ids="/".join)
def test_look_alikes_move_differently_in_the_text(pair):
    described = texts("ntu120", "skeleton")
    first, second = (set(words(described[label])) for label in pair)
    assert len(first - second) >= 12
    assert len(second - first) >= 12


@pytest.mark.parametrize("style", STYLES)
def test_pku_shares_label_and_text_with_ntu(style):
    ntu, pku = texts("ntu120", style), texts("pku-mmd", style)
    assert set(pku) - set(ntu) == OWN_OF_PKU
    assert {label for label in pku if label in ntu and pku[label] != ntu[label]} == set()


@pytest.mark.parametrize("style", STYLES)
def test_two_person_actions_speak_of_two(style):
    described = texts("ntu120", style)
    labels = list(described)
    other = re.compile(r"\b(other|others|two|each|partner|somebody|someone|another|neighbour)\b")
    for label in labels[49:60] + labels[105:120]:
        assert other.search(described[label]) or "person" in described[label], label


def test_describe_finds_them():
    assert describe("ntu120", "skeleton", ["salute"]) == describe("pku-mmd", "skeleton", ["salute"])


@pytest.mark.parametrize(
    ("vocabulary", "names"), [("ntu120", "ntu_labelmap.txt"), ("pku-mmd", "pku_labelmap.txt")]
)
def test_labels_stand_in_official_order(shared, vocabulary, names):
    path = shared / "reference" / "descriptions" / names
    official = [stems(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(official) == SIZES[vocabulary]
    for number, label in enumerate(texts(vocabulary, "skeleton")):
        ours = stems(label)
        likeness = [len(ours & name) / len(ours | name) for name in official]
        assert likeness[number] == max(likeness) > 0, (number + 1, label)


def stems(name: str) -> frozenset[str]:
    return frozenset(word[:4] for word in words(name) if len(word) > 2)


@every_file
def test_nothing_is_taken_from_published_texts(shared, vocabulary, style):
    published = set()
    for path in sorted((shared / "reference" / "descriptions").glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            published |= runs(line, 7)
    taken = {
        label: found
        for label, text in texts(vocabulary, style).items()
        if (found := runs(text, 7) & published)
    }
    assert taken == {}

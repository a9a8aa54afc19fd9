import pytest

from bank.errors import InputError
from train.text.descriptions import describe, read_descriptions, vocabularies
from train.text.descriptions.published import read_published

FOLDER = "reference/descriptions"


def labels_of(vocabulary):
    """The labels of one of our own files, in class order."""
    import train.text.descriptions as room

    return list(read_descriptions(room._FOLDER / f"{vocabulary}.complete.tsv"))


def lines(path):
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


@pytest.mark.parametrize(
    ("file", "vocabulary", "count"),
    [
        ("ntu120_des.txt", "ntu120", 120),
        ("ntu_ska_gpt4.txt", "ntu120", 120),
        ("ntu_parts_from_GAP.txt", "ntu120", 120),
        ("ntu_labelmap.txt", "ntu120", 120),
        ("ntu60_des.txt", "ntu120", 60),
        ("ntu_ska_gpt4.txt", "ntu120", 60),
        ("pku_des.txt", "pku-mmd", 51),
        ("pku_ska_gpt4.txt", "pku-mmd", 51),
        ("pku_labelmap.txt", "pku-mmd", 51),
    ],
)
def test_every_published_file_describes_its_vocabulary_in_order(shared, file, vocabulary, count):
    labels = labels_of(vocabulary)[:count]
    found = read_published(shared / FOLDER / file, labels)
    assert list(found) == labels
    for (text,), line in zip(found.values(), lines(shared / FOLDER / file), strict=False):
        assert text.replace(" ", "") == line.replace(" ", "")  # the words as they were published
        assert text == " ".join(text.split())


def test_the_sixty_classes_of_ntu60_read_the_same_from_both_files(shared):
    labels = labels_of("ntu120")[:60]
    folder = shared / FOLDER
    short = read_published(folder / "ntu60_des.txt", labels)
    long = read_published(folder / "ntu120_des.txt", labels)
    assert sum(short[label] == long[label] for label in labels) >= 58
    assert long["walking apart from each other"][0].startswith('"Walking apart from each other"')


def test_a_parts_line_keeps_its_name_and_its_six_parts(shared):
    (text,) = read_published(shared / FOLDER / "ntu_parts_from_GAP.txt", labels_of("ntu120"))[
        "drink water"
    ]
    name, *parts = text.split("; ")
    assert name == "drink water"
    assert [part.split()[0] for part in parts] == ["head", "hand", "arm", "hip", "leg", "foot"]


@pytest.mark.parametrize(
    ("text", "labels", "complaint"),
    [
        ("one\ntwo\n", ["a", "b", "c"], "2 lines for 3 classes"),
        ("one\ntwo\nthree\n", ["a", "b"], "3 lines for 2 classes"),
        ("", ["a"], ":1: empty"),
        ("one\n\nthree\n", ["a", "b"], ":2: empty"),
        ("one\ntwo\n", ["a", "a"], "given twice"),
    ],
)
def test_files_that_do_not_fit_are_refused_with_one_line(tmp_path, text, labels, complaint):
    path = tmp_path / "des.txt"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_published(path, labels)
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_unreadable_files_are_refused_with_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_published(tmp_path / "none.txt", ["a"])
    (tmp_path / "latin.txt").write_bytes("grüßen".encode("latin-1"))
    with pytest.raises(InputError, match="cannot be read"):
        read_published(tmp_path / "latin.txt", ["a"])


def test_line_ends_of_windows_are_no_part_of_a_description(tmp_path):
    (tmp_path / "des.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo \r\n\r\n")
    assert read_published(tmp_path / "des.txt", ["a", "b"]) == {"a": ("one",), "b": ("two",)}


@pytest.mark.parametrize("style", ["skeleton", "complete", "parts"])
def test_our_ntu60_is_the_first_sixty_of_ntu120(style):
    assert "ntu60" in vocabularies()
    labels = labels_of("ntu120")
    assert describe("ntu60", style, labels[:60]) == describe("ntu120", style, labels[:60])
    with pytest.raises(InputError, match=f"ntu60.*does not describe: {labels[60]}"):
        describe("ntu60", style, labels[:61])

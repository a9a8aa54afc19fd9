import pytest

from bank.errors import InputError
from train.text.labels import Label, read_labels


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "labels.txt"
    path.write_bytes(text.encode(encoding))
    return path


def test_names_descriptions_and_comments(tmp_path):
    path = write(
        tmp_path, "# mine\n\nwave\r\nbow: bends forward: slowly  # polite\nC# #1 song\n  jump  \n"
    )
    assert read_labels(path) == [
        Label("wave"),
        Label("bow", "bends forward: slowly"),
        Label("C#"),
        Label("jump"),
    ]


def test_a_byte_order_mark_is_not_part_of_a_name(tmp_path):
    assert read_labels(write(tmp_path, "\ufeffwave\nbow\n"))[0].name == "wave"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no classes"),
        ("# only a comment\n\n", "no classes"),
        ("wave\n", "only one class"),
        ("wave\nbow\nWave: again\n", ":3: 'Wave' stands on line 1 already"),
        ("wave\n: what\n", ":2: no class name"),
        ("wave\nbow:\n", ":2: nothing after the colon"),
        ("wave\nbo\x1b[31mw: bends\n", r":2: 'bo\x1b[31mw' holds a control character"),
    ],
)
def test_bad_files_get_one_line(tmp_path, text, complaint):
    with pytest.raises(InputError) as error:
        read_labels(write(tmp_path, text))
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_other_encodings_and_missing_files(tmp_path):
    with pytest.raises(InputError, match="UTF-8"):
        read_labels(write(tmp_path, "grüßen\nbow\n", "latin-1"))
    with pytest.raises(InputError, match="no such label file"):
        read_labels(tmp_path / "nothing.txt")

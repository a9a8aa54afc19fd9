"""Keys become commands."""

from realtime.pipeline.commands import Command, KeyReader

CLASSES = [f"class {k + 1}" for k in range(12)]


def pressed(reader, keys):
    return [command for key in keys if (command := reader.press(key)) is not None]


def test_letters_are_commands():
    assert [c.action for c in pressed(KeyReader(CLASSES), "frsx")] == ["freeze", "reset", "save"]


def test_e_and_a_digit_enroll_as_the_class_of_that_number():
    reader = KeyReader(CLASSES)
    assert pressed(reader, "e1e0e9") == [
        Command("enroll", 0), Command("enroll", 9), Command("enroll", 8),
    ]  # fmt: skip


def test_a_digit_alone_and_a_class_there_is_not_are_nothing():
    assert pressed(KeyReader(CLASSES), "1") == []
    assert pressed(KeyReader(CLASSES[:2]), "e3") == []
    assert pressed(KeyReader(CLASSES), "ef") == [Command("freeze")]  # thought better of it


def test_the_prompt_names_the_classes_while_a_digit_is_awaited():
    reader = KeyReader(CLASSES[:2])
    assert reader.prompt == ""
    reader.press("e")
    assert reader.prompt == "enroll the last window as 1 class 1  2 class 2"
    reader.press("2")
    assert reader.prompt == ""

"""Descriptions of any labels, written by a language model; section III-B of the paper.

The result is a description file as `train.text.descriptions.read_descriptions` reads it, which
grows by one line with every answer.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bank.errors import InputError
from train.text.chat import ChatModel
from train.text.descriptions import read_descriptions

# "skeleton" is the paper's own prompt, section III-B (d), word for word; it prints none for the
# other styles.
PROMPTS: Final = {
    "skeleton": (
        "Describe the skeletal motion pattern of a human action sequence labeled [CLASS] in a "
        "video in a single paragraph of fewer than 100 words. Focus only on joint movements, "
        "avoiding References to objects, facial expressions, or any unobservable body parts "
        "(e.g., mouth, hair, and toes). Emphasize key joint displacements, relative limb "
        "movements, and the temporal progression of the action based purely on skeletal data."
    ),
    "complete": (
        "Explain the human action [CLASS] in one sentence of at most 30 words: what a person "
        "does and what for, so that somebody who does not know the name would recognise the "
        "action. Begin with the name of the action. Answer with the sentence alone."
    ),
    "parts": (
        "Say what each part of the body does while a person performs the action [CLASS]. Answer "
        "with one line of exactly six short phrases, separated by semicolons, about head, hand, "
        "arm, hip, leg and foot in this order; begin each with the name of its part, and write "
        "'still' for a part that does not move. No list, no other words."
    ),
}


def prompt(label: str, style: str) -> str:
    """What a language model is asked for one class.

    Raises:
        InputError: no such style.
    """
    if style not in PROMPTS:
        raise InputError(f"no prompt for style {style!r}; there are: {', '.join(PROMPTS)}")
    return PROMPTS[style].replace("[CLASS]", label)


def written(labels: Iterable[str], style: str, model: ChatModel) -> Iterator[tuple[str, str]]:
    """Ask for one label after another.

    Yields:
        Label and description, each on one line: runs of white space, line ends and control
        characters are one blank.

    Raises:
        InputError: see `ChatModel.ask`; the label that was asked for is named.
    """
    for label in map(_one_line, labels):
        try:
            answer = _one_line(model.ask(prompt(label, style)))
        except InputError as error:
            raise InputError(f"{error} (asked for {label!r})") from None
        if not answer:
            raise InputError(f"{model.address}: an answer without a word (asked for {label!r})")
        yield label, answer


def heading(style: str, model: str) -> str:
    """First line of a file of written descriptions: a comment that says where they come from."""
    return f"# style: {style}; written by: {_one_line(model)}\n"


def line(label: str, description: str) -> str:
    """One line of a description file."""
    return f"{label}\t{description}\n"


class DescriptionLog:
    """A description file that grows line by line and goes on where it was left.

    Every line is on the disk when `append` returns. A last line that a power cut tore is kept as
    a comment and its label counts as not described.
    """

    def __init__(self, path: Path, style: str, model: str) -> None:
        """Open, or begin, a file.

        Raises:
            InputError: cannot be read or written, is no description file, or holds descriptions
                of another style.
        """
        self._path, self._heading = path, heading(style, model)
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: not a regular file; name a file to write to")
        try:
            self._file = path.open("a+b", buffering=0)
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror})") from None
        try:
            self._described = self._resume(style)
        except BaseException:
            self._file.close()
            raise

    def __contains__(self, label: str) -> bool:
        return _key(label) in self._described

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def append(self, label: str, description: str) -> None:
        """Write a description down, safe against a kill.

        Raises:
            InputError: the disk does not take it; the file is left as it was.
        """
        self._write((self._heading + line(label, description)).encode())
        self._heading = ""
        self._described.add(_key(label))

    def _resume(self, style: str) -> set[str]:
        try:
            data = self._path.read_bytes()
            whole, _, torn = data.rpartition(b"\n")
            lines = whole.decode("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"{self._path}: cannot be read as a description file ({error})"
            ) from None
        for comment in (text for text in lines if text.startswith("# style: ")):
            before = comment.removeprefix("# style: ").partition(";")[0].strip()
            if before != style:
                raise InputError(
                    f"{self._path}: holds descriptions of style {before!r}; "
                    f"choose another --out for {style!r}"
                )
            self._heading = ""
        written = any(text.strip() and not text.startswith("#") for text in lines)
        described = set()
        if torn.strip():
            self._file.truncate(len(data) - len(torn))
            self._write(f"# cut short: {torn.decode('utf-8', 'replace')}\n".encode())
        if written:
            described = {_key(label) for label in read_descriptions(self._path)}
        return described

    def _write(self, data: bytes) -> None:
        size = os.fstat(self._file.fileno()).st_size
        try:
            done = self._file.write(data)
            if done != len(data):
                self._file.truncate(size)
                raise OSError(0, "disk full")
            os.fsync(self._file.fileno())
        except OSError as error:
            raise InputError(f"{self._path}: cannot be written ({error.strerror})") from None


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _key(label: str) -> str:
    return _one_line(label).casefold()

"""The same messages in a file, one JSON object a line."""

import os
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any, Self

from bank.errors import InputError
from realtime.publishing.wire import to_json


class EventLog:
    """Appends messages to a JSON Lines file; each is in the file when :meth:`write` returns.

    An interrupted run may leave half a line at the end of an older file; it is closed off so that
    the lines after it stay whole.

    Args:
        path: the file; created if need be, in a folder that exists.

    Raises:
        InputError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            unfinished = _ends_in_mid_line(path)
            self._file: FileIO | None = path.open("ab", buffering=0)
        except OSError as error:
            raise self._failed(error) from None
        if unfinished:
            self._append(b"\n")

    def write(self, message: Mapping[str, Any]) -> None:
        """Append one message.

        Raises:
            InputError: the disk is full, or the file was taken away.
        """
        self._append(to_json(message).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _append(self, data: bytes) -> None:
        assert self._file is not None, "the log is closed"
        try:
            while data:  # a disk that runs full takes part of a line first
                data = data[self._file.write(data) :]
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> InputError:
        return InputError(f"{self.path}: events cannot be written ({error.strerror})")


def _ends_in_mid_line(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size == 0:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"

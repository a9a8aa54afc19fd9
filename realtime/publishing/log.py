"""Messages in a file."""

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bank.errors import InputError


class EventLog:
    """Appends messages to a JSON Lines file, one whole line at a time.

    Args:
        path: the file; what it holds already is kept.

    Raises:
        InputError: it cannot be opened for writing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("a", encoding="utf-8", buffering=1)
        except OSError as error:
            raise InputError(f"{path}: events cannot be written ({error.strerror})") from None

    def write(self, message: dict[str, Any]) -> None:
        """Append one message.

        Raises:
            InputError: the disk is full, or the file is gone.
        """
        try:
            self._file.write(json.dumps(message, ensure_ascii=False) + "\n")
        except OSError as error:
            raise InputError(f"{self.path}: events cannot be written ({error.strerror})") from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

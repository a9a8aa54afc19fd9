"""Keys pressed in the terminal, one at a time, without waiting for Enter."""

import contextlib
import os
import sys
from typing import Any, Final, Self

with contextlib.suppress(ImportError):  # Windows has none of them
    import select
    import termios
    import tty

_SEQUENCE_SECONDS: Final = 0.01  # within which the rest of an arrow key's characters come


class Keys:
    """Reads keys while it is open; nothing where standard input is no terminal of ours.

    Ctrl-C keeps its meaning. The terminal is put back as it was by :meth:`close`.
    """

    def __init__(self) -> None:
        self._saved: list[Any] | None = None
        self._terminal = -1

    def open(self) -> None:
        """Begin to listen."""
        if self._saved is not None or "termios" not in globals():
            return
        try:
            self._terminal = sys.stdin.fileno()
            # A process in the background would be stopped for touching the terminal.
            if not os.isatty(self._terminal) or os.tcgetpgrp(self._terminal) != os.getpgrp():
                return
            self._saved = termios.tcgetattr(self._terminal)
            tty.setcbreak(self._terminal)
        except (OSError, ValueError, termios.error):
            self._saved = None

    def pressed(self) -> str | None:
        """The next key that was pressed; None when there is none."""
        if self._saved is None or not select.select([self._terminal], [], [], 0)[0]:
            return None
        with contextlib.suppress(OSError):
            character = self._read()
            if character == "\x1b":
                return None if self._skip_sequence() else "q"
            return character if character.isprintable() and character else None
        return None

    def _read(self) -> str:
        return os.read(self._terminal, 1).decode("ascii", errors="ignore")

    def _skip_sequence(self) -> bool:
        """Read what follows Escape if it begins an arrow key or the like; whether it does."""
        if not select.select([self._terminal], [], [], _SEQUENCE_SECONDS)[0]:
            return False
        kind = self._read()
        if kind == "O":
            self._read()
        elif kind == "[":
            while not "@" <= (self._read() or "@") <= "~":
                pass
        return True

    def close(self) -> None:
        """Put the terminal back as it was."""
        saved, self._saved = self._saved, None
        if saved is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(self._terminal, termios.TCSADRAIN, saved)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

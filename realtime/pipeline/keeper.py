"""The bank's state on disk, kept up while the run goes on."""

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Final, Self

from filelock import FileLock, Timeout
from torch import Tensor

from bank import PrototypeBank
from bank.errors import InputError
from bank.prototypes import Mode

_Stamp = tuple[object, ...]


class BankKeeper:
    """Loads a bank and saves it again and again, in a thread of its own.

    The thread that owns the bank calls :meth:`offer`; that takes a copy which shares the samples,
    and the writing is done elsewhere. The file is replaced whole or not at all, so a run that is
    killed loses what was learned since the last save and nothing before. Only one run at a time
    may keep a file: ``<file>.lock`` beside it is held meanwhile.

    Args:
        path: the file, in a folder that exists.
        every: seconds between saves.

    Attributes:
        saved_at: unix seconds of the latest save; None before the first.
        saved_samples: how many samples that held.
        trouble: why the latest save failed; empty after one that went well.

    Raises:
        InputError: another run keeps the file, or the folder cannot be written.
    """

    def __init__(self, path: Path, every: float = 30.0) -> None:
        self.path: Final = path
        self.every: Final = every
        self.saved_at: float | None = None
        self.saved_samples = 0
        self.trouble = ""
        self._lock = FileLock(f"{path}.lock", timeout=0)
        try:
            self._lock.acquire()
        except Timeout:
            raise InputError(
                f"{path}: another run keeps its bank there; give each its own"
            ) from None
        except OSError as error:
            raise InputError(f"{path}: cannot be kept ({error.strerror})") from None
        self._remove_leftovers()
        self._due = time.monotonic() + every
        self._pending: tuple[PrototypeBank, _Stamp] | None = None
        self._written: _Stamp | None = None
        self._offered: _Stamp | None = None
        self._changed = threading.Condition()
        self._over = False
        self._thread = threading.Thread(target=self._write, name="pgfa keep bank", daemon=True)
        self._thread.start()

    def load(self, text: Tensor, alpha: float, mode: Mode) -> PrototypeBank | None:
        """The bank that the file holds; None when there is no file yet.

        Raises:
            InputError: damaged, of other texts, or of another alpha or mode.
        """
        if not self.path.exists():
            return None
        bank = PrototypeBank.load(self.path, text)
        if (bank.alpha, bank.mode) != (alpha, mode):
            raise InputError(
                f"{self.path}: a bank of alpha {bank.alpha:g} in {bank.mode} mode; give --alpha "
                f"{bank.alpha:g} --bank-mode {bank.mode}, or another file"
            )
        self.saved_at = self.path.stat().st_mtime
        self.saved_samples = bank.count
        self._written = self._offered = _stamp(bank)
        return bank

    def offer(self, bank: PrototypeBank, now: bool = False) -> None:
        """Save the bank if it is time, or ``now``, and if it has changed; does not wait.

        To be called by the thread that the bank belongs to.
        """
        if not now and time.monotonic() < self._due:
            return
        self._due = time.monotonic() + self.every
        stamp = _stamp(bank)
        with self._changed:
            if self._pending is not None or (stamp == self._offered and not self.trouble):
                return
            self._offered = stamp
            self._pending = bank.copy(), stamp
            self._changed.notify_all()

    def finish(self, bank: PrototypeBank) -> None:
        """Save the bank as it is at the end, unless the file holds that already.

        Raises:
            InputError: it cannot be written.
        """
        self._stop()
        stamp = _stamp(bank)
        if stamp != self._written:
            self._save(bank, stamp)
        if self.trouble:
            raise InputError(self.trouble)

    def close(self) -> None:
        """Let go of the file, without saving."""
        self._stop()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _stop(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._thread.join()

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._pending is not None)
                pending = self._pending
            if pending is None:
                return
            self._save(*pending)
            with self._changed:
                self._pending = None

    def _save(self, bank: PrototypeBank, stamp: _Stamp) -> None:
        try:
            bank.save(self.path)
        except InputError as error:  # the run goes on, and tries again when it is due
            self.trouble = str(error)
            return
        self.trouble = ""
        self.saved_samples = bank.count
        self.saved_at = time.time()
        self._written = stamp

    def _remove_leftovers(self) -> None:
        """Half-written files of runs that were killed; nobody else writes here while we do."""
        for part in self.path.parent.glob(f"{_escaped(self.path.name)}.*.part"):
            with contextlib.suppress(OSError):
                os.unlink(part)  # noqa: PTH108


def _stamp(bank: PrototypeBank) -> _Stamp:
    """Differs whenever the bank has changed in a way that a file would show."""
    return (bank.version, bank.support.tolist(), bank.enrolled.tolist(), bank.frozen)


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)

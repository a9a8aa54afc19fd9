"""Prepared clips on disk, so that a chain of preparation runs once per clip and set of options."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from tqdm import tqdm

from bank.errors import InputError
from bank.files import write_atomically
from train.skeletons.joints import JOINTS
from train.skeletons.preprocess import Prepared, Preprocessing

_BLOCK: Final = 256

ClipArrays = tuple[NDArray[np.float32], NDArray[np.float64]]


class PreparedCache:
    """One folder per store and options; as many places as the store has clips, filled on demand.

    ``x.f32`` (N, 3, F, 25, M), ``present.u8`` (N, M) and ``done.u8`` (N,) grow with the store.
    A place counts once its ``done`` is 1, which is written last. Of several
    processes one fills the cache while the others wait.
    """

    def __init__(self, folder: Path, options: Preprocessing, clips: int) -> None:
        """Open or make the cache.

        Raises:
            InputError: the folder cannot be written.
        """
        self.options, self.clips = options, clips
        self.x_path, self.present_path = folder / "x.f32", folder / "present.u8"
        self.done_path = folder / "done.u8"
        self.shape = (3, options.frames, JOINTS, options.bodies)
        self.clip_bytes = int(np.prod(self.shape)) * 4
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.lock = FileLock(folder / ".lock")
            with self.lock:
                text = json.dumps(options.to_dict(), indent=1)
                write_atomically(folder / "options.json", text.encode())
                _grow(self.x_path, clips * self.clip_bytes)
                _grow(self.present_path, clips * options.bodies)
                _grow(self.done_path, clips)
        except OSError as error:
            raise InputError(
                f"{folder}: prepared clips cannot be written ({error.strerror}); open the store "
                "with another cache folder"
            ) from None

    def fill(
        self,
        indices: NDArray[np.int64],
        read: Callable[[int], ClipArrays],
        *,
        progress: bool = False,
    ) -> None:
        """Prepare those of the clips that are not there yet.

        Raises:
            InputError: the disk is full.
        """
        try:
            with (
                self.lock,
                self.x_path.open("r+b") as x_file,
                self.present_path.open("r+b") as present_file,
                self.done_path.open("r+b") as done_file,
            ):
                done = np.frombuffer(done_file.read(self.clips), np.uint8)
                missing = np.unique(indices[done[indices] == 0])
                starts = range(0, missing.size, _BLOCK)
                for start in tqdm(starts, "preparing", disable=not progress, unit="block"):
                    block = missing[start : start + _BLOCK]
                    prepared = self.options([read(int(index)) for index in block])
                    ones = np.ones(block.size, np.uint8)
                    _put(x_file, block, prepared.x)
                    _put(present_file, block, prepared.present.astype(np.uint8))
                    _put(done_file, block, ones)
        except OSError as error:
            raise InputError(
                f"{self.x_path.parent}: prepared clips cannot be written ({error.strerror})"
            ) from None

    def get(self, indices: NDArray[np.int64] | slice) -> Prepared:
        """Prepared clips: a slice is mapped from disk, chosen indices are copied."""
        if not self.clips:
            return self.options([])
        x = np.memmap(self.x_path, "<f4", "r", shape=(self.clips, *self.shape))
        present = np.fromfile(
            self.present_path, np.uint8, self.clips * self.options.bodies
        ).reshape(self.clips, self.options.bodies)
        return Prepared(x[indices], present[indices].astype(bool))


def _grow(path: Path, size: int) -> None:
    """Make a file at least that long; the new part reads as zeros and takes no room yet."""
    with path.open("ab") as file:
        if file.tell() < size:
            file.truncate(size)


def _put(file: BinaryIO, places: NDArray[np.int64], values: NDArray[Any]) -> None:
    """Write one row of ``values`` at each place, places rising; on disk when this returns."""
    runs = np.split(np.arange(places.size), np.flatnonzero(np.diff(places) != 1) + 1)
    for run in runs:
        file.seek(int(places[run[0]]) * values[0].nbytes)
        file.write(values[run[0] : run[-1] + 1].tobytes())
    file.flush()
    os.fsync(file.fileno())

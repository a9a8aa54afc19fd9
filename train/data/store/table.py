"""The table of a store: one record per clip, one column per property."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from train.data.store.manifest import (
    BAD_FILE,
    JOINTS_FILE,
    NAMES_FILE,
    TABLE_FILE,
    TIMES_FILE,
    WORD_COLUMNS,
    Extent,
    Manifest,
)

RECORD: Final = np.dtype(
    [
        ("frames", "<u4"),
        ("slots", "<u4"),
        ("bodies", "<u4"),
        *((column, "<u4") for column in WORD_COLUMNS),
        ("fps", "<f4"),
        ("seconds", "<f4"),
    ]
)
ROW_BYTES: Final = 25 * 3 * 4
TIME_BYTES: Final = 8


@dataclass(frozen=True)
class BadClip:
    """A clip that could not be put into the store, and why."""

    dataset: str
    clip: str
    reason: str


class Table:
    """Columns over all clips of a store, (N,) each."""

    def __init__(
        self, records: NDArray[np.void], names: list[str], words: dict[str, NDArray[np.str_]]
    ) -> None:
        self._records = records
        self._names = names
        self._words = words

    @classmethod
    def load(cls, root: Path, manifest: Manifest) -> "Table":
        """Read the table of the store at ``root`` and check it against the manifest.

        Raises:
            InputError: the files are shorter than the manifest says, or not what it says.
        """
        damaged = f"{root}: the store's table is damaged; build it again"
        raw = read_extent(root / TABLE_FILE, manifest.files[TABLE_FILE])
        text = read_extent(root / NAMES_FILE, manifest.files[NAMES_FILE])
        if len(raw) % RECORD.itemsize:
            raise InputError(damaged)
        records = np.frombuffer(raw, RECORD)
        names = text.decode().split("\n")[:-1]
        words = {column: np.array(manifest.words[column], np.str_) for column in WORD_COLUMNS}
        table = cls(records, names, words)
        if len(names) != len(records) or any(
            (records[column] >= len(words[column])).any() for column in WORD_COLUMNS
        ):
            raise InputError(damaged)
        rows = int((table.frames * table.slots).sum())
        frames = int(table.frames.sum())
        if manifest.files[JOINTS_FILE].size != rows * ROW_BYTES:
            raise InputError(damaged)
        if manifest.files[TIMES_FILE].size != frames * TIME_BYTES:
            raise InputError(damaged)
        return table

    def __len__(self) -> int:
        return len(self._records)

    def _column(self, name: str) -> NDArray[Any]:
        return np.ascontiguousarray(self._records[name])

    def _word_column(self, name: str) -> NDArray[np.str_]:
        words: NDArray[np.str_] = self._words[name][self._records[name]]
        return words

    @cached_property
    def clip(self) -> NDArray[np.str_]:
        """Name, unique within the dataset."""
        return np.array(self._names, np.str_)

    @cached_property
    def label(self) -> NDArray[np.str_]:
        """Action, in the store's vocabulary."""
        return self._word_column("label")

    @cached_property
    def source_label(self) -> NDArray[np.str_]:
        """Action, in the dataset's own words."""
        return self._word_column("source_label")

    @cached_property
    def subject(self) -> NDArray[np.str_]:
        """Who performs it; unique within the dataset only. Empty when unknown."""
        return self._word_column("subject")

    @cached_property
    def view(self) -> NDArray[np.str_]:
        """Camera; empty when there is only one."""
        return self._word_column("view")

    @cached_property
    def dataset(self) -> NDArray[np.str_]:
        """Name of the reader it came through."""
        return self._word_column("dataset")

    @cached_property
    def bodies(self) -> NDArray[np.int64]:
        """Bodies seen in at least one frame."""
        return self._column("bodies").astype(np.int64)

    @cached_property
    def slots(self) -> NDArray[np.int64]:
        """Rows stored per frame (body places, some of which may be empty)."""
        return self._column("slots").astype(np.int64)

    @cached_property
    def frames(self) -> NDArray[np.int64]:
        """Length in frames."""
        return self._column("frames").astype(np.int64)

    @cached_property
    def seconds(self) -> NDArray[np.float32]:
        """Length in seconds, first to last frame."""
        return self._column("seconds")

    @cached_property
    def fps(self) -> NDArray[np.float32]:
        """Mean frames per second (0 for a single frame)."""
        return self._column("fps")

    @cached_property
    def offset(self) -> NDArray[np.int64]:
        """First row of the clip in ``joints.f32``."""
        rows = self.frames * self.slots
        return np.asarray(np.cumsum(rows) - rows)

    @cached_property
    def time_offset(self) -> NDArray[np.int64]:
        """First entry of the clip in ``times.f64``."""
        return np.asarray(np.cumsum(self.frames) - self.frames)


def load_bad(root: Path, manifest: Manifest, table: Table) -> list[BadClip]:
    """Clips that are not in the store, each with the last reason given, in order of first try.

    Raises:
        InputError: the list is damaged.
    """
    text = read_extent(root / BAD_FILE, manifest.files[BAD_FILE])
    tried: dict[tuple[str, str], BadClip] = {}
    try:
        for line in text.decode().splitlines():
            bad = BadClip(**json.loads(line))
            tried[bad.dataset, bad.clip] = bad
    except (ValueError, TypeError):
        raise InputError(f"{root / BAD_FILE}: damaged; build the store again") from None
    # A clip that was bad once may have been mended and built since.
    built = set(zip(table.dataset.tolist(), table.clip.tolist(), strict=True)) if tried else set()
    return [bad for key, bad in tried.items() if key not in built]


def read_extent(path: Path, extent: Extent) -> bytes:
    """The part of a small file that counts, checked.

    Raises:
        InputError: it is missing, cut short or altered.
    """
    if not extent.size:
        return b""
    try:
        with path.open("rb") as file:
            data = file.read(extent.size)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if Extent().grown(data) != extent:
        raise InputError(f"{path}: not what the store's manifest says; build the store again")
    return data

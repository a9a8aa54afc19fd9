"""Reading a store."""

import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from train.data.store.cache import ClipArrays, PreparedCache
from train.data.store.manifest import (
    FILES,
    JOINTS_FILE,
    TIMES_FILE,
    Manifest,
)
from train.data.store.table import BadClip, Table, load_bad
from train.skeletons.clip import Clip
from train.skeletons.joints import JOINTS
from train.skeletons.preprocess import Prepared, Preprocessing

_READ_BYTES = 2**24


class Store:
    """Clips of any datasets, memory-mapped. Make one with :func:`train.data.store.build_store`.

    Opening reads the table and maps the rest, so it takes a moment whatever the number of clips.
    A store that is being built can be read; it then holds what has been committed so far.

    Attributes:
        path: its folder.
        table: columns over all clips.

    Example:
        >>> store = Store.open(Path("skeletons"))                            # doctest: +SKIP
        >>> waving = store.select(store.table.label == "wave one hand")      # doctest: +SKIP
        >>> batch = store.prepared(Preprocessing(), waving)                  # doctest: +SKIP
    """

    def __init__(self, path: Path, manifest: Manifest, table: Table, cache: Path | None) -> None:
        self.path, self.table = path, table
        self._manifest = manifest
        self._cache = path / "prepared" if cache is None else cache

    @classmethod
    def open(cls, path: Path, *, cache: Path | None = None) -> "Store":
        """Open the store in a folder.

        Args:
            path: the folder.
            cache: where prepared clips are kept; in the store by default. Another folder serves
                when the store cannot be written; stores may share one.

        Raises:
            InputError: there is no store, or it is foreign, newer than this program or damaged.
        """
        path = Path(path)
        manifest = Manifest.load(path)
        store = cls(path, manifest, Table.load(path, manifest), cache)
        for name in (JOINTS_FILE, TIMES_FILE):
            file = path / name
            wanted = manifest.files[name].size
            if wanted and (not file.is_file() or file.stat().st_size < wanted):
                raise InputError(f"{file}: missing or cut short; build the store again")
        return store

    def __reduce__(self) -> tuple[object, ...]:
        return _reopen, (self.path, self._cache)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def datasets(self) -> dict[str, bool]:
        """The datasets that were put in, and whether each is complete."""
        return {name: source.finished for name, source in self._manifest.sources.items()}

    @cached_property
    def bad(self) -> list[BadClip]:
        """Clips that could not be put in, with reasons."""
        return load_bad(self.path, self._manifest, self.table)

    @cached_property
    def _joints(self) -> NDArray[np.float32]:
        rows = self._manifest.files[JOINTS_FILE].size // (JOINTS * 3 * 4)
        if not rows:
            return np.empty((0, JOINTS, 3), np.float32)
        return np.memmap(self.path / JOINTS_FILE, "<f4", "r", shape=(rows, JOINTS, 3))

    @cached_property
    def _times(self) -> NDArray[np.float64]:
        frames = self._manifest.files[TIMES_FILE].size // 8
        if not frames:
            return np.empty(0)
        return np.memmap(self.path / TIMES_FILE, "<f8", "r", shape=(frames,))

    def arrays(self, index: int) -> ClipArrays:
        """Joints (T, M, 25, 3) and times (T,) of one clip, as read-only views of the files."""
        table = self.table
        frames, slots = int(table.frames[index]), int(table.slots[index])
        row, start = int(table.offset[index]), int(table.time_offset[index])
        joints = self._joints[row : row + frames * slots].reshape(frames, slots, JOINTS, 3)
        return joints, self._times[start : start + frames]

    def clip(self, index: int) -> Clip:
        """One clip, as its reader gave it, with the store's label."""
        joints, times = self.arrays(index)
        table = self.table
        return Clip(
            joints=np.array(joints),
            times=np.array(times),
            name=str(table.clip[index]),
            label=str(table.label[index]),
            dataset=str(table.dataset[index]),
            subject=str(table.subject[index]),
            view=str(table.view[index]),
        )

    def select(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Indices of the clips for which a mask over the table is true.

        Raises:
            InputError: the mask is not one bool per clip.
        """
        if mask.shape != (len(self),) or mask.dtype != bool:
            raise InputError(f"mask of {mask.shape} {mask.dtype} for {len(self)} clips")
        return np.flatnonzero(mask)

    def prepared(
        self,
        options: Preprocessing,
        indices: NDArray[np.int64] | None = None,
        *,
        progress: bool = False,
    ) -> Prepared:
        """Prepared clips; prepared once and kept on disk for these options.

        Args:
            options: the chain.
            indices: which clips, in which order; all of them by default.
            progress: draw a progress bar while clips are prepared.

        Returns:
            ``x`` mapped from disk for all clips or a rising run of neighbours, copied into memory
            otherwise: walk through many chosen clips with :meth:`prepared_chunks`.

        Raises:
            InputError: an index is out of range, or the cache cannot be written.
        """
        wanted = self._checked(indices)
        cache = self._filled(options, wanted, progress)
        if wanted.size and (np.diff(wanted) == 1).all():
            return cache.get(slice(int(wanted[0]), int(wanted[-1]) + 1))
        return cache.get(wanted)

    def prepared_chunks(
        self,
        options: Preprocessing,
        indices: NDArray[np.int64] | None = None,
        *,
        size: int = 1024,
        progress: bool = False,
    ) -> Iterator[Prepared]:
        """The same, ``size`` clips at a time, in memory bounded by one chunk."""
        wanted = self._checked(indices)
        cache = self._filled(options, wanted, progress)
        for start in range(0, wanted.size, size):
            yield cache.get(wanted[start : start + size])

    def verify(self) -> None:
        """Read every byte and compare it with the checksums of the manifest.

        Raises:
            InputError: a file is not what was written.
        """
        for name in FILES:
            extent = self._manifest.files[name]
            left, crc = extent.size, 0
            if not left:
                continue
            with (self.path / name).open("rb") as file:
                while left and (data := file.read(min(left, _READ_BYTES))):
                    left, crc = left - len(data), zlib.crc32(data, crc)
            if left or crc != extent.crc32:
                raise InputError(f"{self.path / name}: damaged; build the store again")

    def _checked(self, indices: NDArray[np.int64] | None) -> NDArray[np.int64]:
        if indices is None:
            return np.arange(len(self))
        wanted = np.asarray(indices, np.int64)
        if wanted.ndim != 1 or (wanted < 0).any() or (wanted >= len(self)).any():
            raise InputError(f"clip indices must be a list of numbers from 0 to {len(self) - 1}")
        return wanted

    def _filled(
        self, options: Preprocessing, wanted: NDArray[np.int64], progress: bool
    ) -> PreparedCache:
        folder = self._cache / f"{self._manifest.id[:12]}-{options.digest}"
        cache = PreparedCache(folder, options, len(self))
        cache.fill(wanted, self.arrays, progress=progress)
        return cache


def _reopen(path: Path, cache: Path) -> Store:
    return Store.open(path, cache=cache)

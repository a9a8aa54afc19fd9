"""Putting a dataset into a store: in chunks, in bounded memory, resumable after a kill."""

import hashlib
import json
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Final

import numpy as np
from filelock import FileLock, Timeout
from tqdm import tqdm

from bank.errors import InputError
from train.data.readers import ClipSource, Reader
from train.data.store.manifest import (
    BAD_FILE,
    JOINTS_FILE,
    MANIFEST,
    NAMES_FILE,
    TABLE_FILE,
    TIMES_FILE,
    WORD_COLUMNS,
    Extent,
    Manifest,
    Source,
)
from train.data.store.table import RECORD, BadClip, Table, load_bad
from train.skeletons.clip import Clip
from train.skeletons.presence import bodies_present

_LOCK: Final = ".lock"
# A chunk is committed before its end when it holds this many bytes of joints.
_CHUNK_BYTES: Final = 32 * 2**20


@dataclass(frozen=True)
class BuildReport:
    """What a build did.

    Attributes:
        built: clips put in by this run.
        skipped: (clip, reason) of every clip that could not be read.
        seconds: how long it took.
        already: clips that an earlier run had put in.
        left_out: clips that the label map leaves out on purpose.
    """

    built: int
    skipped: list[tuple[str, str]]
    seconds: float
    already: int = 0
    left_out: int = 0


def build_store(
    root: Path,
    reader: Reader,
    source_folder: Path,
    *,
    strict: bool = False,
    label_map: Mapping[str, str | None] | None = None,
    workers: int = 0,
    progress: bool = True,
    chunk: int = 512,
) -> BuildReport:
    """Add one dataset to the store at ``root``, or finish adding it; makes the store if need be.

    May be killed at any moment and called again: what has been committed stays, the rest is done.
    Clips that cannot be read are listed in the store's table of bad clips and in the report; a
    later call tries them again. Further datasets are added by further calls.

    Args:
        root: folder of the store.
        reader: knows the dataset; its name becomes the ``dataset`` column.
        source_folder: where the dataset lies.
        strict: stop at the first clip that cannot be read.
        label_map: from the dataset's labels to the store's; None leaves the clip out. A label that
            is not in the map makes its clip a bad one. Without a map labels stay as they are.
        workers: processes that read; 0 reads in this one.
        progress: draw a progress bar.
        chunk: clips that are written and committed together.

    Raises:
        InputError: the folder is no store, the dataset is not there, another build is writing, the
            label map differs from the one that the dataset was begun with, a file cannot be
            written, or, if ``strict``, a clip cannot be read.
    """
    begin = time.monotonic()
    sources = reader.find(source_folder)
    lock = FileLock(root / _LOCK, timeout=0)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise InputError(f"{root}: another build is writing this store; wait for it") from None
    except OSError as error:
        raise InputError(f"{root}: cannot be written ({error.strerror or error})") from None
    try:
        return _Build(root, reader, strict, label_map, chunk).run(sources, workers, progress, begin)
    finally:
        lock.release()


class _Build:
    """One run of :func:`build_store`, holding the lock."""

    def __init__(
        self,
        root: Path,
        reader: Reader,
        strict: bool,
        label_map: Mapping[str, str | None] | None,
        chunk: int,
    ) -> None:
        self.root, self.reader, self.strict, self.label_map = root, reader, strict, label_map
        self.chunk = chunk
        if (root / MANIFEST).exists():
            self.manifest = Manifest.load(root)
        elif any(path.name != _LOCK and path.suffix != ".part" for path in root.iterdir()):
            raise InputError(f"{root}: neither empty nor a store; name a new folder")
        else:
            self.manifest = Manifest()
        self.words = {
            column: {word: number for number, word in enumerate(self.manifest.words[column])}
            for column in WORD_COLUMNS
        }
        self.clips: list[Clip] = []
        self.labels: list[str] = []
        self.bytes = 0
        self.new_bad: list[BadClip] = []
        self.skipped: list[tuple[str, str]] = []

    def run(
        self, sources: Sequence[ClipSource], workers: int, progress: bool, begin: float
    ) -> BuildReport:
        name = self.reader.name
        digest = _digest(self.label_map)
        earlier = self.manifest.sources.get(name)
        if earlier is not None and earlier.label_map != digest:
            raise InputError(f"{self.root}: {name} is in it with other labels; name a new folder")

        table = Table.load(self.root, self.manifest)
        built = set(table.clip[table.dataset == name].tolist())
        known_bad = {
            bad.clip: bad
            for bad in load_bad(self.root, self.manifest, table)
            if bad.dataset == name
        }
        self.manifest = self.manifest.with_source(name, Source(False, digest))
        self.manifest.save(self.root)

        already, count, left_out = 0, 0, 0
        todo: list[ClipSource] = []
        named: set[str] = set()
        for source in sources:
            if source.name in named:
                self._bad(f"{source.name} ({source.path})", "a second clip of this name", known_bad)
            elif source.name in built:
                already += 1
            elif self._left_out(source.label):
                left_out += 1
            else:
                todo.append(source)
            named.add(source.name)

        results = _read_all(self.reader, todo, workers)
        bar = tqdm(results, name, len(todo), unit="clip", disable=not progress, mininterval=0.5)
        for source, result in bar:
            clip = result if isinstance(result, str) else self._labelled(result, source.name)
            if clip is None:
                left_out += 1
            elif isinstance(clip, str):
                self._bad(source.name, clip, known_bad)
                bar.set_postfix(bad=len(self.skipped), refresh=False)
            else:
                self._add(*clip)
                count += 1
        self.manifest = self.manifest.with_source(name, Source(True, digest))
        self._commit()
        return BuildReport(count, self.skipped, time.monotonic() - begin, already, left_out)

    def _left_out(self, label: str) -> bool:
        return self.label_map is not None and self.label_map.get(label, label) is None

    def _labelled(self, clip: Clip, name: str) -> tuple[Clip, str] | str | None:
        """The clip as it is stored, with its label; or why not; None where it is left out."""
        label: str | None = clip.label
        if self.label_map is not None:
            if clip.label not in self.label_map:
                return f"label {clip.label!r} is not in the label map"
            label = self.label_map[clip.label]
        if label is None:
            return None
        used = np.flatnonzero(np.asarray(bodies_present(clip.joints).any(axis=0)))
        joints = clip.joints[:, : used[-1] + 1 if used.size else 1]
        joints = np.where(np.isfinite(joints), joints, np.float32(np.nan))
        try:
            return replace(clip, name=name, joints=joints), label
        except InputError as error:
            return str(error)

    def _add(self, clip: Clip, label: str) -> None:
        self.clips.append(clip)
        self.labels.append(label)
        self.bytes += clip.joints.nbytes
        if len(self.clips) >= self.chunk or self.bytes >= _CHUNK_BYTES:
            self._commit()

    def _bad(self, clip: str, reason: str, known: Mapping[str, BadClip]) -> None:
        """Report and list a clip that cannot be had; with ``strict`` that is the end."""
        self.skipped.append((clip, reason))
        bad = BadClip(self.reader.name, clip, reason)
        if known.get(clip) != bad:
            self.new_bad.append(bad)
        if self.strict:
            self._commit()
            raise InputError(f"{clip}: {reason} (strict: the build stops here)")

    def _commit(self) -> None:
        """Append what has been gathered to the files; it counts once the manifest says so."""
        records = np.zeros(len(self.clips), RECORD)
        for record, clip, label in zip(records, self.clips, self.labels, strict=True):
            record["frames"], record["slots"] = clip.joints.shape[:2]
            record["bodies"] = clip.bodies
            record["fps"] = clip.fps
            record["seconds"] = clip.times[-1] - clip.times[0]
            words = (label, clip.label, clip.subject, clip.view, self.reader.name)
            for column, word in zip(WORD_COLUMNS, words, strict=True):
                numbers = self.words[column]
                record[column] = numbers.setdefault(word, len(numbers))
        payload = {
            JOINTS_FILE: b"".join(clip.joints.astype("<f4").tobytes() for clip in self.clips),
            TIMES_FILE: b"".join(clip.times.astype("<f8").tobytes() for clip in self.clips),
            TABLE_FILE: records.tobytes(),
            NAMES_FILE: "".join(f"{clip.name}\n" for clip in self.clips).encode(),
            BAD_FILE: "".join(json.dumps(asdict(bad)) + "\n" for bad in self.new_bad).encode(),
        }
        files = {
            name: _append(self.root / name, self.manifest.files[name], data)
            for name, data in payload.items()
        }
        words_now = {column: list(numbers) for column, numbers in self.words.items()}
        self.manifest = replace(self.manifest, files=files, words=words_now)
        self.manifest.save(self.root)
        self.clips, self.labels, self.new_bad, self.bytes = [], [], [], 0


def _append(path: Path, extent: Extent, data: bytes) -> Extent:
    """Write ``data`` behind the bytes that count, over whatever a killed build left there."""
    if not data and path.exists():
        return extent
    try:
        with path.open("r+b" if path.exists() else "w+b") as file:
            if file.seek(0, os.SEEK_END) < extent.size:
                raise InputError(f"{path}: shorter than the store's manifest says; build it again")
            file.truncate(extent.size)
            file.seek(extent.size)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); mend that and build again, "
            "what is done stays"
        ) from None
    return extent.grown(data)


def _digest(label_map: Mapping[str, str | None] | None) -> str:
    if label_map is None:
        return ""
    return hashlib.sha256(json.dumps(sorted(label_map.items())).encode()).hexdigest()[:16]


def _read(reader: Reader, source: ClipSource) -> Clip | str:
    """The clip, or why there is none."""
    if not source.name or not source.name.isprintable():
        return "its name is empty or holds characters that cannot be written down"
    try:
        return reader.read(source)
    except InputError as error:
        return str(error)


def _read_all(
    reader: Reader, sources: Sequence[ClipSource], workers: int
) -> Iterator[tuple[ClipSource, Clip | str]]:
    """All clips in order, a few at a time."""
    if not workers:
        for source in sources:
            yield source, _read(reader, source)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_end_with_parent) as pool:
        waiting: deque[tuple[ClipSource, Future[Clip | str]]] = deque()
        try:
            for source in sources:
                waiting.append((source, pool.submit(_read, reader, source)))
                if len(waiting) > 8 * workers:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        except BrokenProcessPool:
            raise InputError(
                "a reading process was killed (out of memory?): build again, with fewer workers; "
                "what is done stays"
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _end_with_parent() -> None:
    """Let a reading process end with its parent, instead of waiting for work for ever.

    Ctrl-C reaches the whole group of processes; only the parent has anything to say about it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()

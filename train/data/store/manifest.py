"""The manifest: which bytes of a store's files count, and what the numbers in its table mean.

The data files only ever grow. Bytes beyond what the manifest says are the remains of a build that
was killed; nobody reads them and the next build cuts them off. So replacing the manifest, which
happens atomically, is the one moment at which clips become part of the store.
"""

import json
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from bank.errors import InputError
from bank.files import write_atomically

MANIFEST: Final = "manifest.json"
FORMAT: Final = "pgfa-skeleton-store"
VERSION: Final = 1

JOINTS_FILE: Final = "joints.f32"
TIMES_FILE: Final = "times.f64"
TABLE_FILE: Final = "table.bin"
NAMES_FILE: Final = "names.txt"
BAD_FILE: Final = "bad.jsonl"
FILES: Final = (JOINTS_FILE, TIMES_FILE, TABLE_FILE, NAMES_FILE, BAD_FILE)

# Columns of the table whose values are numbers of words listed in the manifest.
WORD_COLUMNS: Final = ("label", "source_label", "subject", "view", "dataset")


@dataclass(frozen=True)
class Extent:
    """How much of a file counts: its first ``size`` bytes, with their checksum."""

    size: int = 0
    crc32: int = 0

    def grown(self, data: bytes | memoryview) -> "Extent":
        """The extent after ``data`` was appended."""
        return Extent(self.size + len(data), zlib.crc32(data, self.crc32))


@dataclass(frozen=True)
class Source:
    """A dataset that was put in.

    Attributes:
        finished: every clip of it has been tried.
        label_map: hash of the table of labels it was built with; empty without one.
    """

    finished: bool = False
    label_map: str = ""


@dataclass(frozen=True)
class Manifest:
    """The state of a store. Immutable; a commit writes a new one.

    Attributes:
        id: drawn when the store is made; names caches made from it.
        files: extent of every data file.
        words: for each of ``WORD_COLUMNS``, the words that its numbers stand for.
        sources: the datasets, by the name of their reader.
    """

    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    files: Mapping[str, Extent] = field(default_factory=lambda: dict.fromkeys(FILES, Extent()))
    words: Mapping[str, list[str]] = field(
        default_factory=lambda: {column: [] for column in WORD_COLUMNS}
    )
    sources: Mapping[str, Source] = field(default_factory=dict)

    def with_source(self, name: str, source: Source) -> "Manifest":
        """The same with one dataset added or changed."""
        return replace(self, sources={**self.sources, name: source})

    def save(self, root: Path) -> None:
        """Replace the manifest of the store at ``root``, atomically."""
        content = {"format": FORMAT, "version": VERSION, **asdict(self)}
        write_atomically(root / MANIFEST, json.dumps(content, indent=1).encode())

    @classmethod
    def load(cls, root: Path) -> "Manifest":
        """Read the manifest of the store at ``root``.

        Raises:
            InputError: there is no store, or it is foreign, newer, or damaged.
        """
        path = root / MANIFEST
        try:
            content = json.loads(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            raise InputError(
                f"{root}: no store here (no {MANIFEST}); build one with pgfa-data build"
            ) from None
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        except (ValueError, RecursionError):
            raise InputError(f"{path}: damaged (not JSON); build the store again") from None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise InputError(f"{path}: not the manifest of a skeleton store")
        if content.get("version") != VERSION:
            raise InputError(
                f"{path}: version {content.get('version')!r} of the format, this program reads "
                f"{VERSION}; update it or build the store again"
            )
        try:
            return cls._of(content)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise InputError(f"{path}: damaged (fields missing); build the store again") from None

    @classmethod
    def _of(cls, content: Mapping[str, Any]) -> "Manifest":
        def count(value: Any) -> int:
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ValueError(value)
            return value

        def text(value: Any) -> str:
            if not isinstance(value, str):
                raise TypeError(value)
            return value

        files = {
            name: Extent(
                count(content["files"][name]["size"]), count(content["files"][name]["crc32"])
            )
            for name in FILES
        }
        words = {
            column: [text(word) for word in content["words"][column]] for column in WORD_COLUMNS
        }
        sources = {
            text(name): Source(source["finished"] is True, text(source["label_map"]))
            for name, source in content["sources"].items()
        }
        return cls(text(content["id"]), files, words, sources)

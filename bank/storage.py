"""States in one file: tensors, and JSON in the header of the same safetensors file."""

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from bank.errors import InputError

_KEY: Final = "pgfa"


def save_state(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Write a state so that ``path`` holds either the whole of it or what it held before.

    Args:
        path: the file; its folder must exist.
        tensors: what to keep, by name.
        metadata: JSON-ready values.

    Raises:
        InputError: the file cannot be written (no folder, no space, no permission).
    """
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    data = save(contiguous, {_KEY: json.dumps(metadata, sort_keys=True)})
    try:
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
    with contextlib.suppress(OSError):  # not every file system lets a folder be synced
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def load_state(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what :func:`save_state` wrote.

    Returns:
        The tensors, on the CPU, and the metadata.

    Raises:
        InputError: missing, cut short, or not written by this program.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = (file.metadata() or {}).get(_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{path}: damaged or not a safetensors file ({reason})") from None
    if metadata is None:
        raise InputError(f"{path}: a safetensors file, but not one written by PGFA Live")
    try:
        return tensors, json.loads(metadata)
    except json.JSONDecodeError:
        raise InputError(f"{path}: its description is not JSON; the file is damaged") from None

"""States in one file: tensors, and JSON in the header of the same safetensors file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from bank.errors import InputError
from bank.files import write_atomically

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
    data = save(_apart(tensors), {_KEY: json.dumps(metadata, sort_keys=True)})
    write_atomically(path, data)


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
        values = json.loads(metadata)
    except (json.JSONDecodeError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise InputError(f"{path}: its description is not JSON; the file is damaged")
    return tensors, values


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Contiguous tensors on the CPU of which no two share memory, as the format demands."""
    apart: dict[str, Tensor] = {}
    taken: set[int] = set()
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        storage = tensor.untyped_storage()
        if storage.data_ptr() in taken or storage.nbytes() != tensor.nbytes:
            tensor = tensor.clone()
        taken.add(tensor.untyped_storage().data_ptr())
        apart[name] = tensor
    return apart

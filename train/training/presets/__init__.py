"""Presets: the settings of a table's run, one TOML file each beside this module.

A file names the settings of :class:`train.training.recipe.Recipe` that are not its defaults;
``based_on`` takes those of another file first. Names that begin with ``_`` are only for that.
"""

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from bank.errors import InputError

_FOLDER: Final = Path(str(files(__name__)))


def preset_names() -> list[str]:
    """All presets, e.g. ``setting1-ntu60``."""
    return sorted(path.stem for path in _FOLDER.glob("[!_]*.toml"))


def load_preset(name: str) -> dict[str, Any]:
    """Nested settings of a preset, or of a file.

    Args:
        name: of a preset; or the path of a TOML file in the same form, or of the ``config.json``
            that a run left.

    Raises:
        InputError: no such preset or file, or the file is neither TOML nor JSON.
    """
    if name.endswith((".toml", ".json")):
        return _read(Path(name))
    if name not in preset_names():
        raise InputError(
            f"no preset is called {name!r}; there are: {', '.join(preset_names())}; "
            "or give a .toml or .json file"
        )
    return _read(_FOLDER / f"{name}.toml")


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{path}: cannot be read as settings ({reason})") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: not a table of settings")
    if (base := values.pop("based_on", None)) is None:
        return values
    if not isinstance(base, str) or not (_FOLDER / f"{base}.toml").is_file() or base == path.stem:
        raise InputError(f"{path}: based_on must name one of: {', '.join(preset_names())}")
    return _merged(_read(_FOLDER / f"{base}.toml"), values)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    if over.get("encoder", base.get("encoder")) != base.get("encoder"):
        merged.pop("encoder_config", None)  # it belongs to the other encoder
    for key, value in over.items():
        inner = merged.get(key)
        if isinstance(inner, dict) and isinstance(value, dict):
            value = _merged(inner, value)
        merged[key] = value
    return merged

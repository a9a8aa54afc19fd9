"""Skeleton encoders, found by name.

An encoder is a module in this folder that calls :func:`register`. It maps a batch of prepared
windows to one feature a window; the projection to the text's dimension is not its business.
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, ClassVar

from torch import Tensor, nn

from bank.errors import InputError


class Encoder(nn.Module):
    """E_x of Eq. 1: skeleton windows to features.

    Attributes:
        name: what the registry and checkpoints call it.
        out_channels: size of a feature.
        config: the constructor's arguments, kept in checkpoints.
    """

    name: ClassVar[str]
    out_channels: int
    config: dict[str, Any]

    def forward(self, x: Tensor, present: Tensor | None = None) -> Tensor:
        """Encode windows.

        Args:
            x: (N, 3, T, V, M) prepared windows.
            present: (N, M) bool, which bodies are there; None means all of them.

        Returns:
            (N, out_channels) features.
        """
        raise NotImplementedError

    def for_answers(self) -> nn.Module:
        """A module that gives what this one gives in evaluation mode, as fast as it can be had.

        It is called like the encoder, and does not see later changes of it.
        """
        return self


_encoders: dict[str, type[Encoder]] = {}


def register(encoder: type[Encoder]) -> type[Encoder]:
    """Class decorator: make an encoder known by its ``name``."""
    _encoders[encoder.name] = encoder
    return encoder


def encoder_names() -> list[str]:
    """Names of all encoders in this folder."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return sorted(_encoders)


def make_encoder(name: str, **config: Any) -> Encoder:
    """Build an encoder by name.

    Raises:
        InputError: no such encoder, or it does not take such a configuration.
    """
    if name not in encoder_names():
        raise InputError(f"no encoder is called {name!r}; there are: {', '.join(encoder_names())}")
    build: Callable[..., Encoder] = _encoders[name]
    try:
        return build(**config)
    except TypeError as error:
        raise InputError(f"encoder {name} does not take this configuration: {error}") from None

"""Where tensors live."""

import torch

from bank.errors import InputError


def resolve_device(name: str) -> str:
    """``auto``, ``cpu``, ``cuda`` or ``mps`` to a torch device that is really there.

    Raises:
        InputError: no such device on this machine.
    """
    here = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name == "auto":
        return next(device for device in ("cuda", "mps", "cpu") if here[device])
    if name not in here:
        raise InputError(f"no device is called {name!r}; use auto, cpu, cuda or mps")
    if not here[name]:
        raise InputError(f"this machine has no {name} device; use --device cpu or auto")
    return name

"""Compiles the small loops that every sample goes through, and keeps the machine code on disk."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import FunctionCache

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function of numbers and arrays when it is first called.

    The machine code is kept beside the source or, where that cannot be written, in the user's
    cache folder; where neither can, every process compiles anew. It is looked up by the source of
    the function's own file. So a compiled function takes constants and other compiled functions
    from its own file only, and has one signature: C-ordered arrays of one type each. Arithmetic is
    done as it is written, in the order it is written in.
    """
    dispatcher: Any = numba.njit(error_model="numpy")(function)
    with suppress(RuntimeError, OSError):  # no folder can be written
        dispatcher._cache = _Cache(function)
    return cast(F, dispatcher)


class _Cache(FunctionCache):
    """Machine code on disk, which is never worth an error: a full disk, a file cut short."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever reading a damaged file comes to
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):
            super().save_overload(sig, data)

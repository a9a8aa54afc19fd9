"""Runtimes of sensor makers, which print and exit where others raise."""

import contextlib
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bank.errors import InputError


@contextmanager
def exits_as_errors(message: Callable[[str], str]) -> Iterator[None]:
    """Whatever goes wrong inside becomes one line.

    In the main thread, what is printed meanwhile is kept back; elsewhere that would keep back what
    others print.

    Args:
        message: makes the line out of the reason.

    Raises:
        InputError: anything was raised, or the program was told to exit.
    """
    printed = io.StringIO()
    try:
        with contextlib.ExitStack() as stack:
            if threading.current_thread() is threading.main_thread():
                stack.enter_context(contextlib.redirect_stdout(printed))
                stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
            yield
    except (Exception, SystemExit) as error:
        said = printed.getvalue() if isinstance(error, SystemExit) else str(error)
        reason = " ".join(said.split()[:20]) or type(error).__name__
        raise InputError(message(reason)) from None

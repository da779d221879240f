"""What goes to stderr: progress and complaints."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from web.reports import shown


def say(text: str) -> None:
    """Print a line of progress.

    Parameters
    ----------
    text : str
        One line.
    """
    print(shown(text), file=sys.stderr, flush=True)  # noqa: T201  this is the terminal


def complain(text: str) -> None:
    """Print what went wrong.

    Parameters
    ----------
    text : str
        A sentence.
    """
    say(f"locator: {text}")


def stage_line(name: str, done: int, total: int) -> None:
    """Print the progress of a preparation.

    Parameters
    ----------
    name : str
        The stage.
    done, total : int
        How many stages are finished, and of how many.
    """
    say(f"[{done}/{total}] {name}")


@contextmanager
def compiling_said() -> Iterator[None]:
    """Say, once, that code is being compiled for this computer; nothing where it is at hand.

    numba keeps what it has compiled on disk, so this is slow only the first time; it tells when it
    begins: https://numba.readthedocs.io/en/stable/developer/event_api.html

    Yields
    ------
    None
        While it listens.
    """
    from numba.core import event  # noqa: PLC0415  brings LLVM

    class Listener(event.Listener):
        said = False

        def on_start(self, event: Any) -> None:
            del event
            if not self.said:
                self.said = True
                say("compiling for this computer: it takes about 20 s, this first time only")

        def on_end(self, event: Any) -> None:
            """Nothing to say."""

    with event.install_listener("numba:compile", Listener()):
        yield

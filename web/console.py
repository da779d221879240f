"""What goes to stderr: progress and complaints."""

import sys

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

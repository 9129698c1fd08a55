"""What takes long: it tells how far it is, and can be stopped."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import gradio as gr

from spaceseed.batches import Progress
from spaceseed.ui.state.networks import waiting_for
from spaceseed.ui.state.session import Session

STOPPED = "Stopped; all is as it was."

T = TypeVar("T")


class StoppedError(Exception):
    """The visitor does not want it any more."""


def run(visitor: Session, task: str, work: Callable[[Progress], T], line: Callable[[float], str]) -> Iterator[str | T]:
    """Does what takes long; it ends what the visitor asked for before.

    Args:
        visitor: who asked.
        task: its name; to begin another of that name stops it.
        work: what to do; it tells the share done now and then, and is ended there when it is stopped.
        line: says in words how far that is.

    Yields:
        lines, and at the end what `work` returned.

    Raises:
        StoppedError: it was stopped.
    """
    goes_on, done, closed = visitor.begin(task), 0.0, False

    def progress(share: float) -> None:
        nonlocal done
        done = share
        if closed or not goes_on():
            raise StoppedError

    yield line(done)
    try:
        for state in waiting_for(lambda: work(progress), lambda: line(done)):
            if isinstance(state, str) and not goes_on():
                raise StoppedError  # the work sees it when it tells its progress, which may be seconds later
            yield state
    finally:
        closed = True  # the page may be gone


def busy(words: str) -> list[Any]:
    """Values for a line and its stop button while something is under way."""
    return [words, gr.Button(visible=True)]


def idle(words: str) -> list[Any]:
    """The same when nothing is."""
    return [words, gr.Button(visible=False)]

"""Work that takes long: it runs in a thread, tells how far it is, and can be stopped."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import gradio as gr

from spaceseed.batches import Progress
from spaceseed.ui.kit.tasks import Tasks
from spaceseed.ui.kit.text import line

STOPPED = "Stopped; nothing has changed."
LINE_SECONDS = 0.25

T = TypeVar("T")


class StoppedError(Exception):
    """The visitor stopped the work, or asked for something else."""


@dataclass(frozen=True)
class StatusLine:
    """A line that tells how far the work is, and the button that stops it."""

    line: gr.HTML
    stop: gr.Button

    @classmethod
    def create(cls, elem_id: str) -> Self:
        """Lays them out."""
        with gr.Row(elem_classes="ss-job"):
            stop = f"{elem_id}-stop"
            return cls(line("", elem_id), gr.Button("Stop", variant="stop", size="sm", visible=False, elem_id=stop))

    @property
    def outputs(self) -> list[Any]:
        """What `busy` and `idle` fill."""
        return [self.line, self.stop]


def busy(words: str) -> list[Any]:
    """Returns values for a line and its stop button while work is under way."""
    return [words, gr.Button(visible=True)]


def idle(words: str) -> list[Any]:
    """Returns values for them when no work is under way."""
    return [words, gr.Button(visible=False)]


@dataclass
class DownloadProgress:
    """Tells how far a download is; whoever loads calls it with the bytes that are here and the bytes in all.

    Attributes:
        name: what is loaded.
    """

    name: str
    _here: int = 0
    _total: int = 0

    def __call__(self, here: int, total: int) -> None:
        self._here, self._total = here, total

    @property
    def line(self) -> str:
        """How far it is, in words."""
        if 0 < self._here < self._total:
            return f"Downloading {self.name}: {size_text(self._here)} of {size_text(self._total)}"
        return f"Loading {self.name}..."


def size_text(size: int) -> str:
    """Returns a number of bytes as people write it, such as "133 MB"."""
    return f"{size / 10**6:.0f} MB" if size >= 10**7 else f"{size / 10**6:.1f} MB"


def duration(seconds: float) -> str:
    """Returns seconds as people write them: "8 s" or "2 min 5 s"."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def waiting_for(work: Callable[[], T], line: Callable[[], str]) -> Iterator[str | T]:
    """Does work in a thread, so that the page can tell how far it is.

    Args:
        work: what to do. It goes on even if nobody waits any more: what is downloaded halfway is worth finishing.
        line: returns how far it is, in words; asked a few times a second.

    Yields:
        lines, and at the end what `work` returned.
    """
    pool = ThreadPoolExecutor(1)
    future = pool.submit(copy_context().run, work)  # Gradio keeps there whose event it is
    pool.shutdown(wait=False)
    while True:
        try:
            yield future.result(LINE_SECONDS)
        except NotYetError:
            if future.done():  # the work itself ended so
                raise
            yield line()
        else:
            return


def pulled(steps: Iterator[T]) -> Iterator[T | str]:
    """Yields what slow work yields, and between that empty strings, so that the page can say how far it is."""
    while True:
        for step in waiting_for(lambda: next(steps, None), str):
            if step is None:
                return
            yield step


def run(tasks: Tasks, task: str, work: Callable[[Progress], T], line: Callable[[float], str]) -> Iterator[str | T]:
    """Does work that can be stopped; it ends the task of the same name before it.

    Args:
        tasks: of the visitor who asked.
        task: its name; it is stopped when the task ends.
        work: what to do; it tells the share done now and then, and is ended there when it is stopped.
        line: returns that share in words.

    Yields:
        lines, and at the end what `work` returned.

    Raises:
        StoppedError: it was stopped.
    """
    goes_on, done, closed = tasks.begin(task), 0.0, False

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

"""Sentences to the visitor, escaped: Gradio shows them as HTML, and they may quote what a stranger wrote."""

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from html import escape
from typing import Any

import gradio as gr

from spaceseed.errors import DownloadError


def inform(sentence: str) -> None:
    """Says that something went well."""
    gr.Info(escape(sentence, quote=False), title="Done")


def warn(sentence: str) -> None:
    """Says that a part of what was asked did not go well."""
    gr.Warning(escape(sentence, quote=False), title="Please note")


def refusal(sentence: str) -> gr.Error:
    """The error to raise when nothing of what was asked can be done; the page stays as it is."""
    return gr.Error(escape(sentence, quote=False), title="That does not work", print_exception=False)


def clear_errors(event: Callable[..., Any]) -> Callable[..., Any]:
    """Turns an error that an event says in one sentence into a `refusal`.

    Such are a ValueError, which is a visitor's mistake, and a DownloadError. The event may be a generator.
    """

    @wraps(event)
    def shown(*inputs: Any) -> Any:
        try:
            return event(*inputs)
        except (ValueError, DownloadError) as error:
            raise refusal(str(error)) from error

    @wraps(event)
    def streamed(*inputs: Any) -> Iterator[Any]:
        try:
            yield from event(*inputs)
        except (ValueError, DownloadError) as error:
            raise refusal(str(error)) from error

    return streamed if inspect.isgeneratorfunction(event) else shown

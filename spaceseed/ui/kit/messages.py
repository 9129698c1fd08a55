"""Sentences to the visitor, escaped: Gradio shows them as HTML, and they may quote what a stranger wrote."""

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from html import escape
from typing import Any

import gradio as gr

from spaceseed.errors import DownloadError


class HintError(ValueError):
    """Something must be done first. The message is a sentence for the visitor, and shown as a hint, not as an error."""


def inform(sentence: str) -> None:
    """Tells the visitor that something went well."""
    gr.Info(escape(sentence, quote=False), title="Done")


def warn(sentence: str) -> None:
    """Tells the visitor that a part of what they asked for did not go well."""
    gr.Warning(escape(sentence, quote=False), title="Please note")


def refusal(sentence: str) -> gr.Error:
    """Returns the error to raise when nothing of what was asked can be done; the page stays as it is."""
    return gr.Error(escape(sentence, quote=False), title="That does not work", print_exception=False)


def clear_errors(event: Callable[..., Any]) -> Callable[..., Any]:
    """Turns the errors of an event that are sentences for the visitor into a `refusal`.

    These are ValueError, a visitor's mistake, and DownloadError. A `HintError` is shown as a hint. The event may be a
    generator.
    """

    @wraps(event)
    def shown(*inputs: Any) -> Any:
        try:
            return event(*inputs)
        except (ValueError, DownloadError) as error:
            raise _shown(error) from error

    @wraps(event)
    def streamed(*inputs: Any) -> Iterator[Any]:
        try:
            yield from event(*inputs)
        except (ValueError, DownloadError) as error:
            raise _shown(error) from error

    return streamed if inspect.isgeneratorfunction(event) else shown


def _shown(error: Exception) -> gr.Error:
    """Returns the error that ends an event, after a hint was shown in its place if it is one."""
    if not isinstance(error, HintError):
        return refusal(str(error))
    gr.Info(escape(str(error), quote=False), title="First")
    return gr.Error(str(error), visible=False, print_exception=False)

"""Sentences to the visitor, escaped: Gradio shows them as HTML, and they may quote what a stranger wrote."""

from collections.abc import Callable
from functools import wraps
from html import escape
from typing import Any

import gradio as gr


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
    """Turns a ValueError of an event, which is a visitor's mistake in one sentence, into a `refusal`."""

    @wraps(event)
    def shown(*inputs: Any) -> Any:
        try:
            return event(*inputs)
        except ValueError as error:
            raise refusal(str(error)) from error

    return shown

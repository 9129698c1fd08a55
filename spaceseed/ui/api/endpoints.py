"""The endpoints: for `gradio_client`, over plain HTTP, and as tools of the Model Context Protocol (MCP)."""

import inspect
import os
import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any, get_args

import gradio as gr
from gradio.events import api

from spaceseed.errors import DownloadError
from spaceseed.ui.api.models import list_models
from spaceseed.ui.api.pictures import generate, render
from spaceseed.ui.api.searching import query_atlas, search
from spaceseed.ui.api.steering import steer
from spaceseed.ui.state.networks import SEARCHES, Networks

QUICK = {"concurrency_id": "api", "concurrency_limit": 4}
DRAWING = {"concurrency_id": "api-draw", "concurrency_limit": 4}
SEARCHING = {"concurrency_id": "api-search", "concurrency_limit": 2 * SEARCHES}
ENDPOINTS: dict[Callable[..., Any], dict[str, Any]] = {
    list_models: QUICK,
    generate: DRAWING,
    search: SEARCHING,
    query_atlas: QUICK,
    steer: DRAWING,
    render: DRAWING,
}


def create_api(networks: Networks) -> None:
    """Gives the app its named endpoints.

    Call it before the page is laid out: a name belongs to the first event that has it.

    Args:
        networks: what all visitors share; the endpoints know nothing of any visitor.
    """
    for function, lane in ENDPOINTS.items():
        api(_endpoint(function, networks), api_name=function.__name__, **lane)


def offers_mcp() -> bool | None:
    """Returns whether the endpoints are MCP tools: on a Space, which brings the package for it.

    Elsewhere it is None, and `GRADIO_MCP_SERVER=True` asks for it.
    """
    return True if os.getenv("SYSTEM") == "spaces" and find_spec("mcp") else None


def _endpoint(function: Callable[..., Any], networks: Networks) -> Callable[..., Any]:
    """Returns a function as Gradio describes and calls it: without the networks, and with one sentence as an error."""

    def call(*sent: Any) -> Any:
        try:
            return function(networks, *sent)
        except (ValueError, DownloadError) as error:
            raise _mistake(error) from error

    def stream(*sent: Any) -> Iterator[Any]:
        try:
            yield from function(networks, *sent)
        except (ValueError, DownloadError) as error:
            raise _mistake(error) from error

    streams = inspect.isgeneratorfunction(function)
    endpoint: Any = stream if streams else call
    signature = inspect.signature(function)
    returns = signature.return_annotation
    described = signature.replace(
        parameters=list(signature.parameters.values())[1:],
        return_annotation=get_args(returns)[0] if streams else returns,
    )
    endpoint.__name__, endpoint.__doc__ = function.__name__, _one_line_each(inspect.getdoc(function) or "")
    endpoint.__annotations__ = {name: parameter.annotation for name, parameter in described.parameters.items()}
    endpoint.__signature__ = described
    return endpoint


def _mistake(error: Exception) -> gr.Error:
    """Returns the error that tells a caller the sentence: as it is, for it goes to a program and not to a page."""
    return gr.Error(str(error), print_exception=False)


def _one_line_each(doc: str) -> str:
    """Joins the lines of each argument and of each result, of which Gradio reads one."""
    return re.sub(r"\n {8,}|(?<=[^.:\n])\n {4,}", " ", doc)

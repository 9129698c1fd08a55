"""The endpoints: for `gradio_client`, over plain HTTP, and as tools of the Model Context Protocol (MCP)."""

import inspect
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any, get_args

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.events import api

from spaceseed.ui.api.models import list_models
from spaceseed.ui.api.pictures import generate, render
from spaceseed.ui.api.searching import query_atlas, search
from spaceseed.ui.api.steering import steer
from spaceseed.ui.kit.messages import clear_errors, refusal
from spaceseed.ui.state.networks import SEARCHES, Networks

QUICK = {"concurrency_id": "api", "concurrency_limit": 4}
LONG = {"concurrency_id": "api-search", "concurrency_limit": 2 * SEARCHES}
ENDPOINTS: dict[Callable[..., Any], dict[str, Any]] = {
    list_models: QUICK,
    generate: QUICK,
    search: LONG,
    query_atlas: QUICK,
    steer: QUICK,
    render: QUICK,
}
NAMES = {function.__name__ for function in ENDPOINTS}


class App(gr.Blocks):
    """The app. Only its endpoints are public, and it refuses calls that Gradio would not tell what is wrong."""

    def __exit__(self, *raised: Any) -> None:
        """Ends the layout. Events that Gradio adds then, such as one that tells who has signed in, are no endpoints."""
        super().__exit__(*raised)
        for event in self.fns.values():
            if event.name not in NAMES:
                event.api_visibility = "private"

    def validate_inputs(self, block_fn: BlockFunction, inputs: list[Any]) -> None:
        """Refuses a call of an endpoint with too few values, or with files, which Gradio would fetch."""
        if block_fn.api_visibility == "public":
            assert block_fn.fn is not None
            names = list(inspect.signature(block_fn.fn).parameters)[1:]
            if len(inputs) < len(names):
                raise refusal(f"{block_fn.api_name} takes {len(names)} values: {', '.join(names)}.")
            if _has_file(inputs):
                raise refusal(f"{block_fn.api_name} takes texts and numbers, and no files.")
        super().validate_inputs(block_fn, inputs)


def create_api(networks: Networks, demo: gr.Blocks) -> None:
    """Gives the app its named endpoints.

    Call it before the page is laid out: a name belongs to the first event that has it.

    Args:
        networks: what all visitors share; the endpoints know nothing of any visitor.
        demo: the app, which is being built.
    """
    for function, lane in ENDPOINTS.items():
        api(_endpoint(function, networks, demo), api_name=function.__name__, **lane)


def offers_mcp() -> bool | None:
    """Returns whether the endpoints are MCP tools: on a Space, which brings the package for it.

    Elsewhere it is None, and `GRADIO_MCP_SERVER=True` asks for it.
    """
    return True if os.getenv("SYSTEM") == "spaces" and find_spec("mcp") else None


def _endpoint(function: Callable[..., Any], networks: Networks, demo: gr.Blocks) -> Callable[..., Any]:
    """Returns a function as Gradio describes and calls it: without the networks, and with one sentence as an error."""
    answer = clear_errors(partial(function, networks))

    def call(request: gr.Request, *sent: Any) -> Any:
        try:
            return answer(*sent)
        finally:
            _forget(demo, request.session_hash)

    def stream(request: gr.Request, *sent: Any) -> Iterator[Any]:
        try:
            yield from answer(*sent)
        finally:
            _forget(demo, request.session_hash)

    streams = inspect.isgeneratorfunction(function)
    endpoint: Any = stream if streams else call
    signature = inspect.signature(function)
    returns = signature.return_annotation
    own = list(inspect.signature(call).parameters.values())[:1]
    asked = list(signature.parameters.values())[1:]
    described = signature.replace(
        parameters=[*own, *asked], return_annotation=get_args(returns)[0] if streams else returns
    )
    endpoint.__name__, endpoint.__doc__ = function.__name__, _one_line_each(inspect.getdoc(function) or "")
    endpoint.__annotations__ = {name: parameter.annotation for name, parameter in described.parameters.items()}
    endpoint.__signature__ = described
    return endpoint


def _has_file(value: Any) -> bool:
    if isinstance(value, dict):
        return {"path", "meta"} <= value.keys() or any(map(_has_file, value.values()))
    return isinstance(value, list) and any(map(_has_file, value))


def _one_line_each(doc: str) -> str:
    """Joins the lines of each argument and of each result, of which Gradio reads one."""
    return re.sub(r"\n {8,}|(?<=[^.:\n])\n {4,}", " ", doc)


def _forget(demo: gr.Blocks, session: str | None) -> None:
    """Frees what Gradio keeps of a caller: there is room for so many, and visitors must not lose theirs to callers."""
    holder = demo.state_holder
    with holder.lock:
        kept = holder.session_data.get(session or "")
        if kept is not None and not kept.state_data:  # no page has been opened in it
            del holder.session_data[str(session)]
            holder.time_last_used.pop(str(session), None)

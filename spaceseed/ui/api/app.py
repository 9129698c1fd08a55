"""What the app does with calls before they reach an endpoint: limits, and sentences about what Gradio cannot read."""

import inspect
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from starlette.requests import Request
from starlette.responses import JSONResponse

from spaceseed.ui.api.endpoints import ENDPOINTS
from spaceseed.ui.kit.messages import refusal

MAX_WAITING = 6  # calls of each lane; visitors of the page must find room in the queue
NAMES = {function.__name__: list(inspect.signature(function).parameters)[1:] for function in ENDPOINTS}


class App(gr.Blocks):
    """The app. Only its endpoints are public; their callers take no room from visitors, and are told their mistakes."""

    def __exit__(self, *raised: Any) -> None:
        """Ends the layout. Events that Gradio adds then, such as one that tells who has signed in, are no endpoints."""
        super().__exit__(*raised)
        for event in self.fns.values():
            if event.name not in NAMES:
                event.api_visibility = "private"

    def queue(self, *values: Any, **options: Any) -> gr.Blocks:
        """Sets the queue up as Gradio does, and has it refuse calls of endpoints for which many wait already."""
        super().queue(*values, **options)
        queue, push = self._queue, self._queue.push

        async def push_some(body: Any, request: Request, username: str | None) -> Any:
            event = self.fns.get(body.fn_index)
            lane = queue.event_queue_per_concurrency_id.get(event.concurrency_id) if event else None
            if event and event.api_visibility == "public" and lane and len(lane.queue) >= MAX_WAITING:
                return False, "Too many calls are waiting: call again in a minute.", "queue_full"
            return await push(body, request, username)

        queue.push = push_some  # type: ignore[method-assign]
        return self

    def validate_inputs(self, block_fn: BlockFunction, inputs: list[Any]) -> None:
        """Refuses a call of an endpoint with too few values, or with files, which Gradio would fetch."""
        if block_fn.api_visibility == "public":
            names = NAMES[str(block_fn.api_name)]
            if len(inputs) < len(names):
                raise refusal(f"{block_fn.api_name} takes {len(names)} values: {', '.join(names)}.")
            if _has_file(inputs):
                raise refusal(f"{block_fn.api_name} takes texts and numbers, and no files.")
        super().validate_inputs(block_fn, inputs)

    async def process_api(self, block_fn: BlockFunction | int, *values: Any, **options: Any) -> dict[str, Any]:
        """Runs an event. What Gradio keeps of a caller is freed: it has room for so many, and visitors need it."""
        try:
            return await super().process_api(block_fn, *values, **options)
        finally:
            event = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
            if event.api_visibility == "public":
                _forget(self, options.get("session_hash"))


def _has_file(inputs: list[Any]) -> bool:
    left: list[Any] = [inputs]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            if {"path", "meta"} <= value.keys():
                return True
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
    return False


def _forget(demo: gr.Blocks, session: str | None) -> None:
    holder = demo.state_holder
    with holder.lock:
        kept = holder.session_data.get(session or "")
        if kept is not None and not kept.state_data:  # no page has been opened in it
            del holder.session_data[str(session)]
            holder.time_last_used.pop(str(session), None)


async def _tell_names(request: Request, error: Exception) -> JSONResponse:
    """Answers a call with values by name that Gradio cannot match."""
    if "/call/v2/" not in request.url.path:
        raise error
    name = str(request.path_params.get("api_name"))
    if name not in NAMES:
        return JSONResponse({"detail": f"There is no such endpoint; there are {', '.join(NAMES)}."}, 404)
    values = f"these values by name: {', '.join(NAMES[name])}" if NAMES[name] else "no values"
    return JSONResponse({"detail": f"{name} takes {values}."}, 400)


# By the exceptions that Gradio lets out of its routes.
MISTAKES: dict[type[Exception], Callable[..., Any]] = {TypeError: _tell_names, KeyError: _tell_names}

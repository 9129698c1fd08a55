"""How events run, and how they fill their outputs."""

from collections.abc import Mapping
from typing import Any, Literal

import gradio as gr


def quiet(
    *,
    queue: bool = True,
    lane: str | None = None,
    at_once: int | None = None,
    trigger: Literal["once", "multiple", "always_last"] | None = None,
) -> dict[str, Any]:
    """Returns the options of an event listener: nothing says that Gradio is at work, and no public API shows the event.

    Args:
        queue: False for an event that must not wait; Gradio shows no refusal of such an event.
        lane: names the events that share `at_once`. A visitor may ask again while an event with a lane runs.
        at_once: how many of these run at a time; None for any number.
        trigger: what becomes of an event that is triggered again while it runs; None for "multiple" in a lane, and
            elsewhere for Gradio's own choice.
    """
    options: dict[str, Any] = {"api_visibility": "private", "queue": queue}
    # Without the second, the page goes through all outputs of all earlier events, and through what is in them, whenever
    # an event begins or ends, although it shows no progress: seconds of work on a page of this size.
    options |= {"show_progress": "hidden", "show_progress_on": []}
    if queue:
        options |= {"concurrency_id": lane, "concurrency_limit": at_once}
    return options | {"trigger_mode": trigger or ("multiple" if lane else None)}


def in_order(values: Mapping[str, Any], outputs: Mapping[str, Any]) -> list[Any]:
    """Returns an event's values in the order of its outputs.

    Args:
        values: by the outputs' names; an output that is not named stays as it is.
        outputs: the components by name, two or more: a list would be the value of a single one.
    """
    assert len(outputs) > 1
    assert values.keys() <= outputs.keys(), values.keys() - outputs.keys()
    return [values.get(name, gr.skip()) for name in outputs]

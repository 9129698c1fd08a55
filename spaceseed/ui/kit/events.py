"""How events run: nothing on the page says that Gradio is at work, and no event is part of a public API."""

from typing import Any, Literal


def quiet(
    *,
    queue: bool = True,
    lane: str | None = None,
    at_once: int | None = None,
    trigger: Literal["once", "multiple", "always_last"] | None = None,
) -> dict[str, Any]:
    """Returns the options of an event listener.

    Args:
        queue: False for an event that must not wait; Gradio shows no refusal of such an event.
        lane: names the events that share `at_once`. A visitor may ask again while an event with a lane runs.
        at_once: how many of these run at a time; None for any number.
        trigger: what becomes of an event that is triggered again while it runs; None for "multiple" in a lane, and
            elsewhere for Gradio's own choice.
    """
    options: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": queue}
    if queue:
        options |= {"concurrency_id": lane, "concurrency_limit": at_once}
    return options | {"trigger_mode": trigger or ("multiple" if lane else None)}

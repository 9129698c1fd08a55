"""The Dissect tab: units of the network paint things into a find, and are shown with the images where they light up."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import BoundedSemaphore
from typing import Any

import gradio as gr

from spaceseed.ui.dissect import events
from spaceseed.ui.dissect.measuring import TASK, measure
from spaceseed.ui.dissect.view import Panel
from spaceseed.ui.kit.events import in_order, quiet
from spaceseed.ui.kit.jobs import idle
from spaceseed.ui.kit.messages import clear_errors
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session

EVENT, LONG = quiet(lane="dissect", at_once=8), quiet(lane="dissect-layer", at_once=2)
NOW = quiet(queue=False)
# Past the queue, whose messages cost as much time as the drawing of a small picture. Each stroke counts; of a slider
# one drawing at a time, and then one of wherever it is by then.
STROKE, FOLLOW = quiet(queue=False, trigger="multiple"), quiet(queue=False, trigger="always_last")
DRAWINGS = 4  # of all visitors at a time


@dataclass(frozen=True)
class DissectTab:
    """What other parts of the app need of this tab.

    Attributes:
        steer: a trigger that fires when the find is to be opened in Steer.
        follow: lets an event that may have changed the model be followed by showing what belongs to the new one.
    """

    steer: Callable[..., Any]
    follow: Callable[[Any], None]


def create_dissect_tab(networks: Networks, session: gr.State, basket: gr.State, tab: gr.Tab) -> DissectTab:
    """Lays out the tab and joins its events.

    Args:
        networks: draw.
        session: holds a `Session`.
        basket: a number that changes with the finds.
        tab: what this is laid out in.
    """
    panel = Panel.create()
    how = [panel.thing, panel.mode, panel.strength]
    turnstile = BoundedSemaphore(DRAWINGS)

    def on(
        trigger: Callable[..., Any], event: Callable[..., events.Shown], inputs: list[Any], outputs: dict[str, Any]
    ) -> Any:
        """Joins an event that takes the networks, the session and `inputs`."""
        handle = clear_errors(lambda *given: in_order(event(networks, *given), outputs))
        return trigger(handle, [session, *inputs], list(outputs.values()), **EVENT)

    def at_once(trigger: Callable[..., Any], event: Callable[..., events.Shown], inputs: list[Any], **way: Any) -> None:
        """Joins an event that draws while the hand moves."""

        def handle(*values: Any) -> list[Any]:
            with turnstile:
                return in_order(event(networks, *values), panel.preview)

        trigger(handle, [session, *inputs], list(panel.preview.values()), **way)

    def then_units(event: Any) -> None:
        event.success(clear_errors(partial(events.show_units, networks)), session, panel.wall, **EVENT)

    then_units(on(tab.select, events.enter, [], panel.components))
    then_units(on(panel.layer.input, events.choose_layer, [panel.layer], panel.controls))
    slider = {"level": panel.level, "words": panel.words}
    then_units(on(panel.thing.input, events.choose_thing, [panel.thing], slider))
    on(panel.wall.choose, events.choose_unit, [panel.wall], slider)
    at_once(panel.painter.paint, events.paint, [panel.painter, *how], **STROKE)
    at_once(partial(gr.on, [panel.level.input, panel.level.release]), events.move, [panel.level], **FOLLOW)
    on(panel.everywhere.click, events.change_everywhere, how, panel.preview)
    found = {"before": panel.before, **panel.preview, "level": panel.level}
    on(panel.fresh.click, events.take_fresh, [], found)
    for button, event in ((panel.undo, events.undo), (panel.redo, events.redo), (panel.reset, events.reset)):
        on(button.click, event, [], found)
    panel.keep.click(clear_errors(partial(events.keep_it, networks)), session, basket, **EVENT)
    steered = panel.steer.click(clear_errors(partial(events.send_to_steer, networks)), session, None, **EVENT)
    measured = panel.measure.click(clear_errors(partial(measure, networks)), session, panel.job.outputs, **LONG)
    measured.failure(lambda: idle(""), None, panel.job.outputs, **NOW)
    then_units(on(measured.success, events.controls, [], panel.controls))
    panel.job.stop.click(lambda visitor: visitor.tasks.end(TASK), session, None, **NOW)

    def follow(event: Any) -> None:
        then_units(on(event.then, enter_again, [], panel.components))

    return DissectTab(steered.success, follow)


def enter_again(networks: Networks, visitor: Session) -> events.Shown:
    """Shows what belongs to the present model, if this tab is open: else it is shown when the tab is opened."""
    return events.enter(networks, visitor) if visitor.tab == "dissect" else {}

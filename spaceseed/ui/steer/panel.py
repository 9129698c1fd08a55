"""The panel that changes one find: its sliders, its pictures, and what they do."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import BoundedSemaphore
from typing import Any

import gradio as gr

from spaceseed.ui.kit.events import in_order, quiet
from spaceseed.ui.kit.messages import clear_errors
from spaceseed.ui.kit.still import still
from spaceseed.ui.kit.text import line
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.steer import events
from spaceseed.ui.steer.knobs import SLIDERS, Knobs, create_knobs, create_selection
from spaceseed.ui.steer.view import UNCHANGED, strip

EVENT, NOW = quiet(lane="steer", at_once=4), quiet(queue=False)
# One drawing at a time, and then one of wherever the slider is by then: they never pile up. Past the queue, whose
# messages cost as much time as the drawing of a small picture.
FOLLOW = quiet(queue=False, trigger="always_last")
DRAWINGS = 4  # of all visitors at a time


@dataclass(frozen=True)
class Panel:
    """The components.

    Attributes:
        follow: lets an event that fills `components` be followed by what may take longer: finding directions that are
            not at hand, and drawing the strip.
    """

    before: gr.HTML
    after: gr.HTML
    words: gr.HTML
    undo: gr.Button
    redo: gr.Button
    draw_strip: gr.Button
    knobs: Knobs
    follow: Callable[[Any], None]

    @property
    def preview(self) -> dict[str, Any]:
        """What each move of a slider changes."""
        return {"after": self.after, "words": self.words, "undo": self.undo, "redo": self.redo}

    @property
    def found(self) -> dict[str, Any]:
        """What directions that were found change."""
        return {"words": self.words, "draw_strip": self.draw_strip, **self.knobs.directions}

    @property
    def components(self) -> dict[str, Any]:
        """All that shows the find that is open."""
        return {"before": self.before, **self.preview, **self.knobs.base, **self.found}


def handler(networks: Networks, event: Callable[..., events.Shown], outputs: dict[str, Any]) -> Callable[..., Any]:
    """Returns an event that fills these outputs, as Gradio calls it."""
    return clear_errors(lambda *inputs: in_order(event(networks, *inputs), outputs))


def create_panel(networks: Networks, session: gr.State, basket: gr.State, marks: gr.HTML) -> Panel:
    """Lays out the panel and joins its events.

    Args:
        networks: draw.
        session: holds a `Session`.
        basket: a number that changes with the finds.
        marks: the picker of the Breed page.
    """
    with gr.Row(elem_classes="ss-steer"):
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="ss-steer-view"):
                with gr.Row(elem_classes="ss-pair"):
                    before, after = still("Before", "steer-before"), still("After", "steer-after")
                words = line(UNCHANGED, "steer-words")
            with gr.Row(elem_classes="ss-actions"):
                keep = gr.Button("Keep", variant="primary", elem_id="steer-keep")
                undo = gr.Button("Undo", interactive=False, elem_id="steer-undo")
                redo = gr.Button("Redo", interactive=False, elem_id="steer-redo")
                reset = gr.Button("Reset all", elem_id="steer-reset")
            with gr.Column(elem_classes="ss-closer"):
                selected, name = create_selection()
                row = strip()
                draw_row = gr.Button("Draw the strip", size="sm", visible=False, elem_id="steer-draw-strip")
        with gr.Column(scale=6, min_width=320):
            knobs = create_knobs(selected, name)

    def follow(event: Any) -> None:
        found = event.success(
            clear_errors(partial(events.find_missing, networks)), session, [words, knobs.stop], **EVENT
        )
        filled = on(found.success, events.fill_found, [], panel.found)
        drawn = filled.success(clear_errors(partial(events.auto_strip, networks)), session, row, **EVENT)
        say(drawn)

    def say(drawn: Any) -> None:
        """Lets the sliders say whether they change anything, after the strip, so that no slider waits for it."""
        on(drawn.then, events.say_what_is_seen, [], dict(zip(SLIDERS, knobs.sliders, strict=True)))

    panel = Panel(before, after, words, undo, redo, draw_row, knobs, follow)

    def on(trigger: Any, event: Callable[..., events.Shown], inputs: list[Any], outputs: dict[str, Any]) -> Any:
        """Joins an event that takes the networks, the session and `inputs`."""
        handle = handler(networks, event, outputs)
        join = partial(gr.on, trigger) if isinstance(trigger, list) else trigger
        return join(handle, [session, *inputs], list(outputs.values()), **EVENT)

    turnstile = BoundedSemaphore(DRAWINGS)

    def follow_slider(event: Callable[..., events.Shown], sliders: list[gr.Slider], outputs: dict[str, Any]) -> None:
        """Joins an event that draws while sliders are moved; their reset buttons release them."""

        def handle(*values: Any) -> list[Any]:
            with turnstile:
                return in_order(event(networks, *values), outputs)

        triggers = [trigger for slider in sliders for trigger in (slider.input, slider.release)]
        gr.on(triggers, handle, [session, *sliders], list(outputs.values()), **FOLLOW)

    follow_slider(events.move, knobs.sliders, {**panel.preview, "selected": selected})
    follow_slider(events.set_truncation, [knobs.truncation], panel.preview)
    shown = [
        on(undo.click, events.undo, [], panel.components),
        on(redo.click, events.redo, [], panel.components),
        on(reset.click, events.reset_all, [], panel.components),
        on(knobs.method.input, events.choose_method, [knobs.method, marks], panel.components),
        on(knobs.group.input, events.choose_group, [knobs.group], panel.components),
        on([knobs.first.submit, knobs.first.blur, knobs.last.submit, knobs.last.blur], events.choose_range,
           [knobs.first, knobs.last], panel.components),
        on(knobs.isolated.input, events.choose_isolated, [knobs.isolated], panel.components),
        on(knobs.noise.input, events.choose_noise, [knobs.noise], panel.components),
        on(knobs.reseed.click, events.reseed, [], panel.components),
        on(name.submit, events.rename, [name], panel.components),
    ]  # fmt: skip
    for event in shown:
        panel.follow(event)
    looked = selected.change(clear_errors(events.look), [session, selected], name, **EVENT)
    looked.then(clear_errors(partial(events.auto_strip, networks)), session, row, **EVENT)
    say(draw_row.click(clear_errors(partial(events.fill_strip, networks)), session, row, **EVENT))
    on(knobs.more.click, events.show_more, [], panel.found)
    keep.click(clear_errors(partial(events.keep_it, networks)), session, basket, **EVENT)
    knobs.stop.click(lambda visitor: visitor.tasks.end("directions"), session, None, **NOW)
    return panel

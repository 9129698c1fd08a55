"""The Avoid tab: a filter is learned from marks, and figures say whether it keeps bad images away."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from spaceseed.ui.avoid import examples, learning, proof
from spaceseed.ui.avoid.view import Examples, Proof, Study
from spaceseed.ui.kit.cores import is_slow
from spaceseed.ui.kit.events import quiet
from spaceseed.ui.kit.jobs import StatusLine, idle
from spaceseed.ui.kit.messages import clear_errors
from spaceseed.ui.kit.picker import PickGallery
from spaceseed.ui.state.avoiding import TASK
from spaceseed.ui.state.marks import note_marks
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session

LONG, EVENT = quiet(lane="avoid", at_once=4), quiet(lane="avoid-show", at_once=8)
NOW = quiet(queue=False, trigger="multiple")


@dataclass(frozen=True)
class AvoidTab:
    """What other parts of the app need of this tab.

    Attributes:
        follow: lets an event that may have changed the model be followed by showing what belongs to the new one.
        fitted: the controls that differ between models; `values_for` fills them.
        shelves: show the examples.
    """

    follow: Callable[[Any], None]
    fitted: list[Any]
    shelves: list[PickGallery]


def create_avoid_tab(
    networks: Networks, session: gr.State, marks: PickGallery, lines: list[gr.HTML], tabs: gr.Tabs, tab: gr.Tab
) -> AvoidTab:
    """Lays out the tab and joins its events.

    Args:
        networks: draw and judge.
        session: holds a `Session`.
        marks: the picker of the Breed page.
        lines: where Breed and Search say that they use the filter.
        tabs: of the app; marks are noted when a visitor turns to another one.
        tab: what this is laid out in.
    """
    found = Examples.create(examples.placeholder(networks, networks.default))
    study = Study.create()
    shown = Proof.create(learning.faces_compared(networks.generator(networks.default)))
    uses = [study.in_breed, study.in_search]
    state = [
        shown.column,
        study.verdict,
        study.fold,
        study.numbers,
        shown.told,
        shown.fold,
        shown.figures,
        *uses,
        study.download,
        *lines,
    ]

    def on(trigger: Callable[..., Any], event: Callable[..., Any], inputs: list[Any], to: Any, **how: Any) -> Any:
        return trigger(clear_errors(partial(event, networks)), [session, *inputs], to, **(EVENT | how))

    def draw_marks(event: Any) -> Any:
        return on(event.then, examples.shelves, [], found.shelves)

    def draw_state(event: Any) -> Any:
        return on(event.then, show_state, [], state)

    def draw_filter(event: Any) -> Any:
        return on(draw_state(event).then, learning.pictures, [], shown.pictures)

    def follow(event: Any) -> None:
        draw_filter(draw_marks(event))

    def work(trigger: Callable[..., Any], event: Callable[..., Any], inputs: list[Any], job: StatusLine) -> Any:
        """Joins work that takes long and can be stopped."""
        begun = on(trigger, event, inputs, job.outputs, **LONG)
        begun.failure(lambda: idle(""), None, job.outputs, **NOW)
        return begun

    tabs.select(note_marks, [session, marks], None, **NOW)
    entered = on(tab.select, lambda _, visitor, picked: note_marks(visitor, picked), [marks], None)
    draw_marks(entered)
    for shelf in found.shelves:
        draw_marks(on(shelf.mark, examples.remove, [shelf], None))
    draw_marks(on(found.forget.click, examples.forget_all, [], None))
    for trigger in (found.words.click, found.text.submit):
        draw_marks(work(trigger, examples.find_by_words, [found.text, found.drawn], found.job))
    draw_marks(work(found.hunt.click, examples.find_by_search, [], found.job))
    draw_filter(work(study.learn.click, learning.learn, [study.method, study.how, study.refused], study.job))
    draw_state(on(study.in_breed.input, learning.use_in_breed, [study.in_breed], None))
    draw_state(on(study.in_search.input, learning.use_in_search, [study.in_search], None))
    loaded = on(study.drop.upload, learning.load_filter, [study.drop], None)
    loaded.then(lambda: None, None, study.drop, **NOW)
    draw_filter(loaded)
    on(shown.other.click, learning.other_seeds, [], shown.pictures)
    draw_state(work(shown.measure.click, proof.measure, [shown.images], shown.job))
    for job in (found.job, study.job, shown.job):
        job.stop.click(lambda visitor: visitor.tasks.end(TASK), session, None, **NOW)
    return AvoidTab(follow, [found.text, found.drawn, shown.images], found.shelves)


def show_state(_: Networks, visitor: Session) -> Iterator[list[Any]]:
    """Shows what has been learned, measured and switched on."""
    yield from visitor.tasks.newest("avoid state", iter([_state(visitor)]))


def values_for(networks: Networks, model: str) -> list[Any]:
    """Returns what an `AvoidTab` shows in `fitted` for a model."""
    slow = is_slow(networks.generator(model))
    return [
        gr.Textbox(placeholder=examples.placeholder(networks, model)),
        gr.Slider(value=examples.DRAWN_SLOW if slow else examples.DRAWN),
        gr.Slider(value=proof.IMAGES_SLOW if slow else proof.IMAGES),
    ]


def _state(visitor: Session) -> list[Any]:
    avoiding = visitor.workspace.avoiding
    learned = avoiding.learned
    path = learning.filter_file(visitor, learned) if learned else None
    lines = learning.breed_line(avoiding), learning.search_line(avoiding)
    return [
        gr.Column(visible=learned is not None),
        learning.verdict(learned) if learned else "",
        gr.Accordion(visible=learned is not None),
        learning.numbers(learned) if learned else [],
        avoiding.told,
        gr.Accordion(visible=bool(avoiding.figures)),
        {"rows": proof.table(avoiding.figures), "conditions": avoiding.conditions},
        gr.Checkbox(value=avoiding.breeds_with is not None, interactive=learned is not None),
        gr.Checkbox(value=learned is not None and avoiding.in_search, interactive=learned is not None),
        gr.DownloadButton(value=path, interactive=path is not None),
        *(gr.HTML(value=words, visible=bool(words)) for words in lines),
    ]

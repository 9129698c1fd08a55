"""The Avoid tab: a filter is learned from marks, and figures say whether it keeps bad images away."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from spaceseed.ui.avoid import examples, learning, pictures, proof, telling, wall
from spaceseed.ui.avoid.repairs import Repairs
from spaceseed.ui.avoid.view import Examples, Proof, Study, Wall
from spaceseed.ui.kit.cores import is_slow
from spaceseed.ui.kit.events import quiet
from spaceseed.ui.kit.jobs import StatusLine, idle
from spaceseed.ui.kit.messages import clear_errors
from spaceseed.ui.state.avoiding import TASK
from spaceseed.ui.state.handles import BreedTab
from spaceseed.ui.state.marks import note_marks
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session

# Marks are taken in the order in which they are made.
MARK = quiet(lane="avoid-mark", at_once=1)
LONG, EVENT = quiet(lane="avoid", at_once=4), quiet(lane="avoid-show", at_once=8)
NOW = quiet(queue=False, trigger="multiple")


@dataclass(frozen=True)
class AvoidTab:
    """What other parts of the app need of this tab.

    Attributes:
        follow: lets an event that may have changed the model be followed by showing what belongs to the new one.
        fitted: the controls that differ between models; `values_for` fills them.
        flawed: the button that changes to a model that has much to avoid.
    """

    follow: Callable[[Any], None]
    fitted: list[Any]
    flawed: gr.Button


@dataclass(frozen=True)
class _Events:
    """Joins events with what must be shown after them.

    Attributes:
        networks: draw and judge.
        session: holds a `Session`.
        wall, found, study, proof: the parts of the tab.
        lines: where Breed and Search say that they use the filter.
    """

    networks: Networks
    session: gr.State
    wall: Wall
    found: Examples
    study: Study
    proof: Proof
    lines: list[gr.HTML]

    def on(self, trigger: Callable[..., Any], event: Callable[..., Any], inputs: list[Any], to: Any, **how: Any) -> Any:
        """Joins an event that takes the networks, the session and `inputs`."""
        handle = clear_errors(partial(event, self.networks))
        return trigger(handle, [self.session, *inputs], to, **(EVENT | how))

    def work(self, trigger: Callable[..., Any], event: Callable[..., Any], inputs: list[Any], job: StatusLine) -> Any:
        """Joins work that takes long and can be stopped."""
        begun = self.on(trigger, event, inputs, job.outputs, **LONG)
        begun.failure(lambda: idle(""), None, job.outputs, **NOW)
        return begun

    def draw_shelves(self, event: Any) -> Any:
        """Shows the marks."""
        return self.on(event.then, examples.shelves, [], self.found.shelves)

    def draw_marks(self, event: Any) -> Any:
        """Shows the marks wherever they are seen."""
        told = self.on(event.then, lambda _, visitor: wall.marks_told(visitor), [], self.counted)
        return self.draw_shelves(self.on(told.then, wall.wall, [], self.walled))

    def draw_state(self, event: Any) -> Any:
        """Shows what has been learned, measured and switched on."""
        return self.on(event.then, show_state, [], [*self.proof.state, *self.lines])

    def draw_filter(self, event: Any) -> Any:
        """Shows the filter, and what it does."""
        return self.on(self.draw_state(event).then, pictures.pictures, [], self.proof.pictures)

    @property
    def counted(self) -> list[Any]:
        """What `wall.marks_told` fills."""
        return [self.wall.told, self.found.column]

    @property
    def walled(self) -> list[Any]:
        """What `wall.wall` fills."""
        return [self.wall.picker, self.wall.others]


def create_avoid_tab(
    networks: Networks, session: gr.State, breed: BreedTab, lines: list[gr.HTML], tabs: gr.Tabs, tab: gr.Tab
) -> AvoidTab:
    """Lays out the tab and joins its events.

    Args:
        networks: draw and judge.
        session: holds a `Session`.
        breed: the Breed tab, whose marks are noted.
        lines: where Breed and Search say that they use the filter.
        tabs: of the app; marks are noted when a visitor turns to another one.
        tab: what this is laid out in.
    """
    board = Wall.create(networks)
    found = Examples.create(examples.placeholder(networks, networks.default))
    study = Study.create(networks)
    compared = pictures.faces_compared(networks.generator(networks.default))
    shown, repairs = Proof.create(compared), Repairs.create(compared)
    events = _Events(networks, session, board, found, study, shown, lines)
    on, work = events.on, events.work

    tabs.select(note_marks, [session, breed.picker], None, **NOW)
    events.draw_marks(on(tab.select, lambda _, visitor, picked: note_marks(visitor, picked), [breed.picker], None))
    for trigger in (board.picker.begin, board.others.click):
        on(trigger, wall.show_others, [], events.walled)
    events.draw_shelves(on(board.picker.mark, wall.note, [board.picker], events.counted, **MARK))
    for shelf in found.shelves:
        events.draw_marks(on(shelf.mark, examples.remove, [shelf], None))
    events.draw_marks(on(found.forget.click, examples.forget_all, [], None))
    for trigger in (found.words.click, found.text.submit):
        events.draw_marks(work(trigger, examples.find_by_words, [found.text, found.drawn], found.job))
    events.draw_marks(work(found.hunt.click, examples.find_by_search, [], found.job))
    events.draw_filter(work(study.learn.click, learning.learn, study.settings, study.job))
    events.draw_state(on(shown.in_breed.input, learning.use_in_breed, [shown.in_breed], None))
    events.draw_state(on(shown.in_search.input, learning.use_in_search, [shown.in_search], None))
    loaded = on(study.drop.upload, learning.load_filter, [study.drop], None)
    for ended in (loaded.success, loaded.failure):  # `then` does not follow a failure
        ended(lambda: None, None, study.drop, **NOW)
    events.draw_filter(loaded)
    on(shown.other.click, pictures.other_seeds, [], shown.pictures)
    events.draw_state(work(shown.measure.click, proof.measure, [shown.images], shown.job))
    repairs.join(on, work, events.draw_state, breed)
    for job in (found.job, study.job, shown.job, repairs.job):
        job.stop.click(lambda visitor: visitor.tasks.end(TASK), session, None, **NOW)
    fitted = [board.hint, found.text, found.drawn, study.source, study.method, shown.images]

    def follow(event: Any) -> None:
        repairs.follow(on, events.draw_filter(events.draw_marks(event)))

    return AvoidTab(follow, fitted, board.flawed)


def show_state(_: Networks, visitor: Session) -> Iterator[list[Any]]:
    """Shows what has been learned, measured and switched on."""
    yield from visitor.tasks.newest("avoid state", iter([_state(visitor)]))


def values_for(networks: Networks, model: str) -> list[Any]:
    """Returns what an `AvoidTab` shows in `fitted` for a model."""
    generator = networks.generator(model)
    slow = is_slow(generator)
    return [
        gr.Column(visible=examples.suggests_flawed(networks, model)),
        gr.Textbox(placeholder=examples.placeholder(networks, model)),
        gr.Slider(value=examples.DRAWN_SLOW if slow else examples.DRAWN),
        gr.Radio(value=learning.source_for(networks, model), visible=learning.has_real_images(networks, model)),
        gr.Dropdown(list(learning.METHODS), value=learning.method_for(generator)),
        gr.Slider(value=proof.IMAGES_SLOW if slow else proof.IMAGES),
    ]


def _state(visitor: Session) -> list[Any]:
    avoiding, repairing = visitor.workspace.avoiding, visitor.workspace.repairing
    learned = avoiding.learned
    path = learning.filter_file(visitor, learned) if learned else None
    lines = telling.breed_line(avoiding, repairing), telling.search_line(avoiding, repairing)
    return [
        gr.Column(visible=learned is not None),
        telling.verdict(learned) if learned else "",
        telling.numbers(learned) if learned else [],
        avoiding.told,
        {"rows": proof.table(avoiding.figures), "conditions": avoiding.conditions},
        avoiding.breeds_with is not None,
        learned is not None and avoiding.in_search,
        gr.DownloadButton(value=path),
        *(gr.HTML(value=words, visible=bool(words)) for words in lines),
    ]

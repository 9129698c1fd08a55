"""Changing the model: it is loaded while the page says how far that is, and then its controls are shown."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import gradio as gr

from spaceseed.models.generators.generator import Generator
from spaceseed.ui.avoid import tab as avoid_tab
from spaceseed.ui.avoid.tab import AvoidTab
from spaceseed.ui.breed import tab as breed_tab
from spaceseed.ui.kit.cores import is_slow
from spaceseed.ui.kit.events import quiet
from spaceseed.ui.kit.jobs import DownloadProgress, waiting_for
from spaceseed.ui.kit.messages import warn
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.photo import tab as photo_tab
from spaceseed.ui.photo.tab import PhotoTab
from spaceseed.ui.search import tab as search_tab
from spaceseed.ui.search.tab import SearchTab
from spaceseed.ui.shell import model_bar
from spaceseed.ui.shell.entry import follow
from spaceseed.ui.shell.model_bar import ModelBar
from spaceseed.ui.shell.model_line import loading
from spaceseed.ui.state.avoiding import TASK
from spaceseed.ui.state.handles import BreedTab
from spaceseed.ui.state.marks import leave
from spaceseed.ui.state.networks import FLAWED, LOADING_ERRORS, Networks
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.view import View
from spaceseed.ui.state.workspace import Workspace

# Gradio's menu tells of a choice twice, and so a visitor would be told twice why the model cannot be loaded.
REPEAT_SECONDS = 2.0


def load(networks: Networks, model: str) -> Iterator[str | Generator]:
    """Loads a model.

    Yields:
        how far it is, in words, and at the end the generator.
    """
    card = networks.cards.get(model)
    download = DownloadProgress(card.title if card else model)
    yield download.line
    yield from waiting_for(lambda: networks.generator(model, download), lambda: download.line)


def switch(networks: Networks, visitor: Session, model: str) -> Iterator[str | Generator | None] | None:
    """Loads a model and makes it the visitor's; if that fails, they keep their model and are told why.

    Gradio's menu tells of a choice twice, in two events that may run at once. So the second is recognised here, before
    anything else is done.

    Returns:
        lines, and at the end the generator that is theirs now, new or old; None if they chose yet another meanwhile.
        None instead if the model is being loaded already.
    """
    if visitor.loading and visitor.loading == model:
        return None
    refused = time.monotonic() - visitor.refused.get(model, -math.inf) < REPEAT_SECONDS
    if not visitor.loading and (refused or model == visitor.model):
        return iter((networks.generator(visitor.model),))
    visitor.loading = model
    return _switch(networks, visitor, model, visitor.tasks.begin("switch"))


def _switch(
    networks: Networks, visitor: Session, model: str, goes_on: Callable[[], bool]
) -> Iterator[str | Generator | None]:
    loaded: str | Generator = ""
    try:
        for loaded in load(networks, model):
            if not goes_on():
                yield None
                return
            if isinstance(loaded, str):
                yield loaded
    except LOADING_ERRORS as error:
        if not goes_on():
            yield None
            return
        visitor.refused[model] = time.monotonic()
        present = networks.cards[visitor.model].title
        warn(f"{error} You stay with {present}.")
        loaded = networks.generator(visitor.model)
    else:
        assert isinstance(loaded, Generator)
        _take(visitor, loaded)
    finally:
        if goes_on():  # only now, for other events fill the controls of the visitor's model as soon as they see this
            visitor.loading, visitor.unfilled = "", True
    yield loaded


def _take(visitor: Session, generator: Generator) -> None:
    """Makes a model the visitor's."""
    assert generator.card is not None
    if generator.card.id == visitor.model:
        return
    visitor.tasks.begin("page")  # ends what the old model is drawing
    visitor.tasks.begin(TASK)  # and what is learned and measured of it
    if visitor.ticket is not None:
        visitor.ticket.stopped = True
    visitor.workspaces.setdefault(generator.card.id, Workspace.fresh(generator))
    visitor.model = generator.card.id


def values_for(networks: Networks, visitor: Session) -> list[Any]:
    """Returns values for `Switching.controls`."""
    generator = networks.generator(visitor.model)
    assert generator.card is not None
    return [
        *model_bar.values_for(networks, generator, visitor.workspace),
        *breed_tab.values_for(generator.card, visitor.workspace),
        *search_tab.values_for(generator),
        *photo_tab.values_for(generator),
        *avoid_tab.values_for(networks, visitor.model),
    ]


def values_for_new_page(networks: Networks, visitor: Session) -> list[Any]:
    """Returns the same for a page that was just opened; what it shows already is left alone, for it may be in use."""
    generator, values = networks.generator(visitor.model), values_for(networks, visitor)
    if is_slow(generator) or visitor.workspace.view != View.of(generator):
        return values
    return [gr.Dropdown(choices=model_bar.choices(networks)), *[gr.skip()] * (len(values) - 1)]


class Switching:
    """Joins the events that change the model with all that must follow.

    Loading tells its lines as it goes on; controls are filled once, by an event of their own, for Gradio shows the last
    values of an event that goes on a second time when it ends, and a visitor may have changed them by then.

    Args:
        networks: to load.
        session: holds a `Session`.
        basket: a number that changes with the finds, which may come alive with their model.
        bar, breed, search, photo, avoid: hold controls that differ between models.

    Attributes:
        controls: those; `values_for` fills them.
    """

    def __init__(
        self,
        networks: Networks,
        session: gr.State,
        basket: gr.State,
        bar: ModelBar,
        breed: BreedTab,
        search: SearchTab,
        photo: PhotoTab,
        avoid: AvoidTab,
    ) -> None:
        self._networks, self._session, self._basket, self._bar, self._breed = networks, session, basket, bar, breed
        self.controls = [*bar.fitted, *breed.fitted, *search.fitted, *photo.fitted, *avoid.fitted]

    def join(self, trigger: Callable[..., Any], event: Callable[..., Iterator[Any]], inputs: list[Any]) -> Any:
        """Joins a trigger with one of the events below; afterwards the page of the visitor's model is drawn.

        Returns:
            what more can be chained to.
        """
        switched = trigger(event, [self._session, *inputs], self._bar.line, **quiet(lane="switch", at_once=8))
        filled = switched.success(self.fill, self._session, [*self.controls, self._basket], **quiet())
        return self._breed.draw(filled.success)

    def fill(self, visitor: Session) -> list[Any] | Any:
        """Shows the model that was loaded, once, and not while another is being loaded."""
        if visitor.loading or not visitor.unfilled:
            return gr.skip()
        visitor.unfilled = False
        return [*values_for(self._networks, visitor), visitor.basket.changed()]

    def choose(self, visitor: Session, model: Any, picked: Picked, *values: Any) -> Iterator[str | Any]:
        """Changes to the model chosen in the menu."""
        with suppress(ValueError, OSError):  # a number out of range is not worth keeping a visitor from leaving
            leave(visitor, self._networks.generator(visitor.model), picked, values)
        states = switch(self._networks, visitor, str(model))
        if states is None:
            yield gr.skip()
        else:
            yield from _lines(visitor, states)

    def load_shown(self, visitor: Session, picked: Picked, *values: Any) -> Iterator[str | Any]:
        """Changes to the model of the find that the visitor looks at."""
        recipe = visitor.basket.current
        yield from self.choose(visitor, recipe.model if recipe else visitor.model, picked, *values)

    def load_flawed(self, visitor: Session, picked: Picked, *values: Any) -> Iterator[str | Any]:
        """Changes to the model that draws many broken faces."""
        yield from self.choose(visitor, FLAWED, picked, *values)

    def follow_link(self, visitor: Session) -> Iterator[str | Any]:
        """Changes to the model that a share link names, or that the page before had."""
        link, visitor.link = visitor.link, None
        if link is None:
            yield gr.skip()
            return

        def states() -> Iterator[str | Generator | None]:
            for state in switch(self._networks, visitor, link.model) or ():
                if isinstance(state, Generator) and visitor.model == link.model:
                    follow(state, visitor, link)
                yield state

        yield from _lines(visitor, states())


def _lines(visitor: Session, states: Iterator[str | Generator | None]) -> Iterator[str | Any]:
    """Yields what the bar says while a model is loaded; nothing where none needs to be."""
    shown = False
    for line in visitor.tasks.newest("line", (loading(state) for state in states if isinstance(state, str))):
        shown = True
        yield line
    if not shown:
        yield gr.skip()

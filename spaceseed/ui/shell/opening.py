"""What happens when a page opens, and what is noted so that it can open again as it was."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from spaceseed.ui.breed.page import paint
from spaceseed.ui.kit.cores import is_slow
from spaceseed.ui.kit.events import quiet
from spaceseed.ui.kit.menu import PictureMenu
from spaceseed.ui.kit.storage import Storage
from spaceseed.ui.kit.tabs import follow_address
from spaceseed.ui.search.tab import SearchTab
from spaceseed.ui.shell.entry import enter, show_opening
from spaceseed.ui.shell.switching import Switching, values_for_new_page
from spaceseed.ui.state.handles import BreedTab
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.saved import Saved, save
from spaceseed.ui.state.session import Session
from spaceseed.ui.steer.tab import SteerTab


@dataclass(frozen=True)
class Visit:
    """Where a visit is kept.

    Attributes:
        session: holds a `Session`.
        basket: a number that changes with the finds.
        finds: what the browser keeps of the basket.
    """

    session: gr.State
    basket: gr.State
    finds: Storage


def join_opening(
    networks: Networks,
    demo: gr.Blocks,
    visit: Visit,
    menu: PictureMenu,
    tabs: gr.Tabs,
    switching: Switching,
    breed: BreedTab,
    search: SearchTab,
    steer: SteerTab,
) -> None:
    """Joins the events that open a page, and those after which the browser keeps what it shows.

    Args:
        networks: draw.
        demo: the app.
        visit: where the visit is kept.
        menu: shows what a share link names.
        tabs: to turn to the one in the page's address.
        switching: loads the model that a link, or the page before, needs.
        breed, search, steer: what they show is kept.
    """
    page, address = Storage("spaceseed-visit", shared=False), gr.Textbox(visible="hidden", elem_id="address")
    # A visitor may have turned to another tab already: only the address turns the page for them.
    first, *others = (str(tab.id) for tab in tabs.children if isinstance(tab, gr.Tab))

    def open_page(visitor: Session, finds: list[str], texts: list[str], tab: str, request: gr.Request) -> list[Any]:
        enter(networks, visitor, finds, Saved.read(texts), dict(request.query_params))
        turned = gr.Tabs(selected=tab) if tab in others else gr.skip()
        return [*values_for_new_page(networks, visitor), visitor.basket.changed(), turned, first_page(visitor)]

    def first_page(visitor: Session) -> Any:
        """Returns the first images, unless they take long; the events below draw them then."""
        generator = networks.generator(visitor.model)
        if visitor.link is not None or is_slow(generator):
            return gr.skip()
        return list(paint(generator, visitor))[-1]

    def show_linked(trigger: Callable[..., Any]) -> Any:
        return trigger(partial(show_opening, networks), visit.session, menu, **quiet())

    opened = demo.load(
        open_page,
        [visit.session, visit.finds, page, address],
        [*switching.controls, visit.basket, tabs, breed.picker],
        js=f"(visitor) => [visitor, {visit.finds.reader}, {page.reader}, location.hash.slice(1)]",
        **quiet(lane="open", at_once=16),
    )
    opened.then(None, None, None, js=follow_address(first))
    show_linked(opened.success)
    drawn = switching.join(opened.then, switching.follow_link, [])
    show_linked(drawn.then)
    search.show(drawn.then)
    for changed in (breed.picker.change, breed.picker.mark, search.top.change, steer.changed):
        changed(save, [visit.session, breed.picker], page, **quiet(trigger="always_last"))

"""Joins the bar and the tabs into one app."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from spaceseed.devices import is_zero_gpu
from spaceseed.errors import DownloadError
from spaceseed.ui.api.app import MISTAKES, App
from spaceseed.ui.api.endpoints import create_api, offers_mcp
from spaceseed.ui.avoid.tab import create_avoid_tab
from spaceseed.ui.breed.tab import create_breed_tab
from spaceseed.ui.dissect.tab import create_dissect_tab
from spaceseed.ui.finds.tab import BASKET_TABS, create_finds_tab, turn_to
from spaceseed.ui.kit.events import quiet
from spaceseed.ui.kit.menu import PictureMenu
from spaceseed.ui.kit.space import is_space
from spaceseed.ui.kit.storage import Storage
from spaceseed.ui.kit.stream import HEAD
from spaceseed.ui.kit.tabs import note_tab, turn
from spaceseed.ui.photo.tab import create_photo_tab
from spaceseed.ui.search.stream import build_atlas
from spaceseed.ui.search.tab import create_search_tab
from spaceseed.ui.shell.model_bar import create_model_bar
from spaceseed.ui.shell.opening import Visit, join_opening
from spaceseed.ui.shell.picture_menu import join_picture_menu
from spaceseed.ui.shell.style import AVOID_CSS, CSS, DISSECT_CSS, KEYS, PHOTO_CSS, STEER_CSS, THEME
from spaceseed.ui.shell.switching import Switching
from spaceseed.ui.state.networks import BUNDLED, Networks
from spaceseed.ui.state.pages import close_page
from spaceseed.ui.state.session import Session
from spaceseed.ui.steer.tab import create_steer_tab

NOT_ZIPPED = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "text/css", "text/javascript", "application/octet-stream")

LAUNCH: dict[str, Any] = {
    "theme": THEME,
    "css_paths": [CSS, STEER_CSS, DISSECT_CSS, AVOID_CSS, PHOTO_CSS],
    "js": KEYS,
    "head": HEAD,
    "app_kwargs": {
        # The page alone: Gradio compresses scripts and styles itself, and the rest is compressed already.
        "middleware": [Middleware(GZipMiddleware, compresslevel=6, exclude_content_types=NOT_ZIPPED)],
        "exception_handlers": MISTAKES,
    },
    "ssr_mode": False,
    "mcp_server": offers_mcp(),
    "run_history": False,  # what visitors draw is theirs alone
    "max_file_size": "128mb",
    "state_session_capacity": 500,
    "footer_links": ["gradio"],
}


def build(model: str | None = None, judge: str | None = None) -> gr.Blocks:
    """Builds the app.

    Networks are loaded once and shared by all visitors, for nothing changes them. The bundled judge and its atlas are
    loaded in the background from now on, so that the first search need not wait; all else when it is asked for.

    Args:
        model: what `load` takes for the model that visitors meet first; `choose_default_model()` if None.
        judge: what `load_judge` takes, for every model; if None, `SPACESEED_JUDGE`, or else the bundled judge for the
            bundled model and a public one for all others.

    Returns:
        the app; launch it with the options in `LAUNCH`.
    """
    networks = Networks(model, judge)
    with App(title="spaceseed", delete_cache=(3600, 86400)) as demo:
        create_api(networks)
        bar = create_model_bar(networks)
        session = gr.State(Session.on(networks.generator(networks.default)))
        basket = gr.State(0)
        saved = Storage("spaceseed-finds", shared=True)
        menu = PictureMenu(elem_id="picture-menu")
        # Tabs are rendered before they are opened: else of several updates only the last arrives, and it may be a skip.
        with gr.Tabs() as tabs:
            with gr.Tab("Breed", id="breed", elem_id="tab-breed"):
                breed = create_breed_tab(networks, session, basket, bar.view)
            with gr.Tab("Search", id="search", elem_id="tab-search", render_children=True):
                search = create_search_tab(networks, session, basket, menu, breed, tabs)
            with gr.Tab("Photo", id="photo", elem_id="tab-photo", render_children=True):
                photo = create_photo_tab(networks, session, basket, breed, tabs)
            with gr.Tab("Steer", id="steer", elem_id="tab-steer", render_children=True) as steer_tab:
                steer = create_steer_tab(networks, session, basket, menu, breed, steer_tab)
            with gr.Tab("Dissect", id="dissect", elem_id="tab-dissect", render_children=True) as dissect_tab:
                dissect = create_dissect_tab(networks, session, basket, dissect_tab)
            with gr.Tab("Avoid", id="avoid", elem_id="tab-avoid", render_children=True) as avoid_tab:
                avoid = create_avoid_tab(networks, session, breed, [breed.avoid, search.avoid], tabs, avoid_tab)
            with gr.Tab("Found seeds", id="finds", elem_id="tab-finds", render_children=True):
                finds = create_finds_tab(networks, session, basket, saved, breed, tabs)

        if is_space():
            gr.DuplicateButton("Duplicate this Space", elem_id="duplicate")

        def draw_finds(trigger: Callable[..., Any]) -> None:
            steer.draw_shelf(finds.draw(trigger).then)

        draw_finds(basket.change)
        for empty in (finds.picker, *steer.shelves):
            turn(empty.begin, tabs, "breed")
        _join_tabs(networks, session, tabs, draw_finds)
        for steered in (finds.steer.click, photo.steer, dissect.steer):
            turn(steer.open(steered).success, tabs, "steer")
        join_picture_menu(networks, session, basket, menu, tabs, breed, steer)
        switching = Switching(networks, session, basket, bar, breed, search, photo, avoid)
        page = [breed.picker, *breed.view]
        chosen = switching.join(bar.choice.input, switching.choose, [bar.choice, *page])
        loaded = switching.join(finds.detail.load.click, switching.load_shown, page)
        asked = switching.join(steer.load.click, switching.load_shown, page)
        flawed = switching.join(avoid.flawed.click, switching.load_flawed, page)
        for shown in (chosen, flawed, loaded):
            steer.show(shown.then)
        steer.open(asked.success)
        for switched in (chosen, loaded, asked, flawed):
            avoid.follow(switched)
            photo.follow(switched)
            dissect.follow(switched)

        join_opening(networks, demo, Visit(session, basket, saved), menu, tabs, switching, breed, search, steer)
        demo.unload(leave)
        next(reversed(demo.fns.values())).api_visibility = "private"  # Gradio has no option for this
    threading.Thread(target=networks.look_for_hub, daemon=True).start()
    warm_up = threading.Thread(target=_warm_up, args=(networks,), daemon=True)
    # GPUs that are lent are given what is loaded in this thread before the app starts.
    warm_up.run() if is_zero_gpu() else warm_up.start()
    return demo.queue(max_size=50, default_concurrency_limit=2, api_open=False)


def leave(request: gr.Request) -> None:
    """Forgets the picture of a visitor whose page was closed."""
    close_page(request.session_hash)


def _join_tabs(
    networks: Networks, session: gr.State, tabs: gr.Tabs, draw_finds: Callable[[Callable[..., Any]], None]
) -> None:
    """Joins what happens when a tab is opened."""
    for tab in (tab for tab in tabs.children if isinstance(tab, gr.Tab)):
        tab.select(None, None, None, js=note_tab(str(tab.id)))
        turned = tab.select(partial(turn_to, str(tab.id)), session, None, **quiet(queue=False))
        if tab.id in BASKET_TABS:
            draw_finds(turned.then)
        if tab.id == "search":
            turned.then(partial(build_atlas, networks), session, None, **quiet())


def _warm_up(networks: Networks) -> None:
    """Loads the judge and the atlas of the first model if they are bundled."""
    if networks.judge_name(networks.default) != BUNDLED:
        return
    with suppress(DownloadError):  # whoever searches is told
        networks.atlases.atlas(networks.generator(networks.default), networks.judge(networks.default))

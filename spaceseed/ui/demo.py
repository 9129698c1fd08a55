"""Joins the tabs into one app."""

from functools import cache
from typing import TYPE_CHECKING, Any

import gradio as gr
import torch

from spaceseed.breed import Breeding
from spaceseed.models import zoo
from spaceseed.ui.breed_tab import EVENT, create_breed_tab
from spaceseed.ui.entry import enter
from spaceseed.ui.finds_tab import create_finds_tab
from spaceseed.ui.search_tab import create_search_tab
from spaceseed.ui.session import Session
from spaceseed.ui.style import CSS, THEME

if TYPE_CHECKING:
    from spaceseed.models.judge import Judge

HEADER = """
<header class="ss-header">
  <h1>spaceseed</h1>
  <p>Breed faces you like, or ask for one in words, and take the seeds home.</p>
</header>
"""

LAUNCH: dict[str, Any] = {
    "theme": THEME,
    "css_paths": [CSS],
    "ssr_mode": False,
    "run_history": False,  # what visitors draw is theirs alone
    "max_file_size": "128mb",
    "state_session_capacity": 500,
    "footer_links": ["gradio"],
}


def build(generator_name: str = "avatars", judge_name: str = "avatars") -> gr.Blocks:
    """Builds the app.

    The networks are loaded once and shared by all visitors, for nothing changes them. The judge is loaded after the
    first faces are on the first visitor's page.

    Args:
        generator_name: what `zoo.load` takes.
        judge_name: what `load_judge` takes.

    Returns:
        the app; launch it with the options in `LAUNCH`.
    """
    torch.set_num_threads(1)  # more than one wait for each other longer than these small networks take
    generator = zoo.load(generator_name)

    @cache
    def judge() -> "Judge":
        from spaceseed.models.judge import load_judge  # noqa: PLC0415 - open_clip takes seconds to import

        return load_judge(judge_name)

    with gr.Blocks(title="spaceseed", delete_cache=(3600, 86400)) as demo:
        gr.HTML(HEADER)
        session = gr.State(Session(Breeding(generator.z_dim, range(12))))
        basket = gr.State(0)
        # Outside the tabs: what lies in one is not there until it is opened. The secret hides nothing.
        saved = gr.BrowserState([], storage_key="spaceseed-finds", secret="spaceseed")  # noqa: S106
        with gr.Tabs() as tabs:
            with gr.Tab("Breed", id="breed"):
                breed = create_breed_tab(generator, session, basket)
            with gr.Tab("Search", id="search"):
                create_search_tab(generator, judge, session, basket, breed, tabs)
            with gr.Tab("Found seeds", id="finds"):
                create_finds_tab(generator, session, basket, saved, breed, tabs)

        def open_page(visitor: Session, saved: Any, request: gr.Request) -> list[Any]:
            truncation, tab = enter(generator, visitor, saved, dict(request.query_params))
            # A visitor may have turned to another tab already: only a link to a find turns the page for them.
            turned = gr.skip() if tab == "breed" else gr.Tabs(selected=tab)
            return [truncation, *breed.show(visitor, truncation), visitor.changed(), turned]

        def warm_up() -> None:
            judge()

        outputs = [breed.truncation, *breed.outputs, basket, tabs]
        opened = demo.load(open_page, [session, saved], outputs, **EVENT)
        opened.then(warm_up, show_progress="hidden", api_visibility="private", concurrency_limit=1)
    return demo.queue(max_size=30, default_concurrency_limit=2)

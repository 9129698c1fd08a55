"""The Search tab: a prompt becomes images while the visitor watches the score rise."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from spaceseed.evolution.finds import TOP
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.events import in_order, quiet
from spaceseed.ui.kit.files import press, served
from spaceseed.ui.kit.jobs import DownloadProgress, waiting_for
from spaceseed.ui.kit.messages import clear_errors, refusal, warn
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.kit.tasks import Ticket
from spaceseed.ui.kit.text import line
from spaceseed.ui.search.climb import Climb, Job, climb
from spaceseed.ui.search.controls import create_controls
from spaceseed.ui.search.results import create_results, draw
from spaceseed.ui.search.settings import SearchSettings, suited
from spaceseed.ui.state.basket import keep
from spaceseed.ui.state.examples import example_prompts
from spaceseed.ui.state.handles import BreedTab
from spaceseed.ui.state.marks import liked_latents
from spaceseed.ui.state.networks import Networks, noun
from spaceseed.ui.state.prompts import warn_of_unknown_words
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.view import View, default_truncation

QUICK, NOW = quiet(), quiet(queue=False)
# A visitor may search anew while a search of theirs runs: the old one sees that its ticket is taken, and ends.
AGAIN = quiet(trigger="multiple")
QUESTIONS = {
    "faces": "What should the face look like? Enter starts the search.",
    "images": "What should the image show? Enter starts the search.",
}
PLACEHOLDERS = {
    "faces": "a smiling woman with red hair, or pick one below",
    "images": "in a few words: colours, shapes, what is to be seen",
}


@dataclass(frozen=True)
class SearchTab:
    """What other parts of the app need of this tab.

    Attributes:
        fitted: the controls that differ between models; `values_for` fills them.
        avoid: a line that says when searches keep to a filter.
    """

    fitted: list[Any]
    avoid: gr.HTML


def values_for(generator: Generator) -> list[Any]:
    """Returns what a `SearchTab` shows in `fitted` for a model."""
    card = generator.card
    assert card is not None
    defaults = suited(generator)
    few = defaults["generations"] < SearchSettings.model_fields["generations"].default
    about = SearchSettings.model_fields["generations"].description or ""
    drawn = noun(card)
    return [
        gr.Textbox(label=QUESTIONS[drawn], placeholder=PLACEHOLDERS[drawn]),
        gr.Dataset(visible=drawn == "faces"),
        gr.Slider(value=default_truncation(card), visible=card.truncation is not None),
        gr.Slider(value=defaults["generations"], info=about + (" Few, for this model is slow." if few else "")),
        gr.Slider(value=defaults["warm_start"]),
    ]


def create_search_tab(
    networks: Networks, session: gr.State, basket: gr.State, breed: BreedTab, tabs: gr.Tabs
) -> SearchTab:
    """Lays out the tab and joins its events.

    Args:
        networks: draw the images and score them.
        session: holds a `Session`.
        basket: a number that changes with the finds.
        breed: the Breed tab, whose liked images a search can start from, and which takes finds to breed on.
        tabs: to turn to it.
    """
    drawn = noun(networks.cards[networks.default])
    with gr.Row(equal_height=True, elem_id="search-bar"):
        prompt = gr.Textbox(
            label=QUESTIONS[drawn],
            placeholder=PLACEHOLDERS[drawn],
            elem_id="search-prompt",
            scale=5,
            min_width=240,
        )
        go = gr.Button("Search", variant="primary", size="lg", min_width=100, elem_id="search-go")
        stop = gr.Button("Stop", variant="stop", size="lg", min_width=100, interactive=False, elem_id="search-stop")
        halt = gr.Button("Stopping...", size="lg", min_width=100, visible=False, elem_id="search-halt")
    chips = gr.Dataset(
        components=[gr.Textbox(visible=False)],
        samples=[[line] for line in example_prompts()],
        label="Example prompts",
        show_label=False,
        visible=drawn == "faces",
        elem_id="search-examples",
    )
    with gr.Accordion("Search settings", open=False, elem_id="search-settings"):
        controls = create_controls()
    avoid = line("", "search-avoid", visible=False)
    results = create_results()
    with gr.Row(elem_classes="ss-actions"):
        keep_best = gr.Button("Keep best", min_width=120, elem_id="search-keep-best")
        keep_all = gr.Button(f"Keep all {TOP}", min_width=120, elem_id="search-keep-all")
        send = gr.Button("Breed from these", min_width=120, elem_id="search-send")
        download = gr.Button("Download best (PNG)", min_width=120, elem_id="search-download")
        file = gr.DownloadButton(visible="hidden", elem_id="search-file")

    job, buttons = gr.State(), {"stop": stop, "halt": halt}
    told = {"status": results.status, **buttons}
    asked = {"job": job, **told}
    searched = results.outputs | buttons

    @clear_errors
    def check(visitor: Session, picked: Picked, text: str, *values: Any) -> list[Any]:
        seen, values = values[: len(breed.view)], values[len(breed.view) :]
        view = visitor.workspace.view.changed(networks.generator(visitor.model), seen)
        job = ask(visitor, view, picked, {"prompt": text} | controls.read(values))
        return in_order({"job": job, "status": {"text": "Getting ready..."}, **_stop_buttons(searching=True)}, asked)

    @clear_errors
    def run(visitor: Session, job: Job) -> Iterator[list[Any]]:
        yield from visitor.tasks.newest("search", (in_order(step, searched) for step in steps(networks, visitor, job)))

    given = [session, breed.picker, prompt, *breed.view, *controls.components]
    checked = list(asked.values())
    typed = gr.on([go.click, prompt.submit], check, given, checked, **AGAIN)
    picked = chips.click(lambda sample: sample[0], chips, prompt, **NOW).then(check, given, checked, **AGAIN)
    searches = [
        ready.success(run, [session, job], list(searched.values()), **quiet(lane="search", at_once=2))
        for ready in (typed, picked)
    ]

    for search in searches:
        search.failure(lambda: in_order(failed(), told), None, list(told.values()), **NOW)
    stop.click(ask_to_stop, session, [stop, halt], **NOW)
    halt.click(lambda: in_order(_stop_buttons(searching=False), buttons), None, [stop, halt], cancels=searches, **NOW)

    for button, count in ((keep_best, 1), (keep_all, TOP)):
        button.click(partial(keep_found, count), [session, results.climb], basket, **QUICK)
    sent = send.click(clear_errors(partial(send_to_breed, networks)), [session, results.climb], tabs, **QUICK)
    breed.draw(sent.success)
    written = download.click(clear_errors(lambda state: write_png(networks, state)), results.climb, file, **QUICK)
    written.success(None, None, None, js=press("search-file"))
    common = controls.common
    return SearchTab([prompt, chips, common["truncation"], common["generations"], common["warm_start"]], avoid)


def steps(networks: Networks, visitor: Session, job: Job) -> Iterator[dict[str, Any]]:
    """Loads the judge and searches.

    Yields:
        values for `Results.outputs` and the stop buttons, by name.
    """
    download = DownloadProgress("the judge")
    for judge in waiting_for(lambda: networks.judge(job.model, download), lambda: download.line):
        if job.ticket.stopped or visitor.ticket is not job.ticket:
            yield {"status": {"text": "Stopped at once."}, **_stop_buttons(searching=False)}
            return
        if isinstance(judge, str):
            yield {"status": {"text": judge}, **_stop_buttons(searching=True)}
            continue
        warn_of_unknown_words(judge, job.settings.prompt)
        for state in climb(networks.generator(job.model), judge, job, visitor):
            yield draw(state) | _stop_buttons(searching=not state.ended)


def failed() -> dict[str, Any]:
    """Returns what is shown when a search could not go on."""
    return {"status": {"text": "The search could not go on."}, **_stop_buttons(searching=False)}


def ask(visitor: Session, view: View, picked: Picked, values: dict[str, Any]) -> Job:
    """Checks what a visitor asks for. Only a search that can begin ends the search that runs.

    Raises:
        ValueError: what is wrong, in a sentence for the visitor.
    """
    settings = SearchSettings.parse(values)
    avoid = visitor.workspace.avoiding.searches_with(settings.space)
    liked = liked_latents(visitor, picked) if settings.from_liked else None
    if liked is not None and not len(liked):
        raise ValueError("Like some images in Breed first, or start from random seeds.")
    visitor.ticket = Ticket()
    return Job(visitor.model, view, settings, liked, visitor.ticket, avoid)


def ask_to_stop(visitor: Session) -> tuple[gr.Button, gr.Button]:
    """Asks the search that runs to end; until it does, a second button can cancel it at once."""
    if visitor.ticket is not None:
        visitor.ticket.stopped = True
    return gr.Button(visible=False), gr.Button(visible=True)


def keep_found(count: int, visitor: Session, state: Climb | None) -> int:
    """Puts the best finds into the basket."""
    return keep(visitor.basket, _found(state, count))


def send_to_breed(networks: Networks, visitor: Session, state: Climb | None) -> gr.Tabs:
    """Puts the finds on the breeding page and turns to it."""
    problem = visitor.workspace.breed_from(networks.generator(visitor.model), _found(state, TOP))
    if problem:
        warn(problem)
    return gr.Tabs(selected="breed")


def write_png(networks: Networks, state: Climb | None) -> str:
    """Writes the best find where the browser may fetch it; returns the path."""
    recipe = _found(state, 1)[0]
    generator = networks.generator_of(recipe)
    return served(f"spaceseed-{recipe.id}.png", lambda path: recipe.save(path, generator))


def _found(state: Climb | None, count: int) -> list[Recipe]:
    if state is None:
        raise refusal("Nothing is found yet: start a search first.")
    return state.recipes(count)


def _stop_buttons(searching: bool) -> dict[str, Any]:
    return {"stop": gr.Button(visible=True, interactive=searching), "halt": gr.Button(visible=False)}

"""The Search tab: a prompt becomes images while the visitor watches the score rise."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gradio as gr

from spaceseed.evolution.finds import TOP
from spaceseed.models.generators.generator import Generator
from spaceseed.ui.kit.events import in_order, quiet
from spaceseed.ui.kit.files import hold, press
from spaceseed.ui.kit.menu import PictureMenu
from spaceseed.ui.kit.messages import HintError, clear_errors
from spaceseed.ui.kit.picker import Picked, PickGallery
from spaceseed.ui.kit.tabs import to_top
from spaceseed.ui.kit.tasks import Ticket
from spaceseed.ui.kit.text import line
from spaceseed.ui.kit.uploads import read_upload
from spaceseed.ui.search.algorithms import CMAESSettings
from spaceseed.ui.search.bar import Bar, asking, create_bar, pressable
from spaceseed.ui.search.climb import Climb
from spaceseed.ui.search.controls import Controls, create_controls
from spaceseed.ui.search.job import Job
from spaceseed.ui.search.results import Results, best_first, chosen, create_results, create_status, show_found
from spaceseed.ui.search.settings import SearchSettings, suited
from spaceseed.ui.search.stream import failed, first_steps, steps
from spaceseed.ui.search.wall import breed_from_seeds, create_wall
from spaceseed.ui.state.basket import keep, png
from spaceseed.ui.state.examples import subject_of
from spaceseed.ui.state.handles import BreedTab, send_to_breed
from spaceseed.ui.state.marks import liked_latents
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.view import View, default_truncation

KEEP_ALL = f"Keep all {TOP}"
QUICK, NOW = quiet(), quiet(queue=False)
# A visitor may search anew while a search of theirs runs: the old one sees that its ticket is taken, and ends.
AGAIN = quiet(trigger="multiple")


@dataclass(frozen=True)
class SearchTab:
    """What other parts of the app need of this tab.

    Attributes:
        fitted: the controls that differ between models; `values_for` fills them.
        avoid: a line that says when searches keep to a filter.
        top: shows what was found.
        show: takes a trigger, and shows what was found before the page was loaded anew; returns what can be chained to.
    """

    fitted: list[Any]
    avoid: gr.HTML
    top: PickGallery
    show: Callable[[Callable[..., Any]], Any]


def values_for(generator: Generator) -> list[Any]:
    """Returns what a `SearchTab` shows in `fitted` for a model."""
    card = generator.card
    assert card is not None
    defaults = suited(generator)
    few = defaults["generations"] < SearchSettings.model_fields["generations"].default
    about = SearchSettings.model_fields["generations"].description or ""
    prompt, chips = asking(card)
    return [
        gr.Textbox(**prompt),
        gr.Dataset(**chips),
        gr.Slider(value=default_truncation(card), visible=card.truncation is not None),
        gr.Slider(value=defaults["generations"], info=about + (" Few, for this model is slow." if few else "")),
        gr.Slider(value=defaults["warm_start"]),
        gr.Slider(value=defaults["population"]),
    ]


def create_search_tab(
    networks: Networks, session: gr.State, basket: gr.State, menu: PictureMenu, breed: BreedTab, tabs: gr.Tabs
) -> SearchTab:
    """Lays out the tab and joins its events.

    Args:
        networks: draw the images and score them.
        session: holds a `Session`.
        basket: a number that changes with the finds.
        menu: of pictures; a search for more like one begins there.
        breed: the Breed tab, whose liked images a search can start from, and which takes finds to breed on.
        tabs: to turn to it.
    """
    first = networks.generator(networks.default)
    bar = create_bar(networks.cards[networks.default])
    with gr.Accordion("Search settings", open=False, elem_id="search-settings"):
        controls = create_controls(suited(first))
    avoid = line("", "search-avoid", visible=False)
    status = create_status()
    wall = create_wall()
    with gr.Row(elem_classes="ss-actions"):
        plant = gr.Button("Breed from these seeds", elem_id="search-plant")
    results = create_results(status)
    with gr.Row(elem_classes="ss-actions"):
        keep_best = gr.Button("Keep best", min_width=120, elem_id="search-keep-best")
        keep_all = gr.Button(KEEP_ALL, min_width=120, elem_id="search-keep-all")
        send = gr.Button("Breed from these finds", min_width=120, elem_id="search-send")
        download = gr.Button("Download best (PNG)", min_width=120, elem_id="search-download")
        file = gr.DownloadButton(visible="hidden", elem_id="search-file")

    begun = gr.State()
    alike = menu.more(
        clear_errors(partial(ask_for_more, networks)), [session, menu], [bar.prompt, bar.picture, tabs], **QUICK
    )
    to_top(alike)
    bar.picture.upload(hold, bar.picture, bar.picture, **NOW)
    _join_searches(networks, session, breed, bar, controls, wall, begun, results, alike)
    planted = plant.click(plant_seeds, [session, wall, begun], tabs, **QUICK)
    found = [session, results.top]
    keep_best.click(clear_errors(keep_the_best), session, basket, **QUICK)
    keep_all.click(clear_errors(keep_found), found, basket, **QUICK)
    results.top.mark(label_keep, results.top, keep_all, **NOW)
    sent = send.click(clear_errors(partial(breed_from, networks)), found, tabs, **QUICK)
    for turned in (planted, sent):
        to_top(turned)
        breed.draw(turned.success)
    written = download.click(clear_errors(partial(write_png, networks)), session, file, **QUICK)
    written.success(None, None, None, js=press("search-file"))
    common, population = controls.common, controls.own[CMAESSettings.title]["population"]
    fitted = [bar.prompt, bar.chips, common["truncation"], common["generations"], common["warm_start"], population]
    again = {"prompt": bar.prompt, "status": status, "best": results.best, "met": results.met, "top": results.top}

    def show(trigger: Callable[..., Any]) -> Any:
        def last(visitor: Session) -> list[Any]:
            return in_order(show_last(networks, visitor), again)

        return trigger(last, session, list(again.values()), **QUICK)

    return SearchTab(fitted, avoid, results.top, show)


def _join_searches(
    networks: Networks,
    session: gr.State,
    breed: BreedTab,
    bar: Bar,
    controls: Controls,
    wall: PickGallery,
    begun: gr.State,
    results: Results,
    alike: Any,
) -> None:
    """Joins the events that begin, stop and continue a search.

    `begun` holds the one whose seeds are on the wall; the event `alike` has filled the bar for another one.
    """
    job = gr.State()
    told = {"status": results.status, **bar.buttons}
    asked, resumed = {"job": job, **told}, {"begun": begun, **told}
    started = resumed | {"wall": wall, "unknown": bar.unknown}
    searched = results.outputs | bar.buttons

    @clear_errors
    def check(visitor: Session, picked: Picked, text: str, path: str | None, balance: Any, *values: Any) -> list[Any]:
        seen, values = values[: len(breed.view)], values[len(breed.view) :]
        view = visitor.workspace.view.changed(networks.generator(visitor.model), seen)
        job = ask(visitor, view, picked, {"prompt": text, "balance": balance} | controls.read(values), path)
        return in_order({"job": job, "status": {"text": "Getting ready..."}, **pressable(searching=True)}, asked)

    @clear_errors
    def start(visitor: Session, job: Job) -> Iterator[list[Any]]:
        shown = (in_order(step, started) for step in first_steps(networks, visitor, job))
        yield from visitor.tasks.newest("begin", shown)

    @clear_errors
    def run(visitor: Session, begun: Climb | None) -> Iterator[list[Any]]:
        yield from visitor.tasks.newest(
            "search", (in_order(step, searched) for step in steps(networks, visitor, begun))
        )

    @clear_errors
    def resume(visitor: Session, state: Climb | None) -> list[Any]:
        return in_order({"begun": go_on(visitor, state), **pressable(searching=True)}, resumed)

    given = [session, breed.picker, bar.prompt, bar.picture, bar.balance, *breed.view, *controls.components]
    typed = gr.on([bar.go.click, bar.prompt.submit], check, given, list(asked.values()), **AGAIN)
    chosen = bar.chips.click(lambda sample: sample[0], bar.chips, bar.prompt, **NOW)
    tried = wall.begin(clear_errors(partial(example_prompt, networks)), session, bar.prompt, **QUICK)
    filled = [event.success(check, given, list(asked.values()), **AGAIN) for event in (chosen, tried, alike)]
    begins = [
        ready.success(start, [session, job], list(started.values()), **quiet(lane="begin", at_once=16))
        for ready in (typed, *filled)
    ]
    resuming = bar.again.click(resume, [session, results.climb], list(resumed.values()), **AGAIN)
    searches = [
        ready.success(run, [session, begun], list(searched.values()), **quiet(lane="search", at_once=24))
        for ready in (*begins, resuming)
    ]
    for event in (*begins, *searches):
        event.failure(lambda: in_order(failed(), told), None, list(told.values()), **NOW)
    bar.stop.click(ask_to_stop, session, [bar.stop, bar.halt], **NOW)
    halted, outputs = [*begins, *searches], list(bar.buttons.values())
    bar.halt.click(lambda: in_order(pressable(searching=False), bar.buttons), None, outputs, cancels=halted, **NOW)


def ask(visitor: Session, view: View, picked: Picked, values: dict[str, Any], path: str | None = None) -> Job:
    """Checks what a visitor asks for. Only a search that can begin ends the search that runs.

    Args:
        visitor: who asks.
        view: how they see images.
        picked: what they marked in Breed.
        values: of the settings, by name.
        path: of a picture that images should be like.

    Raises:
        ValueError: what is wrong, in a sentence for the visitor.
    """
    settings = SearchSettings.parse(values | {"picture": path is not None})
    avoid = visitor.workspace.avoiding.searches_with(settings.space)
    liked = liked_latents(visitor, picked) if settings.from_liked else None
    if liked is not None and not len(liked):
        raise HintError("Like some images in Breed first, or start from the best seeds.")
    liked_space = visitor.breeding.page.space
    if liked is not None and settings.space == "z" != liked_space:
        raise ValueError('The images liked in Breed come from w: choose w or ws under "Where to look".')
    picture = None if path is None else read_upload(path)
    visitor.ticket = Ticket()
    view = visitor.workspace.repairing.searches(view)
    return Job(visitor.model, view, settings, visitor.ticket, liked, liked_space, avoid, picture)


def example_prompt(networks: Networks, visitor: Session) -> str:
    """Returns the first of the prompts that suit the model."""
    prompts = subject_of(networks.cards[visitor.model]).prompts
    if not prompts:
        raise HintError("There is no example for this model: type what you want to see.")
    return prompts[0]


def go_on(visitor: Session, state: Climb | None) -> Climb:
    """Lets a search that has ended go on; it ends the search that runs.

    Raises:
        ValueError: it cannot; the message is a sentence for the visitor.
    """
    if state is None or state.memory is None or not state.ended:
        raise ValueError("There is no search that could go on.")
    if state.job.model != visitor.model:
        raise ValueError("This search is of another model: choose that model again, or search anew.")
    visitor.ticket = Ticket()
    state.job = replace(state.job, ticket=visitor.ticket)
    return state


def ask_to_stop(visitor: Session) -> tuple[gr.Button, gr.Button]:
    """Asks the search that runs to end; until it does, a second button can cancel it at once."""
    if visitor.ticket is not None:
        visitor.ticket.stopped = True
    return gr.Button(visible=False), gr.Button(visible=True)


def keep_the_best(visitor: Session) -> int:
    """Puts the best find into the basket."""
    return keep(visitor.basket, best_first(visitor)[:1])


def keep_found(visitor: Session, picked: Picked) -> int:
    """Puts the finds that were chosen into the basket, or all when none is."""
    return keep(visitor.basket, chosen(visitor, picked))


def label_keep(picked: Picked) -> gr.Button:
    """Returns the button that keeps all finds, or those that are chosen."""
    return gr.Button(f"Keep {len(picked.marks)} chosen" if picked.marks else KEEP_ALL)


def breed_from(networks: Networks, visitor: Session, picked: Picked) -> gr.Tabs:
    """Takes the finds that were chosen, or all, to the breeding tab."""
    return send_to_breed(networks, visitor, chosen(visitor, picked))


def ask_for_more(networks: Networks, visitor: Session, find: str) -> tuple[str, str, gr.Tabs]:
    """Fills the bar with a picture that the page shows, and turns to it."""
    recipe = visitor.picture(find)
    return "", png(networks, visitor.basket, recipe), gr.Tabs(selected="search")


@clear_errors
def plant_seeds(visitor: Session, picked: Picked, state: Climb | None) -> gr.Tabs:
    """Puts the seeds chosen on the wall on the breeding page and turns to it."""
    if state is None:
        raise HintError("There are no seeds yet: start a search first.")
    if state.job.model != visitor.model:
        raise ValueError("These seeds are of another model: choose that model again, or search anew.")
    seeds = state.wall.chosen(picked)
    if not seeds:
        raise HintError("Choose seeds first: click the images that you like.")
    breed_from_seeds(visitor, seeds)
    return gr.Tabs(selected="breed")


def write_png(networks: Networks, visitor: Session) -> str:
    """Returns the path of the best find's PNG."""
    return png(networks, visitor.basket, best_first(visitor)[0])


def show_last(networks: Networks, visitor: Session) -> dict[str, Any]:
    """Shows again what was found before the page was loaded anew."""
    if not visitor.found:
        return {}
    generator = networks.generator(visitor.found[0].model)
    paths = list(visitor.thumbnails.draw_each(generator, visitor.found))
    status = {"text": "This is what your last search found.", "share": 0}
    return {"prompt": visitor.prompt, "status": status, **show_found(visitor, paths, "the best", "last")}

"""The Found seeds tab: the visitor's basket, its downloads and uploads."""

import math
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from spaceseed.recipes.recipe import Recipe, RecipeError
from spaceseed.ui.finds.detail import WHOLE_LINK, FindDetail, create_find_detail, fill
from spaceseed.ui.finds.to_hub import create_to_hub
from spaceseed.ui.kit.cores import is_slow
from spaceseed.ui.kit.events import quiet
from spaceseed.ui.kit.files import press, served
from spaceseed.ui.kit.messages import HintError, clear_errors, inform, warn
from spaceseed.ui.kit.picker import Gallery, Picked, PickGallery, Tile
from spaceseed.ui.kit.space import has_sign_in
from spaceseed.ui.kit.storage import Storage
from spaceseed.ui.kit.tabs import to_top
from spaceseed.ui.state.basket import SUFFIXES, large_png, restore, to_browser, zip_file
from spaceseed.ui.state.examples import KEEP_ONE, example_finds, waiting
from spaceseed.ui.state.handles import BreedTab, send_to_breed
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.wishes import short

EMPTY = "Nothing here yet: keep what you like, or drop files of earlier finds below."
FULL = "Your browser has no room to keep more finds: download them, or they are gone when you leave."
EVENT = quiet(lane="finds", at_once=16)  # finds of a slow model take long to draw
BASKET_TABS = ("finds", "steer")  # those that show the basket
NAME = "finds-name"
SHOWN_PROBLEMS = 5
UPDATE_SECONDS = 0.2


@dataclass(frozen=True)
class FindsTab:
    """What other parts of the app need of this tab.

    Attributes:
        detail: the panel of one find; its button "Load its model" is joined in `switching`.
        picker: shows the basket.
        steer: the button that sends the find looked at to the Steer tab.
        draw: takes a trigger and draws the basket then; returns what more can be chained to.
    """

    detail: FindDetail
    picker: PickGallery
    steer: gr.Button
    draw: Callable[[Callable[..., Any]], Any]


def create_finds_tab(
    networks: Networks,
    session: gr.State,
    basket: gr.State,
    saved: Storage,
    breed: BreedTab,
    tabs: gr.Tabs,
) -> FindsTab:
    """Lays out the tab and joins its events.

    Args:
        networks: draw the finds.
        session: holds a `Session`.
        basket: a number that changes with the finds; whoever joins the tabs calls `draw` then.
        saved: what the browser keeps of the basket between visits.
        breed: where finds go to be bred.
        tabs: to turn to the breeding tab.
    """
    with gr.Row(elem_classes="ss-finds"):
        with gr.Column(scale=3, min_width=320):
            picker = PickGallery(
                value=Gallery(EMPTY, [], empty=waiting(KEEP_ONE)),
                ternary=False,
                marked="chosen",
                sign="✓",
                elem_id="finds-picker",
            )
            with gr.Row(elem_classes="ss-actions"):
                to_breed = gr.Button("Breed from these", variant="primary", elem_id="finds-breed")
                to_steer = gr.Button("Steer", elem_id="finds-steer")
                to_zip = gr.Button("Download ZIP", elem_id="finds-zip")
                remove = gr.Button("Remove", elem_id="finds-remove")
                undo = gr.Button("Undo remove", interactive=False, elem_id="finds-undo")
                made = gr.DownloadButton(visible="hidden", elem_id="finds-made-file")
            drop = gr.File(
                label="Drop finds here: PNG, JSON, NPZ or ZIP",
                file_count="multiple",
                file_types=[*SUFFIXES, ".zip"],
                height=140,
                elem_id="finds-drop",
            )
            if has_sign_in():
                create_to_hub(networks, session, picker)
            _create_examples(networks, session, basket)
        with gr.Column(scale=2, min_width=320):
            detail = create_find_detail()

    def on(trigger: Callable[..., Any], event: Callable[..., Any], inputs: list[Any], outputs: Any) -> Any:
        return trigger(clear_errors(partial(event, networks)), [session, *inputs], outputs, **EVENT)

    link: dict[str, Any] = {"fn": None, "inputs": detail.link, "outputs": detail.link, "js": WHOLE_LINK}
    basket.change(lambda visitor: to_browser(visitor.basket), session, saved, **EVENT)
    named = [detail.name, detail.owner]
    looked = on(picker.mark, look, [picker], named)
    on(looked.then, show_find, [], detail.outputs).then(**link)
    # While a visitor types, Gradio tells of keys alone; of what was pasted it tells when they leave the box.
    gr.on(
        [detail.name.input, detail.name.blur, detail.name.submit],
        clear_errors(partial(rename, networks)),
        [session, *named],
        basket,
        **quiet(trigger="always_last"),
    )
    on(remove.click, remove_chosen, [picker], [basket, undo])
    on(undo.click, bring_back, [], [basket, undo])
    saved.full(lambda: warn(FULL), None, None, **EVENT)
    for written in (on(to_zip.click, make_zip, [picker], made), on(detail.large.click, make_large, [], made)):
        written.success(None, None, None, js=press("finds-made-file"))
    turned = on(to_breed.click, breed_from, [picker], tabs)
    to_top(turned)
    breed.draw(turned.success)
    on(drop.upload, take_in, [drop], [drop, basket])

    def draw(trigger: Callable[..., Any]) -> Any:
        on(trigger, fill_name, [], named)
        on(trigger, show_find, [], detail.outputs).then(**link)
        return on(trigger, refresh, [picker], picker)

    return FindsTab(detail, picker, to_steer, draw)


def turn_to(tab: str, visitor: Session) -> None:
    """Notes which tab is open."""
    visitor.tab = tab


def refresh(networks: Networks, visitor: Session, picked: Picked) -> Iterator[Gallery]:
    """Draws the basket."""
    yield from visitor.tasks.newest("finds", galleries(networks, visitor, picked))


def show_find(networks: Networks, visitor: Session) -> Iterator[list[Any]]:
    """Shows the find that the visitor looks at."""
    yield from visitor.tasks.newest("find", fill(networks, visitor))


def fill_name(_: Networks, visitor: Session) -> list[Any]:
    """Returns the name and the id of the find that the visitor looks at, unless they are shown: they may be typing."""
    recipe, shown = visitor.basket.current, visitor.basket.shown
    name = recipe.name if recipe else ""
    update = visitor.refill(NAME, (shown, name), [name, shown])
    return update if isinstance(update, list) else [update, update]


def galleries(networks: Networks, visitor: Session, picked: Picked) -> Iterator[Gallery]:
    """Draws the basket; finds that were chosen and are still there stay chosen.

    Finds of slow models are drawn only as long as a tab is open that shows them: a basket of 200 may take minutes.

    Yields:
        the basket at once with the pictures that are there, and again as more are drawn.
    """
    missing: dict[str, str] = {}
    waiting: dict[str, list[Recipe]] = {}
    for recipe in visitor.basket.finds.values():
        if visitor.thumbnails.path_of(recipe.id) is not None:
            continue
        if networks.at_hand(recipe.model):
            waiting.setdefault(recipe.model, []).append(recipe)
        else:
            missing[recipe.id] = f"needs the model {networks.cards[recipe.model].title}"
    shown = -math.inf
    for model, recipes in waiting.items():
        if is_slow(networks.cards[model]) and visitor.tab not in BASKET_TABS:
            continue
        if time.monotonic() - shown > UPDATE_SECONDS:
            yield _gallery(visitor, picked, missing)
            shown = time.monotonic()
        missing |= {recipe.id: "does not fit its model" for recipe in recipes if not _fits(networks, recipe)}
        fitting = [recipe for recipe in recipes if recipe.id not in missing]
        for _ in visitor.thumbnails.draw_each(networks.generator(model), fitting) if fitting else ():
            if is_slow(networks.cards[model]) and visitor.tab not in BASKET_TABS:
                break
            if time.monotonic() - shown > UPDATE_SECONDS:
                yield _gallery(visitor, picked, missing)
                shown = time.monotonic()
    yield _gallery(visitor, picked, missing)


def _fits(networks: Networks, recipe: Recipe) -> bool:
    try:
        recipe.ws(networks.generator_of(recipe))
    except RecipeError:
        return False
    return True


def _gallery(visitor: Session, picked: Picked, missing: Mapping[str, str]) -> Gallery:
    tiles = [
        Tile(
            recipe.id,
            visitor.thumbnails.path_of(recipe.id),
            recipe.name or recipe.id,
            short(recipe.found),
            missing.get(recipe.id, ""),
            recipe.id,
        )
        for recipe in visitor.basket.finds.values()
    ]
    title = "Click a find to look at it and choose it" if tiles else EMPTY
    marks = {name: 1 for name in picked.marks if name in visitor.basket.finds}
    at = visitor.basket.place
    return Gallery(title, tiles, marks, at, key="finds", empty=None if tiles else waiting(KEEP_ONE))


def look(networks: Networks, visitor: Session, picked: Picked) -> list[Any]:
    """Looks at the find that was clicked last; returns its name at once, for the visitor may change it."""
    visitor.basket.shown = picked.at or visitor.basket.shown
    return fill_name(networks, visitor)


def rename(_: Networks, visitor: Session, name: str, owner: str) -> int | Any:
    """Renames the find whose name the visitor has changed; they may look at another one by now."""
    recipe = visitor.basket.finds.get(owner)
    if recipe is None or recipe.replace(name=name).name == recipe.name:
        return gr.skip()
    named = visitor.basket.finds[owner] = recipe.replace(name=name)
    if owner == visitor.basket.shown:
        visitor.boxes[NAME] = owner, named.name  # the box shows it already, with spaces that may not be the last
    return visitor.basket.changed()


def remove_chosen(_: Networks, visitor: Session, picked: Picked) -> tuple[int, gr.Button]:
    """Removes the finds chosen from the basket."""
    visitor.basket.remove(_some(chosen(visitor, picked)))
    return visitor.basket.changed(), gr.Button(interactive=True)


def bring_back(_: Networks, visitor: Session) -> tuple[int, gr.Button]:
    """Puts the finds that were removed last back."""
    count = visitor.basket.bring_back()
    inform(f"{count} brought back." if count else "They are here already.")
    return visitor.basket.changed(), gr.Button(interactive=False)


def make_zip(networks: Networks, visitor: Session, picked: Picked) -> str:
    """Packs the finds chosen, or all when none is."""
    if not visitor.basket.finds:
        raise HintError("There is nothing to download yet: keep some finds first.")
    return zip_file(networks, visitor.basket, chosen(visitor, picked) or list(visitor.basket.finds.values()))


def make_large(networks: Networks, visitor: Session) -> str | Any:
    """Writes the find that the visitor looks at as a large PNG."""
    recipe = visitor.basket.current
    return gr.skip() if recipe is None else large_png(networks, recipe)


def breed_from(networks: Networks, visitor: Session, picked: Picked) -> gr.Tabs:
    """Takes the finds chosen to the breeding tab."""
    return send_to_breed(networks, visitor, _some(chosen(visitor, picked)))


def take_in(networks: Networks, visitor: Session, paths: list[str] | None) -> tuple[None, int]:
    """Restores the finds in files; a file that cannot be used does not keep out the others."""
    kept, problems = restore(networks, visitor.basket, paths or [])
    for problem in problems[:SHOWN_PROBLEMS]:
        warn(problem)
    if len(problems) > SHOWN_PROBLEMS:
        warn(f"{len(problems) - SHOWN_PROBLEMS} more files could not be used either.")
    if kept or not problems:
        inform(f"{kept} restored." if kept else "These finds are in the basket already.")
    return None, visitor.basket.changed()


def chosen(visitor: Session, picked: Picked) -> list[Recipe]:
    """Returns the finds that are marked, in the basket's order."""
    return [recipe for name, recipe in visitor.basket.finds.items() if name in picked.marks]


def _create_examples(networks: Networks, session: gr.State, basket: gr.State) -> None:
    paths = {path.stem: path for path in example_finds()}
    if not paths:
        return
    tiles = [
        Tile(stem, served(path.name, partial(shutil.copyfile, path)), Recipe.open(path).name)
        for stem, path in paths.items()
    ]
    examples = PickGallery(
        value=Gallery("Or take one of these along", tiles), ternary=False, marked="taken", sign="✓",
        elem_id="finds-examples",
    )  # fmt: skip

    def take_example(visitor: Session, picked: Picked) -> int | Any:
        if picked.at not in paths or picked.at not in picked.marks:
            return gr.skip()
        return take_in(networks, visitor, [str(paths[picked.at])])[1]

    examples.mark(take_example, [session, examples], basket, **EVENT)


def _some(recipes: list[Recipe]) -> list[Recipe]:
    if not recipes:
        raise HintError("Choose some finds first: click them.")
    return recipes

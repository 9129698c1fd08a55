"""The Photo tab: a visitor's own picture is framed and found in latent space, to go on with."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from threading import BoundedSemaphore
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.events import in_order, quiet
from spaceseed.ui.kit.files import forget
from spaceseed.ui.kit.messages import HintError, clear_errors, warn
from spaceseed.ui.kit.numbers import number
from spaceseed.ui.kit.painter import Canvas
from spaceseed.ui.kit.pictures import jpeg
from spaceseed.ui.kit.tabs import to_top
from spaceseed.ui.photo.job import ask, begin, has_no_w, needed, usual_steps
from spaceseed.ui.photo.stream import steps
from spaceseed.ui.photo.view import Panel, about_closeness
from spaceseed.ui.state.basket import keep
from spaceseed.ui.state.examples import subject_of
from spaceseed.ui.state.handles import BreedTab, send_to_breed
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.pages import note_page
from spaceseed.ui.state.photo import LIMITS, NO_FACE, Hand, Photo
from spaceseed.ui.state.session import Session

NOTHING = "Nothing is found yet: drop a picture first."
ONE_STYLE = "Breeding knows one style for all layers, so the face that it begins from may look a little different."
EVENT, NOW = quiet(lane="photo", at_once=24), quiet(queue=False)
# A visitor may look again while a search of theirs runs: the old one sees that its ticket is taken, and ends.
AGAIN = quiet(trigger="multiple")
# One framing at a time, and then one of wherever the slider is by then: they never pile up.
FOLLOW = quiet(queue=False, trigger="always_last")
WHOLE, PAINTED = 640, 320  # pixels of the longer side of the picture to paint over, and of what is told of that
FRAMINGS = 2  # of all visitors at a time
UNMOVED = [1, 0, 0, 0]  # what the sliders of `Hand` show at first


@dataclass(frozen=True)
class PhotoTab:
    """What other parts of the app need of this tab.

    Attributes:
        steer: a trigger that fires when the find is to be opened in Steer.
        fitted: the controls that differ between models; `values_for` fills them.
        follow: lets an event that may have changed the model be followed by framing the picture for the new one.
    """

    steer: Callable[..., Any]
    fitted: list[Any]
    follow: Callable[[Any], None]


def values_for(generator: Generator) -> list[Any]:
    """Returns what a `PhotoTab` shows in `fitted` for a model."""
    layered = generator.num_ws > 1 and not has_no_w(generator)
    return [gr.Slider(visible=layered), gr.Slider(value=usual_steps(generator))]


def create_photo_tab(
    networks: Networks, session: gr.State, basket: gr.State, breed: BreedTab, tabs: gr.Tabs
) -> PhotoTab:
    """Lays out the tab and joins its events.

    Args:
        networks: draw.
        session: holds a `Session`.
        basket: a number that changes with the finds.
        breed: the Breed tab, which takes a find to breed on.
        tabs: to turn to it.
    """
    panel = Panel.create(usual_steps(networks.generator(networks.default)))
    framed = {"framed": panel.framed, "told": panel.told}

    def on(trigger: Callable[..., Any], event: Callable[..., Any], inputs: list[Any], to: Any, **how: Any) -> Any:
        """Joins an event that takes the networks, the session and `inputs`."""
        return trigger(clear_errors(partial(event, networks)), [session, *inputs], to, **(EVENT | how))

    def frame(trigger: Callable[..., Any]) -> Any:
        return on(trigger, show_framed, [], list(framed.values()))

    _join_search(networks, session, panel, on)
    _join_hand(networks, session, panel, list(framed.values()))
    _join_painter(session, panel, frame, on)
    panel.closeness.change(about, panel.closeness, panel.closeness, **NOW)
    on(panel.keep.click, keep_it, [], basket)
    sent = on(panel.breed.click, breed_from, [], tabs)
    to_top(sent)
    breed.draw(sent.success)
    steered = on(panel.steer.click, send_to_steer, [], None)
    return PhotoTab(steered.success, [panel.closeness, panel.steps], lambda event: frame(event.then))


def _join_search(networks: Networks, session: gr.State, panel: Panel, on: Callable[..., Any]) -> None:
    """Joins the events that take a picture, look for it, and stop."""
    outputs = panel.outputs

    @clear_errors
    def look(visitor: Session, closeness: Any, count: Any) -> Iterator[list[Any]]:
        job = ask(networks.generator(visitor.model), visitor, closeness, count)
        shown = (in_order(step, outputs) for step in steps(networks, visitor, job, begin(visitor)))
        yield from visitor.tasks.newest("photo", shown)

    @clear_errors
    def take(visitor: Session, path: str | None, request: gr.Request) -> list[Any]:
        return take_in(networks, visitor, path, request.session_hash)

    opened = [panel.framed, panel.told, panel.framing, *panel.hand, panel.leaving_out, panel.painter]
    opened += [panel.found, panel.figures, panel.compare]
    taken = panel.place.upload(take, [session, panel.place], opened, **AGAIN)
    for ended in (taken.success, taken.failure):  # `then` does not follow a failure
        ended(lambda: None, None, panel.place, **NOW)
    given, shown = [session, panel.closeness, panel.steps], list(outputs.values())
    for trigger in (taken.success, panel.go.click):
        found = trigger(look, given, shown, **EVENT)
        found.failure(lambda visitor: in_order(failed(visitor), outputs), session, shown, **NOW)
        on(found.success, compare, [], panel.compare)
    panel.stop.click(ask_to_stop, session, panel.stop, **NOW)


def _join_hand(networks: Networks, session: gr.State, panel: Panel, framed: list[gr.HTML]) -> None:
    """Joins the events that move the picture in its frame."""
    turnstile = BoundedSemaphore(FRAMINGS)

    def move(visitor: Session, *values: Any) -> list[Any]:
        with turnstile:
            return move_to(networks, visitor, *values)

    gr.on(
        [trigger for slider in panel.hand for trigger in (slider.input, slider.release)],
        move,
        [session, *panel.hand],
        framed,
        **FOLLOW,
    )
    centred = panel.centre.click(lambda: UNMOVED, None, panel.hand, **NOW)
    centred.then(move, [session, *panel.hand], framed, **FOLLOW)


def _join_painter(
    session: gr.State, panel: Panel, frame: Callable[[Callable[..., Any]], Any], on: Callable[..., Any]
) -> None:
    """Joins the events that open the picture to be painted over, and take what was painted."""
    on(panel.leaving_out.expand, open_painter, [], panel.painter)
    painted = panel.painter.paint(clear_errors(paint), [session, panel.painter], None, **quiet(trigger="always_last"))
    frame(painted.success)


def take_in(networks: Networks, visitor: Session, path: str | None, page: str | None) -> list[Any]:
    """Reads a picture into memory, and deletes its file; a picture that cannot be used leaves the one before.

    Args:
        networks: draw.
        visitor: whose picture it is.
        path: of the file that was uploaded.
        page: Gradio's name of the visitor's page.
    """
    if path is None:
        raise HintError(NOTHING)
    try:
        photo = Photo.read(path)
    finally:
        forget(path)
    generator = networks.generator(visitor.model)
    shown = _framed(generator, photo)
    if visitor.photo is not None:
        visitor.photo.ticket.stopped = True
    visitor.photo = photo
    note_page(page, visitor)
    by_hand = gr.Accordion(open=True) if shown[1] == NO_FACE else gr.skip()
    return [*shown, by_hand, *UNMOVED, gr.Accordion(open=False), None, {}, [], None]


def show_framed(networks: Networks, visitor: Session) -> list[Any]:
    """Shows the picture as the visitor's model expects it; nothing if there is none."""
    if visitor.photo is None:
        return [{}, ""]
    return _framed(networks.generator(visitor.model), visitor.photo)


def move_to(networks: Networks, visitor: Session, *values: Any) -> list[Any]:
    """Moves the picture in its frame; past the queue, where no refusal is shown, the line says what is wrong."""
    if visitor.photo is None:
        return [{}, ""]
    try:
        moved = (number(value, *LIMITS[name], name.capitalize()) for name, value in zip(LIMITS, values, strict=True))
        visitor.photo.hand = Hand(*moved)
        return _framed(networks.generator(visitor.model), visitor.photo)
    except ValueError as error:
        return [gr.skip(), str(error)]


def open_painter(_: Networks, visitor: Session) -> Canvas:
    """Shows the whole picture, to be painted over."""
    picture = Image.fromarray(needed(visitor).pixels)
    picture.thumbnail((WHOLE, WHOLE))
    scale = PAINTED / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return Canvas(jpeg(np.asarray(picture)).url, width, height)


def paint(visitor: Session, over: NDArray[np.bool_] | None) -> None:
    """Leaves out what was painted over."""
    if visitor.photo is not None and over is not None:
        visitor.photo.paint(over)


def compare(_: Networks, visitor: Session) -> Any:
    """Shows the picture and what was found of it, one over the other."""
    photo = visitor.photo
    if photo is None or photo.picture is None or photo.wanted is None:
        return None
    wanted = photo.wanted.pixels
    with Image.open(io.BytesIO(photo.picture.data)) as found:
        sized = found.resize(wanted.shape[:2], Image.Resampling.NEAREST)  # the browser would make the larger one small
    return jpeg(wanted).url, jpeg(np.asarray(sized)).url


def ask_to_stop(visitor: Session) -> gr.Button:
    """Asks the search to end."""
    if visitor.photo is not None:
        visitor.photo.ticket.stopped = True
    return gr.Button(interactive=False)


def failed(visitor: Session) -> dict[str, Any]:
    """Returns what is shown when a search could not go on; nothing where it could not begin."""
    photo = visitor.photo
    if photo is None or not photo.ticket.taken or photo.ticket.stopped:
        return {}
    return {"status": {"text": "The search could not go on."}, "stop": gr.Button(interactive=False)}


def keep_it(_: Networks, visitor: Session) -> int:
    """Puts the best so far into the basket."""
    return keep(visitor.basket, [_found(visitor)])


def breed_from(networks: Networks, visitor: Session) -> gr.Tabs:
    """Takes the best so far to the breeding tab."""
    found = _found(visitor)
    turned = send_to_breed(networks, visitor, [found])
    if found.space == "ws":
        warn(ONE_STYLE)
    return turned


def send_to_steer(_: Networks, visitor: Session) -> None:
    """Makes the best so far what Steer opens next."""
    visitor.sent = _found(visitor)


def about(closeness: Any) -> gr.Slider:
    """Returns the slider with what its place means."""
    return gr.Slider(info=about_closeness(closeness))


def _found(visitor: Session) -> Recipe:
    if visitor.photo is None or visitor.photo.found is None:
        raise HintError(NOTHING)
    return visitor.photo.found


def _framed(generator: Generator, photo: Photo) -> list[Any]:
    """Returns the framed picture as the page shows it, and how it was framed."""
    shown = photo.framed(generator)
    outline = subject_of(generator.card).frame
    return [{"image": jpeg(shown.shown).url, "outline": outline}, shown.said]

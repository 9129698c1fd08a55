"""What happens when a visitor steers: events change the visitor's `Steering` and return what the panel shows then."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from spaceseed.directions.cache import bundled_methods, directions_of
from spaceseed.models.generators.generator import MAX_SEED, Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.cores import is_slow
from spaceseed.ui.kit.jobs import StoppedError, busy, idle
from spaceseed.ui.kit.messages import HintError, warn
from spaceseed.ui.kit.numbers import is_number
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.state.basket import keep
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.steering import LIMIT, Change, LayerRange, Steering
from spaceseed.ui.steer import knobs
from spaceseed.ui.steer.knobs import groups_of
from spaceseed.ui.steer.sets import MARKS, add_marks, classes_of, find_set, methods_of
from spaceseed.ui.steer.sight import eye, look_at_sliders
from spaceseed.ui.steer.view import AMOUNTS, UNCHANGED, Strip, draw, draw_strip
from spaceseed.untrusted import clean_text

# What an event shows: values by the names of `Panel.components`; what is not named stays as it is.
Shown = dict[str, Any]


def open_find(networks: Networks, visitor: Session, recipe: Recipe) -> Shown:
    """Opens a find of the present model.

    Raises:
        ValueError: it cannot be drawn; the message is for the visitor.
    """
    generator = networks.generator(visitor.model)
    recipe.ws(generator)  # refused before anything changes
    visitor.workspace.steering.open(recipe, classes_of(generator, visitor, recipe))
    return fill(networks, visitor)


def find_missing(networks: Networks, visitor: Session) -> Iterator[list[Any] | Any]:
    """Finds the directions of the method chosen, where they are not at hand.

    Yields:
        how far that is, and the button that stops it.
    """
    steering, generator = visitor.workspace.steering, networks.generator(visitor.model)
    if steering.work is None or steering.method in steering.sets:
        yield gr.skip()
        return
    classes = steering.classes
    try:
        for state in find_set(generator, visitor, steering.method, classes):
            if isinstance(state, str):
                yield busy(state)
            elif steering.classes is classes:
                steering.add(state.method, state)
        yield idle(UNCHANGED)
    except StoppedError:
        steering.method = next(iter(steering.sets), steering.method)
        steering.stale = True
        yield idle("Stopped: choose a method when you want directions.")


def fill_found(networks: Networks, visitor: Session) -> Shown:
    """Shows directions that have been found.

    They leave the picture, truncation and noise as they are, so these are not sent again: the visitor may be changing
    them by now.
    """
    if not visitor.workspace.steering.stale:
        return {}
    visitor.workspace.steering.stale = False
    return _found(networks.generator(visitor.model), visitor)


def fill(networks: Networks, visitor: Session) -> Shown:
    """Shows all of the find that is open.

    Drawing takes a while, in which the visitor may change something, and what they changed may be shown before this is.
    So it is drawn again until it shows the latest.
    """
    while True:
        generator, steering = networks.generator(visitor.model), visitor.workspace.steering
        if steering.method in ("", MARKS) and steering.method not in steering.sets:
            steering.method = methods_of(generator)[0]
        if steering.method in bundled_methods(generator) and steering.method not in steering.sets:
            steering.add(steering.method, directions_of(generator, steering.method))
        work, method = steering.work, steering.method
        pictures = {"before": _before(generator, visitor), **_preview(generator, visitor)}
        now = visitor.workspace.steering
        if now is steering and now.work is work and now.method == method:
            break
    steering.stale = False
    return {**pictures, **knobs.base_values(generator, steering), **_found(generator, visitor)}


def move(networks: Networks, visitor: Session, *values: Any) -> Shown:
    """Follows the slider that is not where it was, and selects its direction."""
    steering, generator = visitor.workspace.steering, networks.generator(visitor.model)
    if steering.work is None or steering.directions is None:
        return {}
    known, buttons = steering.now.amounts(steering.method), (steering.can_undo, steering.can_redo)
    moved = {
        i: min(max(float(value), -LIMIT), LIMIT)
        for i, value in enumerate(values[: len(steering.directions)])
        if is_number(value) and float(value) != known.get(i, 0)
    }
    if not moved:
        return {}
    try:
        for i, amount in moved.items():
            steering.move(i, amount, generator.num_ws)
    except ValueError as error:  # past the queue nothing else can be said
        return {"words": str(error)}
    last, shown = list(moved)[-1], _preview(generator, visitor, buttons)
    return shown if last == steering.selected else {**shown, "selected": last}


def set_truncation(networks: Networks, visitor: Session, value: Any) -> Shown:
    """Changes the truncation of the find."""
    steering = visitor.workspace.steering
    if steering.work is None or not is_number(value) or float(value) == steering.now.base.truncation:
        return {}
    buttons = steering.can_undo, steering.can_redo
    base = steering.now.base.replace(truncation=min(max(float(value), 0.0), 1.5))
    steering.turn_to(replace(steering.now, base=base), "truncation")
    return _preview(networks.generator(visitor.model), visitor, buttons)


def undo(networks: Networks, visitor: Session) -> Shown:
    """Takes the last step back."""
    visitor.workspace.steering.undo()
    return fill(networks, visitor)


def redo(networks: Networks, visitor: Session) -> Shown:
    """Takes the step again that was undone last."""
    visitor.workspace.steering.redo()
    return fill(networks, visitor)


def reset_all(networks: Networks, visitor: Session) -> Shown:
    """Puts all sliders, of all methods, to 0, and truncation and noise to where they were."""
    steering = visitor.workspace.steering
    if steering.now.steps or steering.now.base is not steering.opened.first.base:
        steering.turn_to(Change(steering.opened.first.base, ranges=steering.now.ranges), "reset")
    return fill(networks, visitor)


def choose_method(networks: Networks, visitor: Session, method: str, picked: Picked) -> Shown:
    """Shows the sliders of a method; directions that must be found first come later."""
    steering, generator = visitor.workspace.steering, networks.generator(visitor.model)
    if method not in methods_of(generator):
        raise ValueError("This model has no directions of that kind.")
    visitor.tasks.begin("directions")  # those of the method chosen before are not wanted any more
    try:
        if method == MARKS:
            steering.add(MARKS, add_marks(generator, visitor, picked, steering.sets.get(MARKS)))
        steering.method, steering.selected = method, 0
    except ValueError as error:
        warn(str(error))
    return fill(networks, visitor)


def choose_group(networks: Networks, visitor: Session, group: str | None) -> Shown:
    """Lets the sliders act on a named range of style layers."""
    generator = networks.generator(visitor.model)
    layers = groups_of(generator).get(str(group), range(generator.num_ws))
    return _set_range(networks, visitor, first=layers[0], last=layers[-1])


def choose_range(networks: Networks, visitor: Session, first: Any, last: Any) -> Shown:
    """Lets the sliders act on a range of style layers."""
    generator, end = networks.generator(visitor.model), networks.generator(visitor.model).num_ws - 1
    knobs.note_ends(visitor, first, last)
    if not all(is_number(value) and 0 <= value <= end for value in (first, last)):
        raise ValueError(f"The style layers of this model go from 0 to {end}.")
    if first > last:
        raise ValueError(f"The range of style layers runs backwards: {first} comes after {last}.")
    layer_range = visitor.workspace.steering.layer_range(generator.num_ws)
    if (layer_range.first, layer_range.last) == (first, last):
        return {}
    return _set_range(networks, visitor, first=int(first), last=int(last))


def choose_isolated(networks: Networks, visitor: Session, isolated: bool) -> Shown:
    """Lets each slider leave the other directions alone, or not."""
    return _set_range(networks, visitor, isolated=bool(isolated))


def _set_range(networks: Networks, visitor: Session, **fields: Any) -> Shown:
    steering, generator = visitor.workspace.steering, networks.generator(visitor.model)
    layer_range: LayerRange = replace(steering.layer_range(generator.num_ws), **fields)
    now = replace(steering.now, ranges={**steering.now.ranges, steering.method: layer_range})
    now.recipe(steering.sets)  # refused before anything changes
    steering.turn_to(now, "layers")
    return fill(networks, visitor)


def choose_noise(networks: Networks, visitor: Session, noise: str) -> Shown:
    """Changes the mode of the noise maps."""
    return _noise(networks, visitor, noise, 0 if noise == "random" else None)


def reseed(networks: Networks, visitor: Session) -> Shown:
    """Changes the random noise."""
    seed = visitor.workspace.steering.now.base.noise_seed
    return _noise(networks, visitor, "random", 0 if seed is None else (seed + 1) % (MAX_SEED + 1))


def _noise(networks: Networks, visitor: Session, noise: str, seed: int | None) -> Shown:
    generator = networks.generator(visitor.model)
    if not generator.noisy:
        raise ValueError("This model has no noise to choose.")
    steering = visitor.workspace.steering
    steering.turn_to(replace(steering.now, base=steering.now.base.replace(noise=noise, noise_seed=seed)), "noise")
    return fill(networks, visitor)


def rename(networks: Networks, visitor: Session, name: str) -> Shown:
    """Renames the direction selected, for the rest of the visit."""
    steering = visitor.workspace.steering
    knobs.note_name(visitor, name)
    name = clean_text(name or "", 60)
    if steering.directions is None or not name:
        raise HintError("Write a name first.")
    steering.rename(name)
    return fill(networks, visitor)


def look(visitor: Session, index: Any) -> str | Any:
    """Looks at one direction more closely; returns its name, if it is new."""
    steering = visitor.workspace.steering
    if steering.directions is None or not isinstance(index, int) or not 0 <= index < len(steering.directions):
        return gr.skip()
    steering.selected = index
    return knobs.name_value(visitor)


def auto_strip(networks: Networks, visitor: Session) -> Iterator[Strip]:
    """Draws the strip, where that does not take long."""
    slow = is_slow(networks.generator(visitor.model))
    yield from visitor.tasks.newest("strip", iter([[]]) if slow else _along(networks, visitor))


def fill_strip(networks: Networks, visitor: Session) -> Iterator[Strip]:
    """Draws the strip, picture by picture."""
    yield from visitor.tasks.newest("strip", _along(networks, visitor))


def _along(networks: Networks, visitor: Session) -> Iterator[Strip]:
    """Draws the find along the direction selected."""
    steering, generator = visitor.workspace.steering, networks.generator(visitor.model)
    if steering.work is None or steering.directions is None:
        yield []
        return
    index = min(steering.selected, len(steering.directions) - 1)
    drawn = draw_strip(generator, visitor, steering.strip(index, AMOUNTS, generator.num_ws))
    yield from drawn if is_slow(generator) else list(drawn)[-1:]


def say_what_is_seen(networks: Networks, visitor: Session) -> Shown:
    """Says of sliders that they change nothing that can be seen, where that is so."""
    generator = networks.generator(visitor.model)
    return knobs.slider_labels(generator, visitor) if look_at_sliders(generator, visitor) else {}


def show_more(networks: Networks, visitor: Session) -> Shown:
    """Shows all sliders, or the first few again."""
    steering = visitor.workspace.steering
    steering.more = not steering.more
    return knobs.slider_values(networks.generator(visitor.model), steering)


def keep_it(networks: Networks, visitor: Session) -> int:
    """Puts the find as it is now into the basket."""
    generator = networks.generator(visitor.model)
    return keep(visitor.basket, [visitor.workspace.steering.kept(eye(generator))])


def _before(generator: Generator, visitor: Session) -> dict[str, str]:
    """Returns the picture of the find as it was opened, which is drawn once."""
    steering = visitor.workspace.steering
    base = steering.opened.first.base
    if steering.drawn is None or steering.drawn[0] is not base:
        steering.drawn = base, draw(generator, base)
    return {"image": steering.drawn[1], "find": visitor.thumbnails.show(base)}


def _preview(generator: Generator, visitor: Session, buttons: tuple[bool, bool] | None = None) -> Shown:
    """Shows the find as it is now; the buttons, which take as long as a small picture, only where they change."""
    steering = visitor.workspace.steering
    visitor.tasks.begin("strip")  # what is being drawn of the find as it was
    untouched = not steering.now.steps and steering.now.base is steering.opened.first.base
    if untouched:
        picture = _before(generator, visitor)
    else:
        recipe = steering.recipe()
        picture = {"image": draw(generator, recipe), "find": recipe.id}
    active = steering.can_undo, steering.can_redo
    shown: Shown = {"after": picture, "words": _words(steering)}
    if active != buttons:
        shown |= {name: gr.Button(interactive=can) for name, can in zip(("undo", "redo"), active, strict=True)}
    return shown


def _words(steering: Steering) -> str:
    """Returns what the sliders say, in one line."""
    return " · ".join(steering.now.words(steering.sets)) or UNCHANGED


def _found(generator: Generator, visitor: Session) -> Shown:
    """Shows the directions of the find that is open."""
    steering = visitor.workspace.steering
    return {
        "words": _words(steering),
        "draw_strip": gr.Button(visible=is_slow(generator) and steering.directions is not None),
        **knobs.direction_values(generator, visitor),
    }

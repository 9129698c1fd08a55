"""The controls of steering: directions, where they act, truncation and noise; and what they show of a find."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from spaceseed.directions.sets import DirectionSet
from spaceseed.errors import ArgumentError
from spaceseed.mixing.styles import style_groups
from spaceseed.models.generators.generator import Generator
from spaceseed.ui.kit.controls import Slider
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.steering import LIMIT, Steering
from spaceseed.ui.state.view import TRUNCATION
from spaceseed.ui.steer.sets import ABOUT, MARKS, STEPS, TITLES, methods_of

FIRST, MOST = 8, 20
ALL = "all"
NOISES = [("As trained", "const"), ("Off", "none"), ("Random", "random")]
UNSEEN = ": no visible change"  # behind the name of a direction whose ends look like the find
# Directions that lean on each other more than this can be told to leave each other alone.
LEANING = 0.01
SLIDERS = [f"slider {i}" for i in range(MOST)]
FROM, TO, NAME = "steer-from", "steer-to", "steer-name"


@dataclass(frozen=True)
class Knobs:
    """The components.

    Attributes:
        method: a radio of methods.
        sliders: one a direction, those without one hidden.
        more: shows all sliders, or only the first few.
        stop: ends the finding of directions.
        group: a radio of named ranges of style layers.
        first, last: the range.
        isolated: each slider leaves the other directions alone.
        truncation: psi.
        noise: mode of the noise maps.
        reseed: draws other noise.
        selected: a menu of the directions.
        name: of the one chosen there.
    """

    method: gr.Radio
    sliders: list[gr.Slider]
    more: gr.Button
    stop: gr.Button
    group: gr.Radio
    first: gr.Number
    last: gr.Number
    isolated: gr.Checkbox
    truncation: gr.Slider
    noise: gr.Radio
    reseed: gr.Button
    selected: gr.Dropdown
    name: gr.Textbox

    @property
    def base(self) -> dict[str, Any]:
        """How the find is drawn, whatever the directions; `base_values` fills these."""
        return {"truncation": self.truncation, "noise": self.noise, "reseed": self.reseed}

    @property
    def directions(self) -> dict[str, Any]:
        """What depends on the directions; `direction_values` fills these."""
        return {
            "method": self.method,
            "more": self.more,
            "stop": self.stop,
            "group": self.group,
            "first": self.first,
            "last": self.last,
            "isolated": self.isolated,
            "selected": self.selected,
            "name": self.name,
            **dict(zip(SLIDERS, self.sliders, strict=True)),
        }


def create_selection() -> tuple[gr.Dropdown, gr.Textbox]:
    """Lays out what chooses and renames one direction."""
    with gr.Row():
        selected = gr.Dropdown([], label="One direction, 3 steps both ways", elem_id="steer-looked", min_width=140)
        name = gr.Textbox(
            label="Its name", placeholder="Press Enter to keep a new one", max_length=60, elem_id=NAME,
            min_width=140,
        )  # fmt: skip
    return selected, name


def create_knobs(selected: gr.Dropdown, name: gr.Textbox) -> Knobs:
    """Lays out the rest."""
    method = gr.Radio([(title, method) for method, title in TITLES.items()], label="Directions", elem_id="steer-method")
    with gr.Row(elem_classes="ss-knobs"):
        sliders: list[gr.Slider] = [
            Slider(
                -LIMIT, LIMIT, 0, step=0.1, label=f"Direction {i + 1}", visible="hidden", elem_id=f"steer-slider-{i}",
                min_width=120,
            )
            for i in range(MOST)
        ]  # fmt: skip
    with gr.Row(elem_classes="ss-actions"):
        more = gr.Button("More", size="sm", visible=False, elem_id="steer-more")
        stop = gr.Button("Stop", size="sm", variant="stop", visible=False, elem_id="steer-stop")
    isolated = gr.Checkbox(
        label="Leave the other named directions alone", info="Glasses without a beard, where faces often have both.",
        visible=False, elem_id="steer-apart",
    )  # fmt: skip
    with gr.Row():
        group = gr.Radio(
            [ALL, "coarse", "middle", "fine"], label="Where sliders act (style layers)", elem_id="steer-group", scale=5,
            min_width=320, info="Coarse ones draw pose and shape, fine ones colours and texture.",
        )  # fmt: skip
        first, last = (
            gr.Number(label=label, precision=0, elem_id=elem_id, min_width=60, scale=1)
            for label, elem_id in (("from", FROM), ("to", TO))
        )
    with gr.Row():
        truncation = Slider(
            0, 1.5, 1, step=0.05, label=TRUNCATION, buttons=[], elem_id="steer-truncation",
            info="At 0 all finds look the same.", min_width=240,
        )  # fmt: skip
        noise = gr.Radio(
            NOISES, label="Random detail (noise)", info="Single hairs and other small things.", elem_id="steer-noise",
            min_width=240,
        )  # fmt: skip
    reseed = gr.Button("Other random noise", size="sm", visible=False, elem_id="steer-reseed")
    return Knobs(method, sliders, more, stop, group, first, last, isolated, truncation, noise, reseed, selected, name)


def base_values(generator: Generator, steering: Steering) -> dict[str, Any]:
    """Returns what `Knobs.base` shows of the find that is open."""
    base, card, noisy = steering.now.base, generator.card, generator.noisy
    return {
        "truncation": gr.Slider(value=base.truncation, visible=card is None or card.truncation is not None),
        "noise": gr.Radio(value=base.noise, visible=noisy),
        "reseed": gr.Button(visible=noisy and base.noise == "random"),
    }


def direction_values(generator: Generator, visitor: Session) -> dict[str, Any]:
    """Returns what `Knobs.directions` shows of the find that is open."""
    steering = visitor.workspace.steering
    return {
        "method": gr.Radio(
            [(TITLES[method], method) for method in methods_of(generator)],
            value=steering.method,
            info=f"{ABOUT[steering.method]} {STEPS}",
        ),
        "stop": gr.Button(visible=False),
        **_layer_values(generator, visitor),
        "selected": _menu_of_directions(steering),
        "name": name_value(visitor),
        **slider_values(generator, steering),
    }


def name_value(visitor: Session) -> str | Any:
    """Returns the name of the direction selected, if it is new."""
    steering = visitor.workspace.steering
    names = steering.directions.names if steering.directions else ()
    name = names[min(steering.selected, len(names) - 1)] if names else ""
    return visitor.refill(NAME, (visitor.model, steering.method, steering.selected, name), name)


def note_name(visitor: Session, name: str) -> None:
    """Notes what the visitor has entered as the name of the direction selected."""
    steering = visitor.workspace.steering
    visitor.boxes[NAME] = visitor.model, steering.method, steering.selected, name


def note_ends(visitor: Session, first: Any, last: Any) -> None:
    """Notes what the visitor has entered as the range of style layers."""
    visitor.boxes[FROM], visitor.boxes[TO] = (visitor.model, first), (visitor.model, last)


def groups_of(generator: Generator) -> dict[str, range]:
    """Returns ranges of style layers by name; only all of them where there are too few for groups."""
    try:
        return {ALL: range(generator.num_ws)} | style_groups(generator)
    except ArgumentError:
        return {ALL: range(generator.num_ws)}


def _layer_values(generator: Generator, visitor: Session) -> dict[str, Any]:
    steering, several = visitor.workspace.steering, generator.num_ws > 1
    layer_range, groups = steering.layer_range(generator.num_ws), groups_of(generator)
    chosen = range(layer_range.first, layer_range.last + 1)
    group = next((name for name, layers in groups.items() if layers == chosen), None)

    def end(box: str, layer: int) -> Any:
        return visitor.refill(box, (visitor.model, layer), gr.Number(value=layer, visible=several))

    return {
        "group": gr.Radio(list(groups), value=group, visible=several),
        "first": end(FROM, layer_range.first),
        "last": end(TO, layer_range.last),
        "isolated": gr.Checkbox(value=layer_range.isolated, visible=_lean(steering)),
    }


def _menu_of_directions(steering: Steering) -> gr.Dropdown:
    directions = steering.directions
    names = directions.names if directions else ()
    sure = directions.confidences if directions and directions.confidences else (1.0,) * len(names)
    choices = [
        (f"{i + 1}. {name}" + (f", {share:.0%} sure" if share < 1 else ""), i)
        for i, (name, share) in enumerate(zip(names, sure, strict=True))
    ]
    at = min(steering.selected, len(names) - 1) if names else None
    return gr.Dropdown(choices, value=at)


def slider_labels(generator: Generator, visitor: Session) -> dict[str, Any]:
    """Returns the labels alone, which leave the sliders where the visitor has them by now."""
    labels = _labels(generator, visitor.workspace.steering)
    return {slider: gr.Slider(label=label) for slider, label in zip(SLIDERS, labels, strict=False)}


def _labels(generator: Generator, steering: Steering) -> list[str]:
    if steering.work is None or steering.directions is None:
        return []
    seen = steering.seen_of(generator.num_ws)
    return [name + ("" if seen.get(i, True) else UNSEEN) for i, name in enumerate(steering.directions.names[:MOST])]


def slider_values(generator: Generator, steering: Steering) -> dict[str, Any]:
    """Returns what the sliders show, and the button that shows more of them."""
    names = _labels(generator, steering)
    amounts = steering.now.amounts(steering.method)
    shown = len(names) if steering.more else max(FIRST, max(amounts, default=0) + 1)
    sliders = {
        slider: gr.Slider(
            label=names[i] if i < len(names) else f"Direction {i + 1}",
            value=amounts.get(i, 0),
            visible=True if i < min(shown, len(names)) else "hidden",
        )
        for i, slider in enumerate(SLIDERS)
    }
    return {"more": gr.Button("Fewer" if steering.more else "More", visible=len(names) > FIRST), **sliders}


def _lean(steering: Steering) -> bool:
    directions: DirectionSet | None = steering.directions
    if directions is None or steering.method == MARKS or len(directions) < 2:
        return False
    angles = directions.vectors @ directions.vectors.T
    return bool((angles - angles.diag().diag()).abs().max() > LEANING)

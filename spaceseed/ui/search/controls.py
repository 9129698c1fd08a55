"""The controls of a search, made from the fields of its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from spaceseed.ui.kit.controls import Slider
from spaceseed.ui.kit.events import quiet
from spaceseed.ui.search.algorithms import ALGORITHMS, choices, limits
from spaceseed.ui.search.settings import SearchSettings

# Settings that have places of their own.
ASKED = ("prompt", "picture", "balance", "algorithm")

Control = gr.Dropdown | gr.Number | gr.Radio | gr.Slider


@dataclass(frozen=True)
class Controls:
    """All controls.

    Attributes:
        common: those that every search has, by the name of the setting.
        own: those of each algorithm, by its title and the name of the setting.
    """

    common: dict[str, Control]
    own: dict[str, dict[str, Control]]

    @property
    def components(self) -> list[Control]:
        """In the order in which `read` takes their values."""
        return [*self.common.values(), *(control for group in self.own.values() for control in group.values())]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Returns values of `components` by name, as `SearchSettings.parse` takes them."""
        rest = iter(values)
        common = {name: next(rest) for name in self.common}
        return common | {title: {name: next(rest) for name in group} for title, group in self.own.items()}


def create_controls(suited: Mapping[str, int]) -> Controls:
    """Lays out the controls; those of an algorithm show only while it is chosen.

    Args:
        suited: values to begin with, by the name of the setting, where they are not the defaults.
    """
    first = next(iter(ALGORITHMS))
    labels = [(settings.label, title) for title, settings in ALGORITHMS.items()]
    algorithm = gr.Radio(
        labels, value=first, label="How to search (algorithm)", info=ALGORITHMS[first].about, elem_id="search-algorithm"
    )
    own, groups = {}, []
    for title, settings in ALGORITHMS.items():
        with gr.Group(visible=title == first) as group, gr.Row(elem_classes="ss-controls"):
            begin = suited if title == first else {}
            own[title] = _controls(settings, list(settings.model_fields), f"search-{title}", begin)
        groups.append(group)
    names = [name for name in SearchSettings.model_fields if name not in ASKED]
    with gr.Row(elem_classes="ss-controls"):
        common = _controls(SearchSettings, names, "search", suited)

    def show_own(chosen: str) -> list[Any]:
        about = ALGORITHMS[chosen].about if chosen in ALGORITHMS else ""
        return [gr.Radio(info=about), *(gr.Group(visible=title == chosen) for title in ALGORITHMS)]

    algorithm.change(show_own, algorithm, [algorithm, *groups], **quiet(queue=False))
    return Controls({"algorithm": algorithm} | common, own)


def create_balance() -> Control:
    """Lays out the slider between the words and the picture."""
    return _control(SearchSettings.model_fields["balance"], "search-balance")


def _controls(
    settings: type[BaseModel], names: Sequence[str], prefix: str, suited: Mapping[str, int]
) -> dict[str, Control]:
    controls = {name: _control(settings.model_fields[name], f"{prefix}-{name}") for name in names}
    for name, value in suited.items():
        if name in controls:
            controls[name].value = value
    return controls


def _control(field: FieldInfo, elem_id: str) -> Control:
    """Creates a menu, a slider, or a number field where the range is too wide for a slider."""
    shared: dict[str, Any] = {"label": field.title, "info": field.description}
    shared["elem_id"] = elem_id.lower().replace("_", "-").replace(" ", "-")
    if choices(field):
        return gr.Dropdown(list(choices(field)), value=field.default, **shared)
    low, high = limits(field)
    if high > 10_000:
        return gr.Number(value=field.default, **shared)
    return Slider(low, high, value=field.default, step=1 if field.annotation is int else 0.01, **shared)

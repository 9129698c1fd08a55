"""A grid of children: each has most of the find of its row, and some style layers of the find of its column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.files import linked
from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Crosses:
    """What Python gives a `MixGrid` to show.

    Attributes:
        rows, columns: the finds.
        pictures: of finds and children, by the recipes' ids, as far as they are drawn.
        children: rows of children, one a column.
    """

    rows: Sequence[Recipe]
    columns: Sequence[Recipe]
    pictures: Mapping[str, str | None]
    children: Sequence[Sequence[Recipe]]


class MixGrid(gr.HTML):
    """The grid; each picture has a menu.

    Args:
        empty: what stands there before the first grid.
        **options: of `gr.HTML`.
    """

    def __init__(self, *, empty: str = "", **options: Any) -> None:
        super().__init__(
            html_template=read(HERE / "template.html", EMPTY=empty),
            css_template=read(HERE / "style.css"),
            js_on_load=None,
            apply_default_css=False,
            **options,
        )

    def postprocess(self, value: Crosses | None) -> dict[str, Any] | None:  # type: ignore[override]
        if value is None:
            return None

        def shown(recipe: Recipe) -> dict[str, Any]:
            path = value.pictures.get(recipe.id)
            return {"name": recipe.name or recipe.id, "image": linked(path) if path else None, "find": recipe.id}

        rows = [
            shown(row) | {"cells": [shown(child) for child in children]}
            for row, children in zip(value.rows, value.children, strict=True)
        ]
        return {"columns": [shown(column) for column in value.columns], "rows": rows}

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": "nothing that is read"}

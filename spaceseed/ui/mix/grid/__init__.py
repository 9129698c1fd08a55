"""A grid of children: each has most of the find of its row, and some style layers of the find of its column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
        kept: ids of those that are in the basket.
    """

    rows: Sequence[Recipe]
    columns: Sequence[Recipe]
    pictures: Mapping[str, str | None]
    children: Sequence[Sequence[Recipe]]
    kept: frozenset[str] = field(default_factory=frozenset)


class MixGrid(gr.HTML):
    """The grid. Event `pick` follows a click on a child; the value is then its row and column.

    Args:
        empty: what stands there before the first grid.
        **options: of `gr.HTML`.
    """

    def __init__(self, *, empty: str = "", **options: Any) -> None:
        super().__init__(
            html_template=read(HERE / "template.html"),
            css_template=read(HERE / "style.css"),
            js_on_load=read(HERE / "script.js"),
            apply_default_css=False,
            empty=empty,
            **options,
        )

    def postprocess(self, value: Crosses | None) -> dict[str, Any] | None:  # type: ignore[override]
        if value is None:
            return None

        def shown(recipe: Recipe) -> dict[str, Any]:
            path = value.pictures.get(recipe.id)
            return {"name": recipe.name or recipe.id, "image": linked(path) if path else None}

        rows = [
            shown(row) | {"cells": [shown(child) | {"kept": child.id in value.kept} for child in children]}
            for row, children in zip(value.rows, value.children, strict=True)
        ]
        return {"columns": [shown(column) for column in value.columns], "rows": rows}

    def preprocess(self, payload: Any) -> tuple[int, int] | None:  # type: ignore[override]
        at = payload.get("at") if isinstance(payload, dict) else None
        if isinstance(at, list) and len(at) == 2 and all(type(number) is int and number >= 0 for number in at):
            return at[0], at[1]
        return None

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": "{'at': [row, column]}"}

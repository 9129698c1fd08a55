"""A grid of children: each has most of the find of its row, and some style layers of the find of its column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.pictures import linked

_TEMPLATE = """${(() => {
  const {columns = [], rows = []} = value || {};
  const escape = (text) => String(text).replace(/[&<>"'`]/g, (c) => '&#' + c.charCodeAt(0) + ';');
  const picture = ({image, name}) =>
    image ? '<img src="' + escape(image.url) + '" alt="" title="' + escape(name) + '">' : '<i></i>';
  const head = (find, scope) => '<th scope="' + scope + '">' + picture(find) +
    '<span>' + escape(find.name) + '</span></th>';
  const cell = (row, child, r, c) => '<td><button type="button" data-row="' + r + '" data-column="' + c + '"' +
    (child.image ? '' : ' disabled') + ' aria-pressed="' + Boolean(child.kept) + '" aria-label="Keep ' +
    escape(row.name) + ' with layers of ' + escape(columns[c].name) + '">' + picture(child) +
    (child.kept ? '<b aria-hidden="true">✓</b>' : '') + '</button></td>';
  if (!rows.length) return '<p>' + escape(empty) + '</p>';
  const hint = '<td class="hint">Click a child to keep it.</td>';
  return '<table style="--columns:' + (columns.length + 1) + '"><thead><tr>' + hint +
    columns.map((find) => head(find, 'col')).join('') + '</tr></thead><tbody>' +
    rows.map((row, r) => '<tr>' + head(row, 'row') +
      row.cells.map((child, c) => cell(row, child, r, c)).join('') + '</tr>').join('') + '</tbody></table>';
})()}"""

_CSS = """
p { color: var(--body-text-color-subdued); }
table { border-collapse: separate; border-spacing: 6px; table-layout: fixed; margin: 0;
        width: min(100%, calc(var(--columns) * 150px)); }
.hint { color: var(--body-text-color-subdued); font-size: 13px; line-height: 1.4; vertical-align: middle; }
th, td { padding: 0; border: 0; font-weight: 400; vertical-align: top; }
th span { display: block; overflow: hidden; color: var(--body-text-color-subdued); font-size: 12px; line-height: 18px;
          text-align: center; text-overflow: ellipsis; white-space: nowrap; }
th img { box-shadow: 0 0 0 2px var(--border-color-primary); }
img, i { display: block; width: 100%; aspect-ratio: 1; margin: 0; border-radius: 8px; object-fit: cover;
         background: var(--background-fill-secondary); }
button { position: relative; display: block; width: 100%; padding: 0; border: 0; border-radius: 8px; cursor: pointer;
         background: none; }
button:hover, button:focus-visible { outline: 3px solid var(--color-accent); outline-offset: 1px; }
button[aria-pressed="true"] { box-shadow: 0 0 0 3px var(--color-accent); }
b { position: absolute; top: 4px; right: 4px; width: 22px; height: 22px; border-radius: 50%; color: #fff;
    background: var(--primary-700); font-size: 13px; line-height: 22px; text-align: center; }
"""

_SCRIPT = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-row]');
  if (!button) return;
  props.value = {...props.value, at: [Number(button.dataset.row), Number(button.dataset.column)]};
  trigger('pick');
});
"""


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
            html_template=_TEMPLATE,
            css_template=_CSS,
            js_on_load=_SCRIPT,
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

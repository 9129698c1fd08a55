"""Rows of pictures to look at while they change: places keep their size, filled or empty."""

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr
import torch

from spaceseed.evolution.search import Find
from spaceseed.ui.kit.pictures import jpegs, linked

# gr.HTML escapes nothing, so the template does.
_TEMPLATE = """${(() => {
  const esc = text => String(text).replace(/[&<>"'`]/g, c => '&#' + c.charCodeAt(0) + ';');
  const faces = value || [], {title, places, columns} = GIVEN;
  return '<ul class="ss-faces" style="--ss-columns:' + columns + '" aria-label="' + esc(title) + '">' +
    Array.from({length: places}, (_, i) => faces[i]
      ? '<li><img src="' + esc(faces[i].image.url) + '" alt="' + esc(title) + ', ' + esc(faces[i].caption) + '">' +
        '<span>' + esc(faces[i].caption) + '</span></li>'
      : '<li class="ss-empty"><i></i><span>&nbsp;</span></li>').join('') + '</ul>';
})()}"""

_CSS = """
.ss-faces { list-style: none; margin: 0; padding: 0; display: grid; gap: 8px;
            grid-template-columns: repeat(var(--ss-columns), minmax(0, 1fr)); }
.ss-faces li { margin: 0; min-width: 0; }
.ss-faces img, .ss-faces i { display: block; width: 100%; aspect-ratio: 1; margin: 0; border-radius: var(--radius-lg);
                             object-fit: cover; background: var(--background-fill-secondary); }
.ss-faces i { border: 1px dashed var(--border-color-primary); box-sizing: border-box; }
.ss-faces span { display: block; text-align: center; white-space: nowrap; overflow: hidden; font-size: var(--text-sm);
                 line-height: 1.6; color: var(--body-text-color-subdued); font-variant-numeric: tabular-nums; }
"""


def faces(title: str, places: int, columns: int, elem_id: str) -> gr.HTML:
    """A grid with `places` for pictures; its value is what `captioned` returns."""
    # Written into the template: properties would be lost where the first update comes before a tab is rendered.
    given = json.dumps({"title": title, "places": places, "columns": columns})
    return gr.HTML(
        [],
        html_template=_TEMPLATE.replace("GIVEN", given),
        css_template=_CSS,
        js_on_load=None,
        apply_default_css=False,
        elem_id=elem_id,
    )


def captioned(finds: Sequence[Find], captions: Sequence[str]) -> list[dict[str, Any]]:
    """Finds with a caption each, as `faces` shows them."""
    if not finds:
        return []
    paths = jpegs(torch.stack([find.image for find in finds]))
    return [{"image": linked(path), "caption": caption} for path, caption in zip(paths, captions, strict=True)]

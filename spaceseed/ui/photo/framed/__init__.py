"""The visitor's picture in its frame, with an outline of what the model expects there."""

from pathlib import Path

import gradio as gr

from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent
# Ellipses of a frame 100 wide: x and y of the centre, and both radii. Of a face: the head, the eyes, the mouth.
OUTLINES = {
    "photograph": [[50, 53, 31, 41], [37.5, 47.2, 6, 3], [62.5, 47.2, 6, 3], [50, 75, 11, 4]],
    "drawing": [[50, 52, 29, 36], [38, 52, 5, 5], [62, 52, 5, 5], [50, 72.5, 8, 4]],
    "": [],
}


def framed(title: str, elem_id: str) -> gr.HTML:
    """Creates a place; its value is {"image": the `url` of a `Jpeg`, "outline": of which kind, or ""}."""
    return gr.HTML(
        {},
        html_template=read(HERE / "template.html", TITLE=title, OUTLINES=OUTLINES),
        js_on_load=None,
        apply_default_css=False,
        padding=False,
        elem_id=elem_id,
    )

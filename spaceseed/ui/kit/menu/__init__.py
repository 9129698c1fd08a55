"""The menu of a picture: the same for every picture on the page.

A picture has a menu if its element has the attribute `data-find`, whose value names it. The menu opens at the picture:
by a click (where a click does not mark it already), a long press, the right button, or Enter.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from spaceseed.ui.kit.files import linked
from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent
MAX_NAME = 64


@dataclass(frozen=True)
class Large:
    """A picture to show large, in front of the page.

    Attributes:
        find: names it.
        path: of the image file.
        title: a few words.
        about: a sentence, or "".
        link: the query part of a link to it, or "".
        copy: whether to copy the link.
        opens: whether to show it if the visitor has not opened it, or has closed it meanwhile.
    """

    find: str
    path: str
    title: str
    about: str = ""
    link: str = ""
    copy: bool = False
    opens: bool = False


class PictureMenu(gr.HTML):
    """The menu; its value as an input is the name of the picture on which it was opened last.

    Each entry is an event: `large`, `keep`, `breed`, `steer`, `dissect`, `more`, `bad`, `save` and `link`.

    Args:
        **options: of `gr.HTML`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            html_template=read(HERE / "template.html"),
            css_template=read(HERE / "style.css"),
            js_on_load=read(HERE / "script.js"),
            apply_default_css=False,
            **options,
        )

    def postprocess(self, value: Large | None) -> dict[str, Any] | None:  # type: ignore[override]
        if value is None:
            return None
        return {
            "find": value.find,
            "image": linked(value.path),
            "title": value.title,
            "about": value.about,
            "link": value.link,
            "copy": value.copy,
            "opens": value.opens,
        }

    def preprocess(self, payload: Any) -> str:
        find = payload.get("find") if isinstance(payload, dict) else None
        return find[:MAX_NAME] if isinstance(find, str) else ""

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": "{'find': name of a picture}"}

"""A gallery in which several pictures can be picked at once.

Marks are made in the browser, so they show at once and a busy server loses none; events read them when they are due.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from spaceseed.ui.kit.files import linked
from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent
MAX_TILES = 500
STRIP = 6


@dataclass(frozen=True)
class Tile:
    """One picture.

    Attributes:
        id: what marks refer to it by; must say which page it is of, lest a late mark hit the next page.
        path: of the image file; None while it is being drawn, or cannot be.
        caption: a few words under the picture.
        note: a word more, in the accent colour.
        missing: why there is no picture, in a few words; "" while it is being drawn.
        find: what the menu of the picture refers to it by; "" for a picture without a menu.
    """

    id: str
    path: str | None
    caption: str
    note: str = ""
    missing: str = ""
    find: str = ""


@dataclass(frozen=True)
class Gallery:
    """What Python gives a `PickGallery` to show.

    Attributes:
        title: of the page.
        tiles: the pictures.
        marks: id to 1 or -1.
        at: which tile the keyboard reaches first.
        key: names the page. Marks made in the browser outlive a new value with the same key, which may come while
            the visitor is marking already.
        empty: what to show where there are no pictures; None for nothing.
    """

    title: str
    tiles: Sequence[Tile]
    marks: Mapping[str, int] = field(default_factory=dict)
    at: int = 0
    key: str = ""
    empty: "Empty | None" = None


@dataclass(frozen=True)
class Empty:
    """What stands in an empty gallery, as large as the pictures that will be there.

    Attributes:
        strip: path of one image file that holds `STRIP` squares side by side; they are shown pale.
        count: how many squares to show.
        button: what the button in front of them says, which triggers the event `begin`; "" for no button.
    """

    strip: str
    count: int = STRIP
    button: str = ""


@dataclass(frozen=True)
class Picked:
    """What a `PickGallery` tells Python. It comes from the browser, so only form and number are sure.

    Attributes:
        marks: id to 1 or -1.
        at: id of the tile that was clicked or focused last, or None.
        key: of the page that was marked; "" if it has none.
    """

    marks: Mapping[str, int]
    at: str | None
    key: str = ""


class PickGallery(gr.HTML):
    """A gallery whose tiles are marked by clicks or keys: arrows move, Space marks, L likes, B marks bad.

    Enter opens the menu of a picture, and so does a small button on it. Event `mark` follows each change of marks, and
    event `begin` a press of the button of an empty gallery.

    Args:
        ternary: clicks lead from unmarked to liked (1) to bad (-1) and back; else from unmarked to marked and back.
        marked: the word for mark 1.
        sign: the character for mark 1; "#" for the number of the tile among the marked ones, in their order.
        menu_first: whether a click opens the menu, and the small button marks.
        none: what the page says while nothing has mark 1.
        waiting: how many empty boxes stand where the first pictures will appear.
        **options: of `gr.HTML`.
    """

    def __init__(
        self,
        *,
        ternary: bool = True,
        marked: str = "liked",
        sign: str = "♥",
        menu_first: bool = False,
        none: str = "",
        waiting: int = 0,
        **options: Any,
    ) -> None:
        words = {"MARKED": marked, "SIGN": sign, "MENU_FIRST": menu_first, "NONE": none, "WAITING": waiting}
        super().__init__(
            html_template=read(HERE / "template.html", TERNARY=ternary, STRIP=STRIP, **words),
            css_template=read(HERE / "style.css"),
            js_on_load=read(HERE / "script.js", TERNARY=ternary),
            apply_default_css=False,
            **options,
        )

    def postprocess(self, value: Gallery | None) -> dict[str, Any] | None:  # type: ignore[override]
        if value is None:
            return None
        tiles = [
            {
                "id": tile.id,
                "image": linked(tile.path) if tile.path else None,
                "caption": tile.caption,
                "note": tile.note,
                "missing": tile.missing,
                "find": tile.find,
            }
            for tile in value.tiles
        ]
        shown = {"title": value.title, "tiles": tiles, "marks": dict(value.marks), "at": value.at, "key": value.key}
        if value.empty is not None:
            shown["empty"] = {**vars(value.empty), "strip": linked(value.empty.strip)}
        return shown

    def preprocess(self, payload: Any) -> Picked:  # type: ignore[override]
        payload = payload if isinstance(payload, dict) else {}
        marks, tiles, at = payload.get("marks"), payload.get("tiles"), payload.get("at")
        marks = marks if isinstance(marks, dict) and len(marks) <= MAX_TILES else {}
        marks = {str(key): int(value) for key, value in marks.items() if value in (1, -1)}
        focused = None
        if isinstance(tiles, list) and isinstance(at, int) and 0 <= at < len(tiles) and isinstance(tiles[at], dict):
            focused = str(tiles[at].get("id"))
        return Picked(marks, focused, str(payload.get("key") or ""))

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": "{'marks': {id of a picture: 1 or -1}}"}

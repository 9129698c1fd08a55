"""The tab that is open: how events turn to one, and its name in the page's address.

By the address Back and Forward turn the tabs, and a reload stays.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from spaceseed.ui.kit.events import quiet
from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent


def turn(trigger: Callable[..., Any], tabs: gr.Tabs, tab: str) -> None:
    """Turns to a tab after a trigger."""
    to_top(trigger(lambda: gr.Tabs(selected=tab), None, tabs, **quiet(queue=False)))


def to_top(turned: Any) -> None:
    """Has the page show a tab from its beginning after an event that turned to it, perhaps from the end of a long one.

    It is an event without a function, for the script returns nothing that a function could take.
    """
    turned.success(None, None, None, js="() => scrollTo(0, 0)")


def note_tab(tab: str) -> str:
    """Returns the script to run when a tab was opened, for `js` of an event without a function."""
    return read(HERE / "note_tab.js", TAB=tab)


def follow_address(first: str) -> str:
    """Returns the script to run once, when the page has opened; `first` is the tab of an address that names none."""
    return read(HERE / "follow_address.js", FIRST=first)

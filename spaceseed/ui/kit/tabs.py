"""The tab that is open, in the page's address: so Back and Forward turn the tabs, and a reload stays."""

from pathlib import Path

from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent


def note_tab(tab: str) -> str:
    """Returns the script to run when a tab was opened, for `js` of an event without a function."""
    return read(HERE / "note_tab.js", TAB=tab)


def follow_address(first: str) -> str:
    """Returns the script to run once, when the page has opened; `first` is the tab of an address that names none."""
    return read(HERE / "follow_address.js", FIRST=first)

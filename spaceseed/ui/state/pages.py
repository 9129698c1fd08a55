"""The pages that are open: a visitor's picture goes with the page, though Gradio keeps their session for an hour."""

import weakref

from spaceseed.ui.state.session import Session

_pages: "weakref.WeakValueDictionary[str, Session]" = weakref.WeakValueDictionary()


def note_page(page: str | None, visitor: Session) -> None:
    """Notes whose page this is, by Gradio's name of it."""
    if page is not None:
        _pages[page] = visitor


def close_page(page: str | None) -> None:
    """Forgets the picture of the visitor whose page was closed, and ends the search for it."""
    visitor = _pages.pop(page or "", None)
    if visitor is not None and visitor.photo is not None:
        visitor.photo.ticket.stopped = True
        visitor.photo = None

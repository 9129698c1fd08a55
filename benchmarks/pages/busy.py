"""The page of the study `busy`."""

from benchmarks.report import Figures, table

TITLE = "Pictures on a busy machine"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    return f"{_sum(figures, 'dead')} of {_sum(figures, 'pictures'):,} pictures were broken"


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    return f"""
Do all pictures arrive when the machine is busy? {figures["visitors"]} visitors ask for the same pictures at the same
moment, while {figures["busy_processes"]} other processes keep {figures["cores"]} CPU cores busy. Chromium runs on the
same machine.

Of {_sum(figures, "pictures"):,} pictures on {figures["breed"]["pages"]} Breed pages and in
{figures["searches"]["pages"]} searches, {_sum(figures, "dead")} were broken.
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    rows = [
        (title, *(f"{figures[name][column]:,}" for column in ("pages", "spoiled", "pictures", "dead")))
        for title, name in (("searches of 100 images", "searches"), ("Breed pages", "breed"))
    ]
    return f"""
{table(("page", "number", "with a broken picture", "pictures", "broken"), rows)}
Requests to the app that failed: {figures["failed_requests"]}. Files that arrived with a wrong length:
{figures["short_files"]}. Lines about a wrong length in the server's log: {figures["wrong_length_in_log"]}.
"""


def _sum(figures: Figures, column: str) -> int:
    return int(figures["searches"][column] + figures["breed"][column])

"""The page of the study `search_latency`."""

import numpy as np

from benchmarks.report import Figures, table

TITLE = "From a wish to the first pictures"
NAMES = {"first": "the first picture", "wall": "the wall of 24 seeds", "end": "the end of the search"}


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    first = [row["first"] for row in figures["searches"][1:]]
    return f"{np.median(first):.0f} ms from Enter to the first picture ({figures['cores']} CPU cores)"


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    return f"""
How long does the Search tab take from the Enter key in the browser to pictures of what was asked? It was asked for
{len(figures["searches"])} wishes, one after another, on {figures["cores"]} CPU cores. Chromium ran there, too. The aim
was {figures["aim"]:,} ms to the first picture. The first search has a column of its own, because it also waits
for what is loaded when it is needed first. A search ends by itself when nothing gets better.
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    first, *others = figures["searches"]
    rows = [
        (
            words,
            f"{first[name]:,} ms",
            f"{np.median([row[name] for row in others]):,.0f} ms",
            f"{max(row[name] for row in others):,} ms",
        )
        for name, words in NAMES.items()
    ]
    return table(("from Enter to", "first search", "later searches, median", "later searches, slowest"), rows)

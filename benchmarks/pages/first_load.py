"""The page of the study `first_load`."""

import numpy as np

from benchmarks.report import Figures, table

TITLE = "From a link to the first faces"
KINDS = {
    "Document": "the page",
    "Script": "scripts",
    "Stylesheet": "styles",
    "Font": "fonts",
    "Image": "pictures",
}


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    return (
        f"{_median(figures, 'first'):,.0f} ms and {_kilobytes(figures):,.0f} kB to the first face "
        f"({figures['cores']} CPU cores)"
    )


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    aims, time, size = figures["aims"], _median(figures, "first"), _kilobytes(figures)
    return f"""
How long does a new visitor wait for faces, and how much is transferred until all are there? Chromium opened the page
{len(figures["visits"])} times, each time with an empty cache, on the same machine as the app, on {figures["cores"]} CPU
cores.

The aims were {aims["milliseconds"]:,} ms to the first face, which took {time:,.0f} ms
({_verdict(time, aims["milliseconds"])}), and {aims["kilobytes"]} kB, where {size:,.0f} kB were transferred in
{figures["requests"]} requests ({_verdict(size, aims["kilobytes"])}). Scripts, styles and fonts are Gradio's.
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    times = [
        (words, f"{_median(figures, name):,.0f} ms", *(f"{edge(_times(figures, name)):,} ms" for edge in (min, max)))
        for name, words in (("first", "the first face"), ("all", "all 12 faces"))
    ]
    known = [(words, figures["bytes"].get(kind, 0)) for kind, words in KINDS.items()]
    rest = sum(figures["bytes"].values()) - sum(size for _, size in known)
    sizes = [(words, f"{size / 1000:,.0f} kB") for words, size in [*known, ("events and the rest", rest)]]
    return table(("until", "median", "fastest", "slowest"), times) + "\n" + table(("transferred", "size"), sizes)


def _verdict(value: float, aim: float) -> str:
    return "met" if value <= aim else f"missed by {100 * (value / aim - 1):.0f}%"


def _times(figures: Figures, name: str) -> list[int]:
    return [visit[name] for visit in figures["visits"]]


def _median(figures: Figures, name: str) -> float:
    return float(np.median(_times(figures, name)))


def _kilobytes(figures: Figures) -> float:
    return float(sum(figures["bytes"].values()) / 1000)

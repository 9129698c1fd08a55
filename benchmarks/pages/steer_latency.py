"""The page of the study `steer_latency`."""

import numpy as np

from benchmarks.report import Figures, table

TITLE = "From the hand to the picture"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    slider, stroke = np.median(figures["moves"]), np.median(figures["strokes"])
    return f"slider {slider:.0f} ms, brush {stroke:.0f} ms ({figures['cores']} CPU cores)"


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    moves, strokes = figures["moves"], figures["strokes"]
    return f"""
How long does the Steer tab take from the slider's event in the browser to the new picture? The median of {len(moves)}
moves is {np.median(moves):.0f} ms. The slowest move took {max(moves):.0f} ms. The aim was {figures["aim"]} ms.

In the Dissect tab it is {np.median(strokes):.0f} ms from the end of a stroke to the new picture, the median of
{len(strokes)} strokes. The slowest took {max(strokes):.0f} ms.

The picture has 64 × 64 pixels and is drawn on {figures["cores"]} CPU cores. Chromium runs on the same machine.
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    moves, strokes = figures["moves"], figures["strokes"]
    drag = f"{figures['drag_pictures']} pictures, the last {figures['drag_lag']:.0f} ms after the end"
    rows = [
        ("a move, median", f"{np.median(moves):.0f} ms"),
        ("a move, 95th percentile", f"{np.percentile(moves, 95):.0f} ms"),
        ("a move, slowest", f"{max(moves):.0f} ms"),
        (f"moves within {figures['aim']} ms", _share(moves, figures["aim"])),
        ("a stroke, median", f"{np.median(strokes):.0f} ms"),
        ("a stroke, 95th percentile", f"{np.percentile(strokes, 95):.0f} ms"),
        ("a stroke, slowest", f"{max(strokes):.0f} ms"),
        (f"strokes within {figures['aim']} ms", _share(strokes, figures["aim"])),
        (f"a drag of {figures['drag_values']} values", drag),
    ]
    return table(("what", "figure"), rows)


def _share(times: list[float], aim: float) -> str:
    return f"{np.mean(np.array(times) <= aim):.0%} of {len(times)}"

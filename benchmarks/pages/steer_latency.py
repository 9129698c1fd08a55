"""The page of the study `steer_latency`."""

import numpy as np

from benchmarks.report import Figures, table

TITLE = "From a slider to the picture"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    return f"{np.median(figures['moves']):.0f} ms ({figures['cores']} CPU cores, browser included)"


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    moves = figures["moves"]
    return f"""
How long does the Steer tab take from the slider's event in the browser to the new picture? The median of {len(moves)}
moves is {np.median(moves):.0f} ms. The slowest move took {max(moves):.0f} ms. The aim was {figures["aim"]} ms.

The picture has 64 × 64 pixels and is drawn on {figures["cores"]} CPU cores. Chromium runs on the same machine.
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    moves = figures["moves"]
    drag = f"{figures['drag_pictures']} pictures, the last {figures['drag_lag']:.0f} ms after the end"
    rows = [
        ("a move, median", f"{np.median(moves):.0f} ms"),
        ("a move, 95th percentile", f"{np.percentile(moves, 95):.0f} ms"),
        ("a move, slowest", f"{max(moves):.0f} ms"),
        (f"moves within {figures['aim']} ms", f"{np.mean(np.array(moves) <= figures['aim']):.0%} of {len(moves)}"),
        (f"a drag of {figures['drag_values']} values", drag),
    ]
    return table(("what", "figure"), rows)

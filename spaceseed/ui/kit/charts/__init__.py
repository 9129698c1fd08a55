"""The curve of a search, as SVG: quick to draw five times a second, and sharp at any width."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent
# A line has no more corners than its picture has pixels to show them.
MAX_POINTS = 300


def score_curve() -> gr.HTML:
    """Creates a figure of constant height for a curve; its value is what `plotted` returns."""
    return gr.HTML(
        plotted({"best": [], "mean": []}, 1),
        html_template=read(HERE / "template.html"),
        css_template=read(HERE / "style.css"),
        js_on_load=None,
        apply_default_css=False,
        elem_id="search-curve",
    )


def plotted(lines: Mapping[str, Sequence[float]], generations: int) -> dict[str, Any]:
    """Returns one or two lines, a point for each generation so far, as `score_curve` shows them.

    Args:
        lines: scores by the name of the line, all of one length. The second line is dashed.
        generations: how many there will be at most; the width stands for that many from the start.

    Returns:
        the lines, the axes, and a label that says what they show.
    """
    low, high = _range([score for scores in lines.values() for score in scores])
    done = max(map(len, lines.values()), default=0)
    label = "no scores yet"
    if done:
        named = ", ".join(f"{name} {scores[-1]:.3f}" for name, scores in lines.items())
        label = f"{named} after round {done} of {generations}"
    drawn = [
        {
            "name": name,
            "points": _points(scores, generations, low, high),
            "last": f"{scores[-1]:.3f}" if scores else "\u2013",
        }
        for name, scores in lines.items()
    ]
    return {"label": label, "low": f"{low:.2f}", "high": f"{high:.2f}", "generations": generations, "lines": drawn}


def _range(scores: Sequence[float]) -> tuple[float, float]:
    """Returns the ends of the axis, in steps of 0.05, so that they move seldom while the scores rise."""
    finite = [score for score in scores if np.isfinite(score)] or [0.0]
    low, high = np.floor(min(finite) / 0.05), np.ceil(max(finite) / 0.05)
    return 0.05 * float(low), 0.05 * float(max(high, low + 1))


def _points(scores: Sequence[float], generations: int, low: float, high: float) -> str:
    shown = np.unique(np.linspace(0, len(scores) - 1, min(len(scores), MAX_POINTS)).round().astype(int))
    width = max(generations - 1, 1)
    heights = np.nan_to_num(np.asarray(scores, dtype=float), neginf=low, posinf=high).clip(low, high)
    points = [(100 * i / width, 100 * (high - heights[i]) / (high - low)) for i in shown]
    if len(points) == 1:  # a line needs an end to be seen
        points.append((points[0][0] + 0.5, points[0][1]))
    return " ".join(f"{x:.2f},{y:.1f}" for x, y in points)

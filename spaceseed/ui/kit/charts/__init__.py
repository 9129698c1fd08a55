"""The curve of a search, as SVG: quick to draw five times a second, and sharp at any width."""

from collections.abc import Sequence

import gradio as gr
import numpy as np

# A line has no more corners than its picture has pixels to show them.
MAX_POINTS = 300

# Only numbers get into the markup, so it needs no escaping. Words stand beside the picture, which is stretched.
_CSS = """
.ss-curve { margin: 0; color: var(--body-text-color-subdued); font-size: var(--text-sm); }
.ss-curve figcaption, .ss-curve .ss-across { display: flex; justify-content: space-between; gap: 12px; }
.ss-curve .ss-best { color: var(--primary-600); }
.dark .ss-curve .ss-best { color: var(--primary-400); }
.ss-curve b { color: var(--body-text-color); font-variant-numeric: tabular-nums; }
.ss-plot { position: relative; height: 250px; margin: 4px 0 4px 40px; border: solid var(--border-color-primary);
           border-width: 1px 0; }
.ss-plot svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.ss-plot polyline { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round;
                    vector-effect: non-scaling-stroke; }
.ss-plot .ss-mean { stroke-dasharray: 4 4; }
.ss-plot span { position: absolute; left: -40px; font-variant-numeric: tabular-nums; }
.ss-plot .ss-top { top: -2px; } .ss-plot .ss-bottom { bottom: -2px; }
.ss-curve .ss-across { padding-left: 40px; }
"""


def score_curve() -> gr.HTML:
    """A place for a curve; its value is what `draw_curve` returns."""
    return gr.HTML(
        draw_curve([], [], 1), css_template=_CSS, js_on_load=None, apply_default_css=False, elem_id="search-curve"
    )


def draw_curve(best: Sequence[float], mean: Sequence[float], generations: int) -> str:
    """Draws the best and the mean score of each generation so far.

    Args:
        best: of all images up to each generation.
        mean: of the population, aligned with `best`.
        generations: how many there will be at most; the width stands for that many from the start.

    Returns:
        HTML: a figure of constant height, which says in its label what it shows.
    """
    low, high = _range([*best, *mean])
    said = "no scores yet"
    if best:
        said = f"best {best[-1]:.3f}, mean {mean[-1]:.3f} after generation {len(best)} of {generations}"
    lines = "".join(
        f'<polyline class="{name}" points="{_points(scores, generations, low, high)}"/>'
        for name, scores in (("ss-mean", mean), ("ss-best", best))
    )
    return f"""<figure class="ss-curve" role="img" aria-label="Score by generation: {said}">
<figcaption><span>Score</span><span><span class="ss-best">&#9473; best</span> <b>{_last(best)}</b></span>
<span>&#9476; mean <b>{_last(mean)}</b></span></figcaption>
<div class="ss-plot"><svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{lines}</svg>
<span class="ss-top">{high:.2f}</span><span class="ss-bottom">{low:.2f}</span></div>
<div class="ss-across"><span>1</span><span>generation</span><span>{generations}</span></div>
</figure>"""


def _range(scores: Sequence[float]) -> tuple[float, float]:
    """The axis: the scores' range in steps of 0.05, so that it moves seldom while they climb."""
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


def _last(scores: Sequence[float]) -> str:
    return f"{scores[-1]:.3f}" if scores else "&ndash;"

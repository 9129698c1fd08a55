"""The page of the study `cost`."""

from benchmarks.report import Figures, table

TITLE = "What a search costs"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    return f"at most {max(figures['share_outside_networks'].values()):.1%} of a search's time is outside the networks"


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    batch, speeds = list(figures["images_a_second"].items())[-1]
    shares = figures["share_outside_networks"].values()
    return f"""
One thread draws {speeds["synthesize"]:.0f} images of {figures["resolution"]} × {figures["resolution"]} pixels a
second in batches of {batch}. The judge's score adds {speeds["synthesize"] / speeds["score"]:.0%} to the time of
drawing. A search spends {min(shares):.1%} to {max(shares):.1%} of its time outside the two networks, depending on the
optimizer.
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    names = list(next(iter(figures["images_a_second"].values())))
    rows = []
    for batch, speeds in figures["images_a_second"].items():
        cells = [f"{speeds[name]:,.0f} ({speeds[name] / speeds['synthesize']:.1f}x)" for name in names]
        rows.append((batch, *cells))
    outside = [(name, f"{share:.1%}") for name, share in figures["share_outside_networks"].items()]
    return f"""
Images a second at {figures["resolution"]} pixels on one thread. In brackets: relative to `synthesize`.

{table(("batch", *names), rows)}
Share of a search's time outside the networks:

{table(("optimizer", "share"), outside)}"""

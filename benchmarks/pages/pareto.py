"""The page of the study `pareto`."""

from benchmarks.report import Figures, table, with_error

TITLE = "Fronts of two wishes"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    rows = _last(figures)
    (best, _), (peer, _) = rows["spaceseed"]["hypervolume"], rows["pymoo NSGA2"]["hypervolume"]
    return f"after {rows['spaceseed']['images']:,} images {best / peer:.2f} times the area of pymoo's front"


def text(figures: Figures) -> str:
    """Returns the paragraphs above the table."""
    pairs = "\n".join(f"- {one}; {other}" for one, other in figures["pairs"])
    return f"""
`ss.pareto` looks for the images that no other one beats in all objectives. Which search finds the better front of two
wishes that contradict each other? This project's NSGA-II and pymoo's search z with {figures["population"]} members and
the same number of images, for each pair of wishes with {figures["seeds"]} seeds:

{pairs}

- *Hypervolume*: the area, in units of 0.01 \u00d7 0.01, between the front of all images so far and the mean scores of
  random faces; mean and standard error.
- *Gain*: how much larger it is than that of the first row with as many images, on the same wishes and seeds.

pymoo runs its own operators: SBX with eta 15 and polynomial mutation with eta 20, z in [-3, 3].
"""


def tables(figures: Figures) -> str:
    """Returns the table."""
    cells = [
        (
            row["method"],
            f"{row['images']:,}",
            with_error(row["hypervolume"], ".1f"),
            "" if row["method"] == "spaceseed" else "{:+.1f} \u00b1 {:.1f}".format(*row["gain"]),
        )
        for row in figures["rows"]
    ]
    return table(("method", "images", "hypervolume", "gain"), cells)


def _last(figures: Figures) -> dict[str, Figures]:
    """Returns the rows with the most images."""
    return {row["method"]: row for row in figures["rows"]}

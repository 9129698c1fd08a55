"""The page of the study `trust`."""

from benchmarks.report import Figures, table

TITLE = "When a filter trusts itself"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    chance = _rows(figures, None)
    return (
        f"random marks: at most {max(row['ever'] for row in chance)} of {chance[0]['runs']} runs "
        f"({figures['significance']:.0%} allowed)"
    )


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    chance, right, wrong = (_rows(figures, share) for share in (None, 0.0, 0.1))
    few = min(row["dims"] for row in right)

    def pairs(rows: list[Figures], small: bool) -> str:
        counts = [row["median"] for row in rows if (row["dims"] == few) == small and row["median"] is not None]
        return f"{min(counts):.0f} to {max(counts):.0f}" if len(counts) > 1 else f"{counts[0]:.0f}"

    return f"""
A filter tests by itself whether its marks are enough to trust it. The test stays valid however often the visitor
looks at the filter.

- With random marks a filter should not trust itself. It did so at any moment of {figures["pairs"]} pairs of marks in
  {min(row["ever"] for row in chance)} to {max(row["ever"] for row in chance)} of {chance[0]["runs"]} runs;
  {figures["significance"]:.0%} are allowed.
- With marks that have a meaning it should trust itself soon. Here the bad latents lie beyond a plane. In {few}
  dimensions it took {pairs(right, True)} pairs (median over runs), and {pairs(wrong, True)} when a tenth of the marks
  was wrong. In {max(row["dims"] for row in right)} dimensions it took {pairs(right, False)}.
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    cells = [
        (
            str(row["dims"]),
            row["method"],
            "random" if row["wrong"] is None else f"{row['wrong']:.0%} wrong",
            f"{row['ever']} of {row['runs']}",
            "" if row["median"] is None else f"{row['median']:.0f}",
        )
        for row in figures["rows"]
    ]
    return f"""
The visitor adds one pair at a time, a bad and a good mark, up to {figures["pairs"]} pairs. *Ever trusted*: runs in
which the filter trusts itself at any moment. *Pairs until then*: median over runs; empty where fewer than half of the
runs got there.

{table(("dimensions", "method", "marks", "ever trusted", "pairs until then"), cells)}"""


def _rows(figures: Figures, wrong: float | None) -> list[Figures]:
    return [row for row in figures["rows"] if row["wrong"] == wrong]

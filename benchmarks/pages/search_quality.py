"""The page of the study `search_quality`."""

from benchmarks.report import Figures, table, with_error

TITLE = "Search"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    best, short = figures["best"], str(min(map(int, figures["budgets"])))
    rows = _rows(figures, short)
    return (
        f"after {short} images {rows[best]['confirmed'][0]:.0%} of what was asked is confirmed "
        f"(random seeds: {rows['random seeds']['confirmed'][0]:.0%})"
    )


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    seeds = ", ".join(f"{count} at {int(budget):,} images" for budget, count in figures["seeds"].items())
    return f"""
Which search finds what was asked, for the same number of images? Every method gets the same generator, judge,
truncation and number of images. The {len(figures["wishes"])} wishes ask for three or four attributes. No setting was
chosen on them. Seeds of each wish: {seeds}.

**{figures["best"]}** is what the app does by default, `ss.find`: it begins with the best seeds of the bundled atlas and
moves in w with CMA-ES. The peers search z through their own packages. The atlas alone draws nothing but its answer.

- *Lookups*: seeds of the atlas whose stored embeddings are compared before the first image is drawn. They cost a few
  milliseconds in all, but somebody has drawn these images once. *Without an atlas* shows what remains without them.
- *Score*: cosine of the best image and the wish; mean, and standard error over wishes.
- *Confirmed*: share of the attributes asked for that the bundled classifier sees in the best image. *Witness*: the
  same by a second classifier, of another architecture and seed, that was asked only for this table.
- *Wrong corner*: share of runs whose best image lacks an attribute.
- *{figures["best"]} is ahead by*: on the same wishes and seeds, with the standard error over wishes.
- *Spread*: mean distance among the best 8 images; 1 is that of random faces.

{_unmet(figures)}
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    best = figures["best"]
    header = (
        "method", "runs", "lookups", "score", f"{best} is ahead by", "confirmed", "ahead by", "witness",
        "wrong corner", "spread of the best 8",
    )  # fmt: skip
    found = ""
    for budget, rows in figures["budgets"].items():
        cells = [
            (
                f"**{row['method']}**" if row["method"] == best else row["method"],
                str(row["runs"]),
                f"{figures['lookups'][row['method']]:,}",
                with_error(row["score"], ".3f"),
                "" if row["method"] == best else "{:+.3f} \u00b1 {:.3f}".format(*row["ahead"]["score"]),
                f"{row['confirmed'][0]:.1%}",
                "" if row["method"] == best else "{:+.1%} \u00b1 {:.1%}".format(*row["ahead"]["confirmed"]),
                f"{row['witnessed'][0]:.1%}",
                f"{row['wrong_corner']:.0%}",
                f"{row['spread_of_top_8'][0]:.2f}",
            )
            for row in rows
        ]
        found += f"\n## {int(budget):,} images\n\n{table(header, cells)}"
    found += "\n## Over the evaluations\n\nScore / share confirmed, runs of the first seed.\n\n"
    counts = max((curve["evaluations"] for curve in figures["curves"].values()), key=len)
    lines = [
        (name, *(f"{score:.3f} / {seen:.0%}" for score, seen in zip(curve["score"], curve["confirmed"], strict=True)))
        for name, curve in figures["curves"].items()
    ]
    found += table(("method", *(f"{count:,}" for count in counts)), lines)
    return found + _refusing(figures["refusing"], best)


def _refusing(figures: Figures, best: str) -> str:
    """Returns the table of wishes that refuse something."""
    rows = [
        (
            f"**{row['method']}**" if row["method"] == best else row["method"],
            str(row["runs"]),
            f"{row['confirmed'][0]:.1%}",
            f"{row['witnessed'][0]:.1%}",
        )
        for row in figures["rows"]
    ]
    wishes = "\n".join(f"- {wish}" for wish in figures["wishes"])
    return f"""
## What is refused

{figures["evaluations"]:,} images for wishes that say what a face must not have. The peers compare images with the whole
text, as it was typed.

{wishes}

{table(("method", "runs", "confirmed", "witness"), rows)}"""


def _unmet(figures: Figures) -> str:
    """Returns what is said of wishes that nobody met."""
    wishes = figures["never_met"]
    if not wishes:
        return "Each wish was met by one method at least."
    return f"""No best image of any method has everything that {len(wishes)} of the wishes ask for:

""" + "\n".join(f"- {wish}" for wish in wishes)


def _rows(figures: Figures, budget: str) -> dict[str, Figures]:
    return {row["method"]: row for row in figures["budgets"][budget]}

"""The page of the study `search_settings`."""

from benchmarks.report import Figures, table, with_error

TITLE = "What pays in a search"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    rows, short = {row["change"]: row for row in figures["rows"]}, str(figures["budgets"][0])
    gain = rows["without the atlas"][short]["gain"]
    return f"without the atlas the best of {short} images scores {abs(gain[0]):.3f} {'less' if gain[0] < 0 else 'more'}"


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    short, long = (f"{budget:,}" for budget in figures["budgets"])
    return f"""
The default search of the app (`ss.find`) begins with the atlas's best seeds, moves in w with CMA-ES, and scores a wish
as a whole and phrase by phrase. Each row changes one thing of it. The {figures["wishes"]} wishes ask for three or four
attributes; the default was chosen on them, so its advantage here is too large. [Search](search_quality.md) compares it
with its peers on other wishes.

- *Score*: cosine of the best image and the wish, after {short} and after {long} images.
- *Gain*: how much higher the change scores than the default on the same wishes, with the standard error.
- *Confirmed*: share of the attributes asked for that the classifier sees in the best image.
"""


def tables(figures: Figures) -> str:
    """Returns the table."""
    budgets = [str(budget) for budget in figures["budgets"]]
    header = ["change"]
    for budget in budgets:
        header += [f"score, {int(budget):,}", "gain", "confirmed"]
    cells = []
    for row in figures["rows"]:
        line = [row["change"]]
        for budget in budgets:
            gain = "" if row is figures["rows"][0] else "{:+.3f} \u00b1 {:.3f}".format(*row[budget]["gain"])
            line += [with_error(row[budget]["score"], ".3f"), gain, f"{row[budget]['confirmed'][0]:.1%}"]
        cells.append(line)
    return table(header, cells)

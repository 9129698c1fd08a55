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
    short, long = (str(budget) for budget in figures["budgets"])
    rows = {row["change"]: row for row in figures["rows"]}
    default = rows["the default"]

    def gain(change: str, budget: str) -> str:
        return "{:+.3f} \u00b1 {:.3f}".format(*rows[change][budget]["gain"])

    def seen(change: str) -> str:
        return f"{rows[change][long]['confirmed'][0]:.0%}"

    return f"""
The default search of the app (`ss.find`) begins with the atlas's best seeds, moves in w with CMA-ES, and scores a wish
as a whole and phrase by phrase. Each row changes one thing of it. The {figures["wishes"]} wishes ask for three or four
attributes; the default was chosen on them, so its advantage here is too large. [Search](search_quality.md) compares it
with its peers on other wishes.

- What pays most is the atlas: without it {gain("without the atlas", short)} after {short} images, and
  {gain("without the atlas", long)} after {int(long):,}.
- In z the search is slower: {gain("in z", short)} after {short} images, {gain("in z", long)} after {int(long):,}.
- One w for each layer scores higher ({gain("one w for each layer", long)}), but less is confirmed
  ({seen("one w for each layer")} where the default has {default[long]["confirmed"][0]:.0%}): the judge is pleased, and
  the face has less of what was asked. It was not taken.
- Gradients through both networks are ahead by {gain("gradients after 250 images", long)}. But a step takes
  {figures["gradient_cost"]:.1f} times as long as an image, and generators without gradients could not be searched.
  They were not taken.
- The whole covariance, restarts, the genetic algorithm, larger and smaller populations, several phrasings of the wish
  and the terms for phrases and for natural vectors change the score by less than two standard errors or lower it.
  Restarts and phrasings were not taken. The term for phrases is what makes a search keep away from refused ones. The
  term for natural vectors keeps a search among those that random draws reach.
- Averaging over four augmentations of an image costs four looks of the judge, and scores lower:
  {gain("four augmentations", short)} after {short} images.

In the table:

- *Score*: cosine of the best image and the wish, after {int(short):,} and after {int(long):,} images.
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

"""The page of the study `search_quality`."""

from benchmarks.report import Figures, table, with_error

TITLE = "Search"
SHORT, LONG = "500", "2000"
PYMOO, SCIPY = "pymoo GA as in clip-glass", "scipy differential evolution"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    short = _rows(figures, SHORT)
    return (
        f"the best of {SHORT} images scores {short[figures['default']]['score'][0]:.3f} with {figures['default']}, "
        f"{short['random search']['score'][0]:.3f} with random search"
    )


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    short, long, default = _rows(figures, SHORT), _rows(figures, LONG), figures["default"]
    many = f"{int(LONG):,}"

    def ahead(row: Figures, sign: int = 1) -> str:
        return with_error((sign * row["best_is_ahead_by"][0], row["best_is_ahead_by"][1]), ".3f")

    def complete(row: Figures) -> str:
        return f"{row['everything_confirmed']:.0%}"

    in_w = [row["best_loses"] for name, row in long.items() if name.endswith(" in w")]
    share, runs = long[default]["everything_confirmed"], long[default]["runs"]
    gradients, chance, genetic = "Adam through the networks", "random search", long["genetic algorithm"]
    return f"""
Which method finds the best face for the same number of images? Every method gets the same generator, judge, truncation
and number of images.

The {len(figures["prompts"])} prompts ask for three or four attributes each. Each prompt matches between 3 and 62 of
the 5,000 held-out renders. The judge was examined on these prompts ([the judge](judge.md)), but it was not trained on
them, and no setting was chosen on them. Settings were chosen on eight other prompts, with earlier generators that
were trained for a shorter time. The study took 13 minutes on two cores.

{default} is the default of the app.

- It is ahead of random search: by {ahead(short[chance])} with {SHORT} images, and by {ahead(long[chance])} with {many}.
- It is ahead of gradients through both networks: by {ahead(short[gradients])} and by {ahead(long[gradients])}.
- With {many} images the genetic algorithm is ahead of it by {ahead(genetic, -1)}, on {genetic["best_loses"]} of
  {runs} prompts. But its best eight images are nearly one face: their spread is {genetic["spread_of_top_8"][0]:.2f},
  where 1 is that of random faces.
- With {many} images its difference from differential evolution, pymoo, scipy and SepCMA is within two standard
  errors. SepCMA is from the same package as our CMA-ES, used directly, and it starts at the centre of the space.
- In w all three methods reach higher scores, on {min(in_w)} to {max(in_w)} of {runs} prompts. But breeding needs a
  latent in z, so z stays the default.

A higher score means that the judge sees a clearer example. It does not mean that the image shows more of what was
asked. A mean over attributes also hides how often one attribute is missing. So the table has a column "all
confirmed": the share of runs in whose best image the classifier sees every attribute that was asked for.

- With {many} images it is {complete(long[PYMOO])} for pymoo and {complete(long[SCIPY])} for scipy,
  {complete(long[chance])} for random search, and {complete(long[default])} for the default. The last figure is
  {share * runs:.0f} runs of {runs}, with a standard error of about {(share * (1 - share) / runs) ** 0.5:.0%}.
- With {SHORT} images it is {complete(short[PYMOO])} and {complete(short[SCIPY])}, {complete(short[chance])}, and
  {complete(short[default])}. The default does not find later what it has not found by then.
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    default = figures["default"]
    header = (
        "method", "runs", "score", f"{default} is ahead by", "wins : losses", "confirmed", "all confirmed",
        "spread of the best 8", "spread of the seeds",
    )  # fmt: skip
    found = f"""
All methods search z unless their name says otherwise. CMA-ES, differential evolution, the genetic algorithm and their
variants begin with the best of {figures["warm_start"]} random seeds; these count as images.

- *Score*: cosine similarity of the judge. Mean and standard error over {len(figures["prompts"])} prompts and all
  seeds.
- *{default} is ahead by*: how much higher **{default}** scores on the same prompts and seeds.
- *Confirmed*: share of the attributes asked for that the classifier sees in the best image. *All confirmed*: share of
  runs in whose best image it sees all of them.
- *Spread*: mean distance among the best 8 images of a run, and among the best images of the seeds; 1 is that of
  random faces.
"""
    for budget, rows in figures["budgets"].items():
        cells = [
            (
                f"**{row['method']}**" if row["method"] == default else row["method"],
                str(row["runs"]),
                with_error(row["score"], ".3f"),
                "" if row["method"] == default else "{:+.3f} ± {:.3f}".format(*row["best_is_ahead_by"]),
                "" if row["method"] == default else f"{row['best_wins']} : {row['best_loses']}",
                f"{row['confirmed'][0]:.0%}",
                f"{row['everything_confirmed']:.0%}",
                f"{row['spread_of_top_8'][0]:.2f}",
                f"{row['spread_among_seeds'][0]:.2f}" if row["spread_among_seeds"] else "",
            )
            for row in rows
        ]
        found += f"\n## {int(budget):,} images\n\n{table(header, cells)}"
    return found


def _rows(figures: Figures, budget: str) -> dict[str, Figures]:
    return {row["method"]: row for row in figures["budgets"][budget]}

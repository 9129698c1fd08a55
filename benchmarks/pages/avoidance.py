"""The page of the study `avoidance`."""

from benchmarks.report import Figures, table

TITLE = "Avoiding broken faces"
COMMON = ("broken", "Frechet distance", "precision", "recall", "diversity")
LEARNED = ("labels", "space", "method", "AUC", "own AUC", "kept", "bald", *COMMON[:2], COMMON[-1])
AGAINST = ("truncation: broken", "truncation: Frechet distance")


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    fewest = _fewest(figures["filters"]["100"]["w"])
    return f"{figures['broken']:.0%} of faces are broken without a filter, {fewest:.1%} with 100 marks"


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    filters, truncation = figures["filters"], figures["truncation"]
    truncated = [row["broken"] for psi, row in truncation.items() if psi != "1"]
    marks = ", ".join(
        f"{count} marks leave {_fewest(filters[count]['w']):.1%}" for count in ("10", "30", "100", "1,000")
    )
    return f"""
`ss.LatentFilter` learns from marks which part of latent space draws bad images, and draws outside of it. How many
broken faces does it avoid, and what is the price?

Here a face is *broken* when a clean drawing of what a classifier sees in it looks different. The worst tenth of the
faces at truncation 1 counts as broken. The classifier that decides this took no part in the training of any filter.
With this generator most of these faces are only smudged.

- These filters keep about {figures["keep"]:.0%} of the faces. Without a filter {figures["broken"]:.0%} are broken. In
  w, {marks}. With a tenth of 100 marks wrong it is {_fewest(filters["100, a tenth wrong"]["w"]):.1%}.
- In z it takes 1,000 marks to reach {_fewest(filters["1,000"]["z"]):.1%}.
- Truncation avoids no broken faces: it leaves {min(truncated):.1%} to {max(truncated):.1%}.
- All filters have a price. The Frechet distance (avatar features, N = {figures["faces"]["drawn"]:,}) is
  {truncation["1"]["frechet_distance"]:.1f} without a filter. With any filter that avoids a quarter of the broken
  faces it is {_lowest_distance(figures):.1f} or more.

![What broken means, how many broken faces filters avoid, and what it costs](avoidance.png)
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    faces, truncation = figures["faces"], figures["truncation"]
    spaces = next(iter(figures["filters"].values()))
    best_header = [f"{title} {space}" for space in spaces for title in ("best in", "broken,", "bald,")]
    learned = [
        (
            name, space, method, _number(row["auc"]), _number(row["claimed_auc"]),
            f"{row['kept'][0]:.0%}", f"{row['bald'][0]:.0%}", _percent(row["broken"]),
            _number(row["frechet_distance"]), _percent(row["diversity"]),
        )
        for name, spaces in figures["filters"].items()
        for space, methods in spaces.items()
        for method, row in methods.items()
    ]  # fmt: skip
    curves = [
        (
            name, f"{row['kept'][0]:.0%}", _percent(row["broken"]), _number(row["frechet_distance"]),
            _percent(row["diversity"]), _percent(row["truncation_broken"]), _number(row["truncation_frechet_distance"]),
        )
        for name, curve in figures["curves"].items()
        for row in curve.values()
    ]  # fmt: skip
    samplers = [
        (name, *_cells(row), _percent(row["truncation_broken"]), _number(row["truncation_frechet_distance"]))
        for name, row in figures["samplers"].items()
    ]
    return f"""
- *Broken*: the worst tenth of {faces["fresh"]:,} fresh faces, to a judge that no filter has met.
- *Frechet distance*: avatar features, N = {faces["drawn"]:,} against {faces["renders"]:,} renders. Other renders have
  {figures["floor"]:.2f}.
- *Diversity*: recall of other faces without a filter.
- ±: standard error over {figures["repetitions"]} draws of the labels.

Labels are made by a second judge, the labeller. It ranks a broken face below another face with a probability of
{figures["judges_agree"]:.2f} (AUC). So this is how well labels teach what counts here.

## The filter that leaves the fewest broken faces

{table(("labels", *best_header), _best(figures))}
Without a filter {figures["broken"]:.0%} are broken and {figures["bald"]:.0%} are bald. Of all filters that avoid a
quarter of the broken faces or more, the one nearest to renders has a Frechet distance of
{_lowest_distance(figures):.2f}. Without a filter it is {truncation["1"]["frechet_distance"]:.2f}.

## Filters that allow {figures["keep"]:.0%}

- *AUC*: probability that the filter ranks a broken face above another face, before they are drawn.
- *Own AUC*: what the filter itself reports from its held-out labels. Its good labels are of the better half of the
  faces.
- *Kept*: share of fresh faces that the filter allows. In w it is not exactly what was asked for. *Bald*: share among
  these.

{table(LEARNED, learned)}
## Plain truncation

{table(("psi", *COMMON), [(psi, *_cells(row)) for psi, row in truncation.items()])}
## The best filters, allowing more and less, beside truncation of equal diversity

{table(("filter", "kept", "broken", "Frechet distance", "diversity", *AGAINST), curves)}
## Samplers of the logistic filter, beside truncation of equal diversity

All draw from the same {faces["drawn"]:,} seeds as truncation. Without filter and truncation
{_percent(truncation["1"]["broken"])} of these faces are broken.

{table(("sampler", *COMMON, *AGAINST), samplers)}"""


def _best(figures: Figures) -> list[list[str]]:
    rows = []
    for name, spaces in figures["filters"].items():
        cells = [name]
        for methods in spaces.values():
            best = min(methods, key=lambda method: methods[method]["broken"][0])
            cells += [best, f"{methods[best]['broken'][0]:.1%}", f"{methods[best]['bald'][0]:.0%}"]
        rows.append(cells)
    return rows


def _fewest(methods: Figures) -> float:
    return float(min(row["broken"][0] for row in methods.values()))


def _lowest_distance(figures: Figures) -> float:
    """Of all filters that avoid a quarter of the broken faces; NaN if none does."""
    every = [row for spaces in figures["filters"].values() for methods in spaces.values() for row in methods.values()]
    every += figures["samplers"].values()
    useful = [row["frechet_distance"][0] for row in every if row["broken"][0] <= 0.75 * figures["broken"]]
    return min(useful, default=float("nan"))


def _percent(value: list[float] | float) -> str:
    return f"{value:.1%}" if isinstance(value, float) else f"{value[0]:.1%} ± {value[1]:.1%}"


def _number(value: list[float] | float) -> str:
    return f"{value:.2f}" if isinstance(value, float) else f"{value[0]:.2f} ± {value[1]:.2f}"


def _cells(row: Figures) -> tuple[str, ...]:
    others = (_percent(row[name]) for name in ("precision", "recall", "diversity"))
    return _percent(row["broken"]), _number(row["frechet_distance"]), *others

"""The page of the study `avoidance`."""

from benchmarks.report import Figures, table

TITLE = "Avoiding the bad makes the generator better"
FLAWED, GOOD = "avatars-pggan", "avatars"
FEW, VISITOR, MANY = (f"{count}, a tenth wrong" for count in ("30", "100", "1,000"))
COLUMNS = (
    "kept", "broken", "witness", "change", "classifier", "change", "ImageNet", "change", "KID", "precision", "recall",
    "change", "KL", "coverage",
)  # fmt: skip


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    row, all_draws = _bar(figures), figures["generators"][FLAWED]["all"]
    fewer = f"broken {all_draws['broken']:.0%} to {row['broken'][0]:.0%}"
    return f"100 marks, a tenth wrong: {fewer}, Frechet distance {row['witness change'][0]:+.0%} (witness)"


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    flawed, good = (figures["generators"][name] for name in (FLAWED, GOOD))
    row, alone = _bar(figures), flawed["keep"][f"{figures['keep']:g}"]
    data = {keep: _best_of(rows, "renders, ") for keep, rows in good["keep"].items()}
    rows = alone.items()
    hard, soft = (next(row for name, row in rows if name.startswith(f"latents, {how}")) for how in ("truncate", "soft"))
    marked = good["keep"][f"{figures['keep']:g}"]
    labels = flawed["labels"]
    few, proposed, many = (labels[name] for name in (FEW, f"{FEW}, proposed", MANY))
    return f"""
`ss.LatentFilter` learns which part of latent space draws bad images, and draws less of it. `reweight` learns from
images: from a person's marks, from real images, or from both. `fit` learns from the marks' latents alone.

Nothing that teaches measures: filters see images through the bundled judge. Distances are in features of three networks
that took no part, to renders that took no part. How much is gained depends on the features. A *visitor* marks what is
broken, and another network, the *judge*, says in the end what is broken.

**A generator with faults** (`{FLAWED}`, {flawed["all"]["broken"]:.0%} broken), 100 marks of which a tenth is wrong,
{figures["keep"]:.0%} of the draws kept:

- Marks and renders: the Frechet distance changes by {_three(row)} ImageNet features.
  Of the draws {row["broken"][0]:.0%} are broken ({row["broken change"][0]:+.0%}). Recall changes by
  {row["recall change"][0]:+.3f}.
- Marks alone: {_words(alone["marks, z"])}.
- Renders alone, no marks: {_words(alone["renders, z"])}.
- From the latents of the same marks: {_words(soft)}; refused beyond a plane: {_words(hard)}.
- If every image is drawn and judged before it is accepted: {_words(alone["marks and renders, by image"])}.

How much could be gained: if all that is broken is left out, the distance changes by {_three(flawed["oracle"])} ImageNet
features, which hardly see these faults at 32 pixels. There the best of all filters below changes it by
{_lowest(flawed, "imagenet change"):+.1%}.

How many marks it takes, if a tenth of them is wrong:

- Marks alone: 10 change nothing. With 30, {_broken(few["marks"])} are still broken, and {_broken(proposed["marks"])} if
  the app proposes the images; with 1,000, {_broken(many["marks"])}.
- Marks and renders: {_broken(few["marks and renders"])} with 30, and {_broken(many["marks and renders"])} with 1,000.
- Proposed images help most with few marks. With 100 marks and renders they leave no fewer broken, but the distance
  changes by {_value(labels[f"{VISITOR}, proposed"]["marks and renders"]["witness change"]):+.0%} instead of
  {_value(labels[VISITOR]["marks and renders"]["witness change"]):+.0%}.

**A generator that is already good** (`{GOOD}`, {good["all"]["broken"]:.1%} broken), without any marks:

{_list(data)}

Where it does not help:

- Where nothing is broken, all bad marks are wrong clicks. On `{GOOD}` marks alone then raise the distance (from w:
  {_change(marked["marks, w"], "witness change")} at {figures["keep"]:.0%} kept). Joined with renders they do no harm
  ({_change(marked["marks and renders, w"], "witness change")}). A region refused beyond a plane harms most
  ({_change(marked["latents, truncate, w"], "witness change")}).
- Truncation, polarity sampling and the realism score raise the distance on `{GOOD}`. The realism score lowers it on
  `{FLAWED}`, and costs recall ({_value(alone["realism score"]["recall change"]):+.3f}).
- A smaller share is not always better. On `{FLAWED}`, marks and renders give
  {_change(flawed["keep"]["0.25"]["marks and renders, z"], "witness change")} with a quarter kept, and
  {_change(row, "witness change")} with half.

The price is drawing latents: if half is kept, an image takes two latents on average. The refused ones are never drawn.

![What is broken, what marks do, and the share kept](avoidance.png)
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    size = figures["size"]
    parts = [
        f"""
- *Witness*, *classifier*, *ImageNet*: Frechet distances to {size["real"]:,} renders, N = {size["compared"]:,}, mean of
  three subsets of the draws. *Change*: from draws without a filter, at the same N. *KID*: kernel distance of the
  witness's features.
- *Precision*, *recall*: in the witness's features.
- *KL*: divergence from the prior in nats, and *coverage*: share that is allowed of what looks like good marks, or
  without marks like renders, as the filter itself says.
- ±: standard error over {size["seeds"]} visitors. Without it there is one run.
- *All broken refused*: what the judge finds broken is left out. No filter can do better in what it is asked for.
- *latents, truncate*: refused beyond a plane (logistic). *latents, soft*: the same score, calibrated, accepted with a
  probability. *By image*: drawn, judged, then accepted. *Realism score*: the most realistic of all, to the bundled
  judge. *Polarity sampling*: of {size["polar"]:,} draws, those whose surroundings are stretched least.
"""
    ]
    for name, its in figures["generators"].items():
        for keep, rows in its["keep"].items():
            extra = {"all draws": its["all"]}
            if float(keep) == figures["keep"]:
                extra["all broken refused"] = its["oracle"]
                extra["polarity sampling"] = its["polar"]
                extra |= {f"truncation {psi}": row for psi, row in its.get("truncation", {}).items()}
            cells = [(method, *_cells(row)) for method, row in (extra | rows).items()]
            parts.append(f"## `{name}`, {float(keep):.0%} kept\n\n{table(('method', *COLUMNS), cells)}")
    cells = [
        (marks, f"{methods['bad']:.0f}", method, *_cells(row))
        for marks, methods in figures["generators"][FLAWED].get("labels", {}).items()
        for method, row in methods.items()
        if method != "bad"
    ]
    kept = f"{figures['keep']:.0%} kept"
    parts.append(f"## `{FLAWED}`, by number of marks, {kept}\n\n{table(('marks', 'bad', 'method', *COLUMNS), cells)}")
    cells = [
        (name.removeprefix("0"), method, *_cells(row))
        for name, stage in figures["stages"].items()
        for method, row in ({"all draws": stage["all"]} | stage["methods"]).items()
    ]
    if cells:
        parts.append(f"## Other moments of its training, {kept}\n\n{table(('stage', 'method', *COLUMNS), cells)}")
    return "\n".join(parts)


def _bar(figures: Figures) -> Figures:
    return figures["generators"][FLAWED]["keep"][f"{figures['keep']:g}"]["marks and renders, z"]


def _best_of(rows: Figures, start: str) -> tuple[str, Figures]:
    chosen = {name: row for name, row in rows.items() if name.startswith(start)}
    name = min(chosen, key=lambda method: _value(chosen[method]["witness change"]))
    return name, chosen[name]


def _list(data: dict[str, tuple[str, Figures]]) -> str:
    return "\n".join(f"- {float(keep):.0%} kept ({name}): {_words(row)}." for keep, (name, row) in data.items())


def _three(row: Figures) -> str:
    witness, classifier, imagenet = (_value(row[f"{name} change"]) for name in ("witness", "classifier", "imagenet"))
    return f"{witness:+.0%} in the witness's features, {classifier:+.0%} in the classifier's, and {imagenet:+.0%} in"


def _lowest(its: Figures, name: str) -> float:
    rows = [row for part in its["keep"].values() for row in part.values()]
    rows += [row for part in its["labels"].values() for method, row in part.items() if method != "bad"]
    return min(_value(row[name]) for row in rows)


def _broken(row: Figures) -> str:
    return f"{_value(row['broken']):.1%}"


def _words(row: Figures) -> str:
    changes = f"{_value(row['witness change']):+.0%}, {_value(row['classifier change']):+.0%} and "
    changes += f"{_value(row['imagenet change']):+.0%}"
    return f"{changes}, {_value(row['broken']):.1%} broken, recall {_value(row['recall change']):+.3f}"


def _cells(row: Figures) -> tuple[str, ...]:
    return (
        f"{_value(row['kept']):.0%}" if "kept" in row else "100%",
        _percent(row["broken"]),
        _number(row["witness"]),
        _change(row, "witness change"),
        _number(row["classifier"]),
        _change(row, "classifier change"),
        _number(row["imagenet"]),
        _change(row, "imagenet change"),
        f"{_value(row['kernel']):.1f}",
        f"{_value(row['precision']):.1%}",
        f"{_value(row['recall']):.1%}",
        f"{_value(row['recall change']):+.3f}" if "recall change" in row else "",
        f"{_value(row['divergence']):.2f}" if "divergence" in row else "",
        f"{_value(row['coverage']):.0%}" if "coverage" in row else "",
    )


def _value(value: list[float] | float) -> float:
    return value if isinstance(value, (int, float)) else value[0]


def _error(value: list[float] | float) -> float:
    return 0.0 if isinstance(value, (int, float)) else value[1]


def _percent(value: list[float] | float) -> str:
    return f"{_value(value):.1%}" + (f" ± {_error(value):.1%}" if _error(value) else "")


def _number(value: list[float] | float) -> str:
    return f"{_value(value):.1f}" + (f" ± {_error(value):.1f}" if _error(value) else "")


def _change(row: Figures, name: str) -> str:
    if name not in row:
        return ""
    return f"{_value(row[name]):+.1%}" + (f" ± {_error(row[name]):.1%}" if _error(row[name]) else "")

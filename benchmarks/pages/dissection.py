"""The page of the study `dissection`."""

from benchmarks.report import Figures, table, with_error

TITLE = "What single units draw"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    row, repairs = _of(figures, "glasses", "overlap"), figures["repairs"]
    after = repairs["after"][figures["quoted"]]
    return (
        f"{figures['units']} units off: glasses {row['change']:+.0%}; {figures['quoted']} marks repair: broken "
        f"{repairs['before']['broken']:.0%} to {after['broken'][0]:.0%}"
    )


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    lines = []
    for name in dict.fromkeys(row["class"] for row in figures["interventions"]):
        row, random = _of(figures, name, "overlap"), _of(figures, name, "random")
        lines.append(
            f"- *{name}* ({row['layer']}): {row['change']:+.0%} of its pixels, and {row['others']:.0%} mean change of "
            f"the other classes. The classifier, which had no part, sees it in {row['seen after']:.0%} of the images "
            f"instead of {row['seen before']:.0%}. As many random units change its pixels by {random['change']:+.0%}, "
            f"and the others by {random['others']:.0%}."
        )
    repairs = figures["repairs"]
    before, after = repairs["before"], repairs["after"]
    said = [
        f"- {count} marks: {row['broken'][0]:.1%} broken, Frechet distance {_change(row, before, 'witness'):+.0%} "
        f"(witness) and {_change(row, before, 'classifier'):+.0%} (classifier)."
        if row["found"][0]
        else f"- {count} marks: too few, no repair is found."
        for count, row in after.items()
    ]
    cost = figures["cost"]
    return f"""
`ss.dissect` says what each unit of a layer draws, `units.edit` switches units off or sets them to their mean where a
class is, and `ss.Repair` limits the units that draw faults.

**Without its first {figures["units"]} units**, in {figures["images"]} images that no unit was judged on:

{chr(10).join(lines)}

**Repairs** of `avatars-pggan`, of whose faces {before["broken"]:.1%} are broken. Half of the marks are bad, and a
tenth is wrong:

{chr(10).join(said)}

Nothing that a repair learns from measures it. Broken faces are counted by a network that differs from the simulated
visitor in architecture and training. A repair refuses no seed. A [filter](avoidance.md)
leaves fewer broken faces, and draws two latents for an image.

A dissection takes {cost["dissected"] / cost["drawn"]:.1f} times as long as drawing its images ({cost["units"]} units of
{cost["layer"]}).

![Without the units of a class; before and after a repair](dissection.png)

From above: faces as drawn, and without the units of {", ".join(_names(figures))}. Below: `avatars-pggan` as drawn, and
repaired.
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    classes = list(figures["layers"][0]["best"])
    found = [
        (row["layer"], str(row["units"]), *(f"{row['counted'][name]} ({row['best'][name]:.2f})" for name in classes))
        for row in figures["layers"]
    ]
    changed = [
        (
            row["class"],
            row["layer"],
            row["how"],
            f"{row['change']:+.1%}",
            f"{row['others']:.1%}",
            f"{row['seen before']:.1%}",
            f"{row['seen after']:.1%}",
            f"{row['effect']:+.3f}",
        )
        for row in figures["interventions"]
    ]
    before = figures["repairs"]["before"]
    repaired = [("none", "", "", f"{before['broken']:.3f}", f"{before['witness']:.2f}", f"{before['classifier']:.2f}")]
    repaired += [
        (
            count,
            f"{row['found'][0]:.0%}",
            with_error(row["units"], ".0f") if "units" in row else "",
            *(
                with_error(row[name], form)
                for name, form in (("broken", ".3f"), ("witness", ".2f"), ("classifier", ".2f"))
            ),
        )
        for count, row in figures["repairs"]["after"].items()
    ]
    header = ("class", "layer", "units by", "its pixels", "others", "seen before", "seen after", "causal effect")
    return f"""
**Units of each class** in the layers of `avatars`: how many units have it as their best class, with an overlap of 0.04
or more, and the best overlap of a unit. For styles, the overlap is the share of the images in which a change of the
channel overlaps the class most.

{table(("layer", "units", *classes), found)}
**{figures["units"]} units switched off.** *Its pixels*: change of the class's pixels. *Others*: mean absolute change of
the pixels of the other classes. *Seen*: share of the images in which the classifier sees the thing. *Causal effect*:
how much more often a cell is of the class with the units than without. *Optimised*: by Adam, see
`ss.optimized_units`. *Random*: as many units of the same layer.

{table(header, changed)}
**Repairs**, {figures["trials"]} trials each with other marks and draws, {figures["compared"]:,} images compared with
{figures["real"]:,} renders. *Found*: share of the trials in which a repair was found; without one the images stay as
they are.

{table(("marks", "found", "units", "broken", "witness", "classifier"), repaired)}"""


def _of(figures: Figures, name: str, how: str) -> Figures:
    [found] = [row for row in figures["interventions"] if (row["class"], row["how"]) == (name, how)]
    return found


def _names(figures: Figures) -> list[str]:
    return list(dict.fromkeys(row["class"] for row in figures["interventions"]))


def _change(row: Figures, before: Figures, name: str) -> float:
    return float(row[name][0] / before[name] - 1)

"""The page of the study `steering`."""

import numpy as np

from benchmarks.report import Figures, table

TITLE = "Steering"
REFINED, SVM = "attributes", "SVM"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    methods = figures["methods"]
    return (
        f"{_mean(methods[REFINED], 'share'):.2f} of all change is in the direction's own attribute "
        f"(random: {_mean(methods['random'], 'share'):.2f})"
    )


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    methods, mixing = figures["methods"], figures["mixing"]
    refined = {row["name"]: row for row in methods[REFINED]}
    parting = {row["name"]: row for row in methods[SVM]}

    def change(name: str) -> str:
        return f"{refined[name]['change']:.2f} instead of {parting[name]['change']:.2f}"

    def clean(name: str) -> str:
        return f"{refined[name]['share']:.2f}"

    named = methods["sefa"] + methods["ganspace"]
    shapes = [mixing["coarse"][name] for name in ("hair", "glasses", "beard", "eyes", "brows", "mouth")]
    kept = [mixing["middle"][name] for name in ("hair", "glasses", "beard", "eyes", "brows", "mouth")]
    return f"""
How strongly, and how cleanly, does a direction change a face? Each direction is moved both ways until the pixels of
{figures["faces"]} new faces have changed by the same mean amount. Then the classifier says which attributes have
changed.

- *Change* is the change of the attribute's probability.
- *Share* is the part of this change in the changes of all {figures["attributes"]} attributes. With a share of 1 only
  this attribute would change.

Some directions have no label. For these the attribute is the one that changes most, so random directions score, too.

An SVM finds the plane that separates faces with an attribute from faces without it. A step across the plane leads to
where the attribute is frequent, but it need not add the attribute to a given face. Here it does not for sad mouths
and closed eyes. So each direction is then [refined](../../spaceseed/directions/refine.py): gradient ascent turns it
until the classifier sees more of the attribute and little else changes.

- Refined directions change black hair by {change("black hair")} and closed eyes by {change("eyes closed")}.
- The cleanest refined directions are dark skin (share {clean("dark skin")}), glasses ({clean("glasses")}) and red
  hair ({clean("red hair")}).
- "Others kept" projects the other attributes' directions out. This helps what an SVM found, and makes refined
  directions weaker.
- A smile is not among the {len(refined)} attributes: no direction that was found leads to one.
- SeFa's directions are cleaner than random ones on these faces. GANSpace's are not.
- Names are right in most cases. The judge confirms {_confirmed(methods[SVM] + methods[REFINED])} directions that the
  classifier taught, and the classifier confirms {_confirmed(named)} names that the judge gave.

![One face along six directions, from -3 to +3 standard deviations](../strips.png)

Rows: glasses, eyes closed, dark skin and black hair (refined attributes), SeFa's "bald" and GANSpace's "beard".

## What style mixing carries over

Style mixing takes the shapes of one face and the colours of another.

- Coarse styles carry {min(shapes):.1%} to {max(shapes):.1%} of hair, glasses, beards, eyes, brows and mouths, and
  {mixing["coarse"]["skin"]:.1%} of skins.
- Middle styles carry {mixing["middle"]["skin"]:.1%} of skins, and at most {max(kept):.1%} of those shapes.
- Backgrounds depend on both: {mixing["middle"]["background"]:.1%} come with middle styles and
  {mixing["coarse"]["background"]:.1%} with coarse ones. So do the colours of hair and clothes.
- Fine styles change next to nothing.

![Faces that take coarse styles from the top row and all others from the left column](../mix.png)
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    summary = [
        (method, str(len(rows)), f"{_mean(rows, 'change'):.2f}", f"{_mean(rows, 'share'):.2f}", _confirmed(rows))
        for method, rows in figures["methods"].items()
    ]
    names = list(next(iter(figures["mixing"].values())))
    shares = [(group, *(f"{taken[name]:.2f}" for name in names)) for group, taken in figures["mixing"].items()]
    found = f"""
## Methods

{figures["faces"]} faces, truncation {figures["truncation"]}. Pixels changed by {figures["pixel_change"]} from one end
to the other; black and white differ by 2. *Names confirmed*: the classifier sees more of what the judge named the
direction after, or the judge sees more of what the classifier taught. "attributes" are the refined directions.

{table(("method", "directions", "mean change", "mean share", "names confirmed"), summary)}
## Style mixing

{figures["pairs"]} faces take one group of styles from another face. How often do they then show what the classifier
sees in that other face? Only pairs that differ in the attribute count.

{table(("styles", *(name.replace("_", " ") for name in names)), shares)}"""
    for method, rows in figures["methods"].items():
        lines = [
            (
                row["name"] + (f" ({row['sure']:.2f})" if "sure" in row else ""), f"{row['amount']:.1f}",
                row["attribute"], f"{row['change']:+.2f}", f"{row['share']:.2f}",
                ("yes" if row["confirmed"] else "no") if "confirmed" in row else "",
            )
            for row in rows
        ]  # fmt: skip
        header = ("direction", "amount", "attribute", "change", "share", "confirmed")
        found += f"\n## Directions: {method}\n\n{table(header, lines)}"
    return found


def _mean(rows: list[Figures], figure: str) -> float:
    return float(np.mean([abs(row[figure]) for row in rows]))


def _confirmed(rows: list[Figures]) -> str:
    named = [row["confirmed"] for row in rows if "confirmed" in row]
    return f"{sum(named)} of {len(named)}" if named else ""

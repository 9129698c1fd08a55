"""The page of the study `generator`."""

from benchmarks.report import Figures, table

TITLE = "The bundled generator"
FLOOR = "renders (floor)"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    sets = figures["sets"]
    return (
        f"Frechet distance (avatar features) {sets['samples, truncation 1.0']['frechet_distance']:.1f}; "
        f"a second set of drawings has {sets[FLOOR]['frechet_distance']:.1f}"
    )


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    return f"""
The generator `avatars` draws faces of 64 × 64 pixels. It is trained on drawings made by a program ("renders"). Here its
samples are compared with {figures["images"]:,} held-out renders, which took no part in training. Each row is of
{figures["images"]:,} images.

The comparison uses the 96 features of the bundled classifier. This is called "Frechet distance, avatar features". It is
not comparable with a published FID. The first row is the floor: a second set of renders, compared with the first.

[The generator's card](../../spaceseed/assets/avatars/README.md) says how it was trained.
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    rows = [
        (
            name,
            f"{row['frechet_distance']:.1f}",
            f"{row['precision']:.2f}",
            f"{row['recall']:.2f}",
            f"{row['confidence']:.3f}",
            f"{row['broken']:.1%}",
        )
        for name, row in figures["sets"].items()
    ]
    shares = [
        (attribute.replace("_", " "), value, f"{drawn:.0%}", f"{sampled:.0%}")
        for attribute, values in figures["balance"].items()
        for value, (drawn, sampled) in values.items()
    ]
    return f"""
- *Precision*: share of the images that lie close to renders. *Recall*: share of the renders that lie close to the
  images.
- *Confidence*: mean probability that the classifier gives to what it sees, in {figures["looked_at"]:,} images.
- *Broken*: share of {figures["looked_at"]:,} images that differ from a clean drawing of what the classifier sees in
  them (structural similarity below {figures["limit"]:.2f}). A tenth of the samples of the first bundled generator
  were below this limit.

{table(("images", "Frechet distance", "precision", "recall", "confidence", "broken"), rows)}
## What is drawn how often

Shares of {figures["looked_at"]:,} images in which the classifier sees each value. Samples are at truncation 1.

{table(("attribute", "value", "renders", "samples"), shares)}"""

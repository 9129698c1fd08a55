"""The page of the study `convergence`."""

import numpy as np

from benchmarks.report import Figures, table, with_error

TITLE = "What makes training faster"
FEW, BUILT = "DCGAN, 50 faces", "built like a DCGAN"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    share = figures["arms"][BUILT]["images_share"]
    return f"a StyleGAN2 built like a DCGAN needs {share['mean']:.2f} of the images"


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    arms, size = figures["arms"], figures["full_size"]
    built, projected = arms[BUILT], arms["projected beside"]
    plain = figures["histories"][FEW]
    few = dict(
        zip(plain[0]["images"], np.mean([run["frechet_distance"] for run in plain], axis=0).tolist(), strict=True)
    )
    lowest = min(few, key=lambda images: few[images])
    still = figures["histories"]["DiffAugment, 50 faces"]
    dcgan = arms["DCGAN"]["images"]
    return f"""
Each training changes one thing on the same faces. How many images, and how much time, does it take until the Frechet
distance (avatar features, N = {figures["samples"]:,}) is what the unchanged training has at its end? There are
{built["seeds"]} seeds of each. The study takes an hour.

We had meant to compare all changes on the StyleGAN2. The first seed showed that it does not get far enough in this
time, so most changes are compared on a DCGAN.

## Fewer images

Only one change saves images: to build a StyleGAN2 [like a DCGAN](../../spaceseed/training/networks/normalized.py)
while it is trained. It needs {built["images_share"]["mean"]:.2f} of the images and {built["time_share"]["mean"]:.2f}
of the time. All seeds are closer to the renders at their first report, after {built["images_to_target"]["mean"]:,.0f}
images, than the StyleGAN2 is at its end. The result is still a StyleGAN2.

This is several changes at once: it also has the loss and the step sizes of the DCGAN. The StyleGAN2 that it is
compared with has a quarter of the usual width and still draws outlines at its end. So the distances in these rows say
little, except for this one. [The bundled generator](generator.md) shows where such a training arrives at 64 pixels
after 2.4 million images.

## Cheaper images

Half precision helps most: in a StyleGAN2 of full size an image takes {size["bfloat16"][0]:.2f} of the time with
bfloat16 and {size["channels last"][0]:.2f} with channels last.

## Augmentation

With 30,000 faces no network learns the faces by heart, so augmentation has nothing to improve. With 50 faces:

- The plain DCGAN is best after {lowest:,.0f} images ({few[lowest]:.1f}) and has {few[max(few)]:.1f} at its end.
- ADA makes no difference that three seeds can show. At the end it augments with an eighth of its full strength.
- DiffAugment learns more slowly, but it still improves at the end: from {_mean(still, -2):.1f} at the report before to
  {_mean(still, -1):.1f}.

## Projected discriminators

A projected discriminator makes an image of this DCGAN {projected["cost_of_an_image"][0]:.0f} times as expensive. In
{projected["cost_of_an_image"][0] * projected["images"] / dcgan:.1f} times the time of the unchanged training it made
{projected["images"] / 32:.0f} steps. This is too few to say what it brings in the end.

![Frechet distance over images and over time](convergence.png)
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    found = f"""
## All figures

Frechet distance, avatar features, N = {figures["samples"]:,} samples of the averaged generator against
{figures["renders"]:,} held-out renders of 32 × 32 pixels.

- Each training is compared with its base. The goal is the distance that every seed of the base reaches by its end.
- Times are those of one processor core in steps of training alone. Shares are of the base's figure, seed by seed.
- ±: standard error over seeds.
- Conditional generators draw what the held-out renders show.
"""
    for base, target in figures["targets"].items():
        rows = [_cells(name, row) for name, row in figures["arms"].items() if row["base"] == base]
        header = (
            "changed", f"images to {target:.1f}", "/ base", "time / base", "time of an image / base", "length",
            "distance at its end", "base's after as many images",
        )  # fmt: skip
        seconds = with_error(figures["seconds_for_1000"][base], ".1f")
        found += f"\n### {base}: {seconds} s for 1,000 images\n\n{table(header, rows)}"
    if figures["full_size"]:
        costs = [(name, with_error(value)) for name, value in figures["full_size"].items()]
        seconds = with_error(figures["full_size_seconds_for_1000"], ".1f")
        found += f"""
### A StyleGAN2 of full size: {seconds} s for 1,000 images

All took turns in {figures["rounds"]} rounds, with {figures["steps"]} steps each.

{table(("changed", "time of an image / unchanged"), costs)}"""
    return found


def _cells(name: str, row: Figures) -> tuple[str, ...]:
    def goal(its: Figures, digits: int) -> str:
        if not its["of"]:
            return "not reached"
        some = "" if its["of"] == row["seeds"] else f" ({its['of']} of {row['seeds']} seeds)"
        return with_error((its["mean"], its["error"]), f",.{digits}f") + some

    shares = (goal(row["images_share"], 2), goal(row["time_share"], 2), with_error(row["cost_of_an_image"]))
    base = with_error(row["base_then"], ".1f") if row["base_then"] else "not reported yet"
    return (
        name,
        goal(row["images_to_target"], 0),
        *shares,
        f"{row['images']:,.0f}",
        with_error(row["at_end"], ".1f"),
        base,
    )


def _mean(runs: list[Figures], report: int) -> float:
    return float(np.mean([run["frechet_distance"][report] for run in runs]))

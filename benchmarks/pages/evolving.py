"""The page of the study `evolving`."""

from benchmarks.report import Figures, table, with_error

TITLE = "Does a population of generators learn better?"
NAMED = {"minimax": "minimax", "nonsaturating": "heuristic", "leastsquares": "least squares"}
FIGURES = ("frechet_distance", "precision", "recall", "broken")
COLUMNS = ("Frechet distance", "precision", "recall", "broken")


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    rows = figures["compared"]["cpu"]
    return (
        f"Frechet distance after {figures['at']['cpu']:.0f} s: E-GAN {rows['E-GAN']['frechet_distance'][0]:.1f}, "
        f"least squares {rows['least squares']['frechet_distance'][0]:.1f}"
    )


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    by_images, by_time = figures["compared"]["images"], figures["compared"]["cpu"]
    won = figures["won"]["share"]["leastsquares"][0]
    alone, egan = by_images["E-GAN without rivals"], by_images["E-GAN"]

    def distance(row: Figures) -> str:
        return f"{row['frechet_distance'][0]:.1f}"

    return f"""
E-GAN trains a population: in each generation three children compete, each made by another loss ("mutation"), and the
best one survives. Here it is compared with each of these losses alone, with the same DCGAN pair, and with the
StyleGAN2 recipe at half the usual width. All learn faces of 32 × 32 pixels, with {figures["seeds"]["E-GAN"]} seeds
each, on one processor core. The study takes half an hour.

- After the same number of images ({figures["at"]["images"]:,.0f}) E-GAN is ahead, with a Frechet distance of
  {distance(egan)}; least squares alone has {distance(by_images["least squares"])}. But selection explains little of
  it. Least squares made {won:.0%} of E-GAN's survivors. So we added a run "without rivals", with only this child in
  each generation. It reaches {distance(alone)} in {alone["cpu"][0] / egan["cpu"][0]:.0%} of the time.
- After the same time ({figures["at"]["cpu"]:.0f} seconds) least squares alone is ahead, with
  {distance(by_time["least squares"])}. E-GAN has {distance(by_time["E-GAN"])}, a larger distance than every other
  DCGAN.
- Why does least squares survive so often? The optimizer Adam may be the reason. Children inherit their parent's step
  sizes. At the end of one run the gradient of least squares was 4.5 and 7 times as long as the gradients of the other
  two losses, so their steps are shorter by these factors.

All these trainings are still near their beginning, most of all StyleGAN2's. What is ahead after a minute need not be
ahead after a day. The step size and R1 of the DCGAN were chosen on these faces; those of StyleGAN2 were not.

![Distance, precision, recall and broken faces over time, the mutations that won, and samples](evolving.png)
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""

    def compared(axis: str, other: str, unit: str) -> str:
        rows = sorted(figures["compared"][axis].items(), key=lambda item: item[1]["frechet_distance"][0])
        return table(
            ("training", *COLUMNS, unit), [(name, *_cells(row), with_error(row[other], ",.0f")) for name, row in rows]
        )

    trainings = [
        (
            name, row["network"], str(row["batch"]), f"{row['images']:,}", f"{row['generator']:,}",
            f"{row['discriminator']:,}", str(figures["seeds"][name]),
        )
        for name, row in figures["networks"].items()
    ]  # fmt: skip
    won = ", ".join(f"{NAMED[name]} {with_error(x, '.0%')}" for name, x in figures["won"].get("share", {}).items())
    header = ("training", "network", "batch", "images", "weights, generator", "weights, discriminator", "seeds")
    return f"""
Faces of 32 × 32 pixels. Figures are of {figures["samples"]:,} samples of the averaged generator without truncation,
against as many held-out renders, in the features of the bundled classifier.

- *Broken*: of the first {figures["looked_at"]} samples, those whose structural similarity to a drawing of what they
  show is below {figures["limit"]}.
- ±: standard error over seeds.
- Seconds are those of one processor core in steps of training alone. Figures between two reports are interpolated.
- Where recall is near 0, precision says little.

## After {figures["at"]["images"]:,.0f} images

{compared("images", "cpu", "seconds")}
## After {figures["at"]["cpu"]:,.0f} seconds

{compared("cpu", "images", "images")}
## Mutations that E-GAN's survivors came from

{won}

## Trainings

{table(header, trainings)}"""


def _cells(row: Figures) -> tuple[str, ...]:
    return with_error(row[FIGURES[0]], ".1f"), *(with_error(row[name], ".1%") for name in FIGURES[1:])

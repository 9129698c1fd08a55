"""The page of the study `synthesis`."""

from benchmarks.report import Figures, table

TITLE = "Speed of synthesis"
AIM = 1.5


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    row = _row(figures, "StyleGAN2, 1024 px", 1)
    return f"a StyleGAN2 image of 1024 px: {row['ratio']:.2f} times as fast as a plain port"


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    parts, profiled = figures["parts"]["synthesize"], figures["profiled"]
    one = _row(figures, profiled, 1)
    return f"""
How fast does each family draw, in float32 on one thread of a CPU? Each network is compared with a straightforward
port of the same network and the same weights, in the same run. The port modulates the weights for each image, uses
grouped convolutions, and inserts zeros before it filters. `avatars` and MobileStyleGAN have their published weights;
the other networks have the published sizes and random weights.

A single image of {profiled} reaches {one["ratio"]:.2f} times the port's speed. The aim was {AIM}. Convolutions take
{parts["convolutions"] / sum(parts.values()):.0%} of its time, and it reaches {one["share_of_peak"]:.0%} of what large
matrix products reach on this machine.

No GPU was available. The study has a path for a GPU that was never run.
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    on_cpu = list(figures["peaks"]) == ["float32"]
    rows = [
        (
            row["network"],
            str(row["batch"]),
            *([] if on_cpu else [row["dtype"], row["how"]]),
            f"{row['images_a_second']:.3g}",
            f"{row['port_images_a_second']:.3g}",
            f"{row['ratio']:.2f}x",
            f"{row['share_of_peak']:.0%}",
            f"{row['difference']:.0e}",
        )
        for row in figures["speeds"]
    ]
    header = ("network", "batch", *(() if on_cpu else ("format", "how")))
    header += ("images/s", "port, images/s", "ratio", "of peak", "difference")
    peaks = ", ".join(f"{tera:.3g} TFLOP/s in {dtype}" for dtype, tera in figures["peaks"].items())
    found = f"""
Measured on {figures["device"]}, against the port in float32.

- *Ratio*: median of pairs that are timed in turn.
- *Of peak*: the arithmetic of convolutions and matrix products, as a share of what a large one reaches ({peaks}).
- *Difference*: the largest difference between the two images, in standard deviations.

{table(header, rows)}"""
    if parts := figures["parts"]:
        cells = [
            (name, *(f"{parts[way].get(name, 0.0):.0f} ms" for way in parts))
            for name in sorted(next(iter(parts.values())))
        ]
        cells.append(("all", *(f"{sum(parts[way].values()):.0f} ms" for way in parts)))
        found += f"\nWhere the time of one image goes, for {figures['profiled']}:\n\n{table(('part', *parts), cells)}"
    return found


def _row(figures: Figures, network: str, batch: int) -> Figures:
    found: Figures = next(row for row in figures["speeds"] if (row["network"], row["batch"]) == (network, batch))
    return found

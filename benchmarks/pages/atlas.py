"""The page of the study `atlas`."""

from benchmarks.report import Figures, table

TITLE = "Wishes answered from an atlas"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    size, times = next(iter(figures["query_milliseconds"].items()))
    return f"the best of {int(size):,} seeds for a text in {times['text']:.0f} ms"


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    speeds, kept = figures["images_a_second"], figures["rounding"][-1]
    (few, fast), (many, slow) = figures["query_milliseconds"].items()
    prompts, close, far = figures["index"]
    return f"""
An atlas holds what the judge sees in the images of many seeds. A wish is then answered without drawing.

- **Building** goes at {speeds["build"] / speeds["networks"]:.0%} of the speed of the two networks alone. The rest is
  spent on latents, styles and files.
- **Rounding**: an embedding is kept in {kept["bits"]} bits a number, {kept["bytes"]:.0f} bytes a seed. Of the exact
  best {figures["top"]} of {figures["seeds"]:,} seeds for a prompt, {kept["recall"]:.1%} are still the best
  {figures["top"]} (mean over {figures["prompts"]} prompts). The mean score of the best changes by {kept["lost"]:.5f}.
  Fewer bits keep less than 95%.
- **A query** for a text takes {fast["text"]:.0f} ms among {int(few):,} seeds and {slow["text"]:.0f} ms among
  {int(many):,}, on one thread.
- **The index** is used above a million seeds. It finds {prompts["recall"]:.1%} of the best {figures["top"]} avatars for
  the prompts. Among {close["seeds"]:,} vectors around centres it finds {close["recall"]:.1%} for wishes near some
  of them, in {close["index_milliseconds"]:.0f} ms in place of {close["scan_milliseconds"]:.0f} ms. It finds only
  {far["recall"]:.1%} for wishes in any direction, which are far from all of the vectors.
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    speeds = figures["images_a_second"]
    rounding = [
        (
            str(row["bits"]),
            f"{row['bytes']:.0f}",
            f"{row['recall']:.1%}",
            f"{row['least']:.0%}",
            f"{row['lost']:.5f}",
        )
        for row in figures["rounding"]
    ]
    times = [
        (f"{int(size):,}", *(f"{each:,.1f}" for each in row.values()))
        for size, row in figures["query_milliseconds"].items()
    ]
    index = [
        (
            f"{row['seeds']:,}",
            row["wishes"],
            f"{row['recall']:.1%}",
            f"{row['least']:.0%}",
            f"{row['index_milliseconds']:.1f}",
            f"{row['scan_milliseconds']:.1f}",
            f"{row['build_seconds']:,.0f}",
        )
        for row in figures["index"]
    ]
    kinds = next(iter(figures["query_milliseconds"].values()))
    return f"""
Images a second on one thread:

{table(("networks alone", "build"), [(f"{speeds['networks']:,.0f}", f"{speeds['build']:,.0f}")])}
Best {figures["top"]} of {figures["seeds"]:,} seeds for {figures["prompts"]} prompts, with embeddings of
{figures["dims"]} numbers. *Kept*: share of the exact best that are still among the best, mean and least over the
prompts. *Score lost*: mean over the best.

{table(("bits", "bytes a seed", "kept", "least", "score lost"), rounding)}
Milliseconds of a query on one thread:

{table(("seeds", *kinds), times)}
The index: seeds found of the best {figures["top"]}, mean and least over the wishes. It has
{figures["index_bytes"]} bytes a seed. Building uses all cores, and happens once.

{table(("seeds", "wishes", "found", "least", "index, ms", "scan, ms", "build, s"), index)}"""

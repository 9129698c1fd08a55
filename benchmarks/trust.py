"""When does a filter trust itself: how often by chance, and after how many marks that mean something?

    python -m benchmarks.trust

Latents are draws of N(0, I). A visitor marks one bad and one good latent at a time, and looks at the filter after every
pair. Marks without a meaning are random. With a meaning, latents beyond a plane at one standard deviation are bad, and
a share of the marks is wrong.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.report import arguments, save
from spaceseed.filters.filter import SIGNIFICANCE, LatentFilter

CASES = ((32, "mean"), (32, "logistic"), (512, "mean"))  # dimensions, method
PAIRS, RUNS, SIGNAL_RUNS = 60, 200, 40
BORDER = 1.0  # standard deviations
WRONG = (0.0, 0.1, 0.25)


def marks(pairs: int, dims: int, wrong: float | None, seed: int) -> tuple[Tensor, Tensor]:
    """Returns latents [pairs, dims] marked bad and as many marked good; random marks if `wrong` is None."""
    rng = torch.Generator().manual_seed(seed)
    if wrong is None:
        return torch.randn(pairs, dims, generator=rng), torch.randn(pairs, dims, generator=rng)
    draws = torch.randn(40 * pairs, dims, generator=rng)
    bad = (draws[:, 0] > BORDER) ^ (torch.rand(len(draws), generator=rng) < wrong)
    return draws[bad][:pairs], draws[~bad][:pairs]


def trusted_after(bad: Tensor, good: Tensor, method: str) -> int | None:
    """Returns after how many pairs the filter trusts itself for the first time; None if never."""

    def trusts(pairs: int) -> bool:
        return LatentFilter.fit(bad[:pairs], good[:pairs], method).held_out.chance <= SIGNIFICANCE

    if not trusts(len(bad)):  # a filter that was trusted once stays so as pairs are added
        return None
    never, once = 2, len(bad)
    while once - never > 1:
        middle = (never + once) // 2
        never, once = (never, middle) if trusts(middle) else (middle, once)
    return once


def main() -> None:
    """Measures and writes."""
    parser = arguments(__doc__)
    args = parser.parse_args()
    pairs, runs, signal_runs = (12, 2, 2) if args.quick else (PAIRS, RUNS, SIGNAL_RUNS)
    rows = []
    for dims, method in CASES[: 1 if args.quick else None]:
        for wrong in (None, *WRONG):
            count = runs if wrong is None else signal_runs
            found = [trusted_after(*marks(pairs, dims, wrong, seed), method) for seed in range(count)]
            first = [pairs + 1 if after is None else after for after in found]
            row: dict[str, Any] = {"dims": dims, "method": method, "wrong": wrong, "runs": count}
            row["ever"] = sum(after is not None for after in found)
            row["median"] = float(np.median(first)) if np.median(first) <= pairs else None
            rows.append(row)
    save(args, "trust", {"significance": SIGNIFICANCE, "pairs": pairs, "rows": rows})


if __name__ == "__main__":
    main()

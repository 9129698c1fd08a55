"""How good is the bundled generator? `python -m benchmarks.generator --data runs/data`.

Its samples are compared with held-out renders in the bundled classifier's features, at several truncations. The shares
of each attribute's values show what it draws too rarely or too often.
"""

from pathlib import Path
from typing import Any

from benchmarks.report import DATA, arguments, save
from spaceseed.models.zoo.loading import load
from spaceseed.training.bundled.avatars import SPLITS
from spaceseed.training.bundled.figures import LOOKED_AT, balance, figures
from spaceseed.training.bundled.redrawn import LIMITS


def main() -> None:
    """Measures and writes the results."""
    parser = arguments(__doc__, quick=False)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the rendered faces; drawn when missing")
    args = parser.parse_args()
    generator = load("avatars", device="cpu")
    sets = figures(generator, args.data)
    shares = balance(generator, args.data)
    measured: dict[str, Any] = {
        "images": SPLITS["held_out"][1],
        "looked_at": LOOKED_AT,
        "limit": LIMITS[generator.resolution],
        "sets": {name: {figure: round(value, 4) for figure, value in row.items()} for name, row in sets.items()},
        "balance": {
            attribute: {value: [round(share, 4) for share in pair] for value, pair in values.items()}
            for attribute, values in shares.items()
        },
    }
    save(args, "generator", measured)


if __name__ == "__main__":
    main()

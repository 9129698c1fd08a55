"""Learns the directions that are bundled for the photographs of `ffhq-mobile`.

    npm pack @vladmandic/face-api@1.7.15        # and unpack it, here into runs/face-api
    python -m spaceseed.training.bundled.photographs --teachers runs/face-api/package

`make faces` installs the generator. Networks of faces score 1,000 images, and a direction leads from those with the
lowest scores to those with the highest. Faces that smile are more often women, and have their mouths open, so each
direction then loses what it shares with the others.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from spaceseed.directions.contrast import direction_between
from spaceseed.directions.discovery import draw_w
from spaceseed.directions.sets import DirectionSet
from spaceseed.images import from_uint8, to_uint8
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator
from spaceseed.models.zoo.loading import load
from spaceseed.ops.subspace import reject
from spaceseed.training.bundled.face_networks import Teachers

SAMPLES = 1_000
SHARE = 0.2  # of the samples at either end that are the examples
DRAWS = 50_000  # of w, for the scales


@torch.no_grad()
def scored(generator: Generator, teachers: Teachers, samples: int) -> tuple[Tensor, dict[str, Tensor]]:
    """Draws samples, and returns their w [samples, w_dim] and their scores [samples] by name."""
    space = LatentSpace(generator, truncation=1.0)
    z = torch.randn(samples, generator.z_dim, generator=torch.Generator().manual_seed(0))
    styles, scores = [], []
    for done, part in enumerate(z.split(1)):  # images of 1024 pixels are drawn no faster together
        ws = space.ws(part)
        styles.append(ws[:, 0].cpu())
        picture = F.avg_pool2d(generator.synthesize(ws), 2)
        scores.append(teachers(from_uint8(to_uint8(picture))))  # as visitors see it
        if done % 50 == 0:
            print(f"{done:,} of {samples:,} images", flush=True)
    return torch.cat(styles), {name: torch.cat([score[name] for score in scores]) for name in scores[0]}


def between_ends(w: Tensor, scores: Tensor) -> Tensor:
    """Returns the direction [w_dim] from the w with the lowest scores to those with the highest."""
    order, count = scores.argsort(stable=True), round(SHARE * len(w))
    return direction_between(w[order[-count:]], w[order[:count]])


def apart(generator: Generator, vectors: Tensor, names: tuple[str, ...]) -> DirectionSet:
    """Returns vectors [count, w_dim] without the component of each that lies in the span of the others."""
    others = [vectors[[k for k in range(len(vectors)) if k != i]] for i in range(len(vectors))]
    rest = torch.stack([reject(vector, span) for vector, span in zip(vectors, others, strict=True)])
    z = torch.randn(DRAWS, generator.z_dim, generator=torch.Generator().manual_seed(1))
    w = draw_w(LatentSpace(generator, truncation=1.0), z).cpu()
    return DirectionSet.of(generator, "attributes", rest, names, w)


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teachers", type=Path, required=True, help="the unpacked package face-api")
    parser.add_argument("--scores", type=Path, default=Path("runs/photographs.pt"), help="kept, and read if it exists")
    parser.add_argument("--out", type=Path, default=Path("spaceseed/assets/ffhq-mobile"))
    args = parser.parse_args()
    generator = load("ffhq-mobile")
    if not args.scores.exists():  # the only part that takes long
        args.scores.parent.mkdir(parents=True, exist_ok=True)
        torch.save(scored(generator, Teachers(args.teachers), SAMPLES), args.scores)
    w, scores = torch.load(args.scores, weights_only=True)
    vectors = torch.stack([between_ends(w, score) for score in scores.values()])
    directions = apart(generator, vectors, tuple(scores))
    args.out.mkdir(parents=True, exist_ok=True)
    directions.save(args.out / "directions-attributes.safetensors")
    for i, name in enumerate(directions.names):
        print(f"{name}: {1 - float(directions.vectors[i] @ vectors[i]) ** 2:.0%} shared with the others")


if __name__ == "__main__":
    main()

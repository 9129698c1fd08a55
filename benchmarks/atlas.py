"""How fast does an atlas answer, and what do its rounding and its index lose? `python -m benchmarks.atlas`.

- Building: images a second of `Atlas.build`, and of the two networks alone on the same styles, in turn.
- Rounding: which of the best 24 seeds of a prompt are still the best 24 with embeddings of fewer bits.
- A query of one thread, on random embeddings, since its time does not depend on what they are.
- The index, on the avatars, and on more than a million unit vectors around random centres.

Absolute times depend on the machine, so compare only figures of one run.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from huggingface_hub import constants
from torch import Tensor

from benchmarks.report import arguments, save
from spaceseed.atlas.atlas import CANDIDATES, Atlas
from spaceseed.atlas.codes import decode, encode
from spaceseed.atlas.index import Index
from spaceseed.atlas.shards import Make
from spaceseed.batches import batch_size
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.models.judges.clip import Judge, load_judge
from spaceseed.models.zoo.loading import load
from spaceseed.training.bundled.prompts import PROMPTS

TOP, TRUNCATION = 24, 0.7
BITS = (4, 5, 6, 7, 8)
CENTRES, SPREAD = 500, 0.7  # of the vectors that the index is tried on
QUERIES = 100


def best_seconds(step: Callable[[], object], repeats: int) -> float:
    """Returns the best of several timings: other work on the machine disturbs it least."""
    timings = []
    for _ in range(repeats):
        began = time.perf_counter()
        step()
        timings.append(time.perf_counter() - began)
    return min(timings)


@torch.no_grad()
def embed(generator: Generator, judge: Judge, seeds: range) -> Tensor:
    """Returns the exact embeddings [n, d] of the images of seeds."""
    size = batch_size(generator)
    parts = [seeds[start : start + size] for start in range(0, len(seeds), size)]
    z = (latents_from_seeds(part, generator.z_dim) for part in parts)
    return torch.cat(
        [judge.embed_images(generator.synthesize(generator.map(part, truncation=TRUNCATION))) for part in z]
    )


@torch.no_grad()
def building(generator: Generator, judge: Judge, count: int, repeats: int) -> dict[str, float]:
    """Returns images a second of a build, and of the networks alone."""
    ws = generator.map(latents_from_seeds(range(count), generator.z_dim), truncation=TRUNCATION)

    def networks() -> None:
        for part in ws.split(batch_size(generator)):
            judge.embed_images(generator.synthesize(part))

    def build() -> None:
        with tempfile.TemporaryDirectory() as folder:
            Atlas.build(generator, judge, seeds=range(count), folder=folder, truncation=TRUNCATION)

    timings = [(best_seconds(networks, 1), best_seconds(build, 1)) for _ in range(repeats)]
    alone, built = (count / min(each) for each in zip(*timings, strict=True))
    return {"networks": round(alone, 1), "build": round(built, 1)}


def recalls(found: Tensor, best: Tensor) -> Tensor:
    """Returns the share of the best rows [n, top] that are among those found [n, any], for each of n queries."""
    return (best[:, :, None] == found[:, None, :]).any(dim=2).float().mean(dim=1)


def rounding(exact: Tensor, wishes: Tensor) -> list[dict[str, float]]:
    """Returns, for each number of bits, what of the best seeds of wishes [n, d] is kept."""
    scores = wishes @ exact.T
    best = scores.topk(TOP, dim=1)
    rows = []
    for bits in BITS:
        found = (wishes @ decode(encode(exact, bits)).T).topk(TOP, dim=1).indices
        recall = recalls(found, best.indices)
        rows.append(
            {
                "bits": bits,
                "bytes": exact.shape[1] * bits / 8,
                "recall": round(recall.mean().item(), 4),
                "least": round(recall.min().item(), 4),
                "lost": round((best.values - scores.gather(1, found)).mean().item(), 5),
            }
        )
    return rows


def query_milliseconds(judge: Judge, dims: int, count: int, repeats: int) -> dict[str, float]:
    """Returns the time of a query for a text, an image and a function, among `count` seeds."""
    atlas = Atlas(
        Make(model="random", sha256="0" * 64, judge="avatars", truncation=1.0), 0, vectors(count, dims), judge
    )
    wishes = {
        "text": "red hair",
        "image": torch.zeros(1, 3, 64, 64),
        "function": lambda embeddings: embeddings[:, :2].amin(dim=1),
    }
    return {
        name: round(1000 * best_seconds(lambda wish=wish: atlas.query(wish, TOP), repeats), 1)  # type: ignore[misc]
        for name, wish in wishes.items()
    }


def vectors(count: int, dims: int) -> Tensor:
    """Returns codes [count, dims] of unit vectors around centres. They are drawn in parts, for less memory."""
    rng = torch.Generator().manual_seed(0)
    centres = torch.randn(CENTRES, dims, generator=rng)
    sizes = [min(65_536, count - start) for start in range(0, count, 65_536)]
    return torch.cat([encode(near(centres, size, rng)) for size in sizes])


def near(centres: Tensor, count: int, rng: torch.Generator) -> Tensor:
    """Returns unit vectors [count, dims] around random centres."""
    chosen = centres[torch.randint(len(centres), (count,), generator=rng)]
    return F.normalize(chosen + SPREAD * torch.randn(chosen.shape, generator=rng), dim=1)


def indexed(codes: Tensor, wishes: dict[str, Tensor]) -> list[dict[str, Any]]:
    """Returns, for each kind of wishes [n, d], how much of the best seeds an index of the codes finds, and how fast."""
    began = time.perf_counter()
    index = Index(codes)
    built, rows = time.perf_counter() - began, []
    for kind, wanted in wishes.items():
        began = time.perf_counter()
        scanned = torch.stack([scan(codes, each) for each in wanted])
        middle = time.perf_counter()
        found = torch.stack([index.candidates(each, CANDIDATES * TOP) for each in wanted])
        end = time.perf_counter()
        recall = recalls(found, scanned)
        rows.append(
            {
                "seeds": len(codes),
                "wishes": kind,
                "recall": round(recall.mean().item(), 4),
                "least": round(recall.min().item(), 4),
                "index_milliseconds": round(1000 * (end - middle) / len(wanted), 2),
                "scan_milliseconds": round(1000 * (middle - began) / len(wanted), 2),
                "build_seconds": round(built, 1),
            }
        )
    return rows


def scan(codes: Tensor, wanted: Tensor) -> Tensor:
    """Returns the best rows [top] for a vector [d]."""
    return torch.cat([decode(part) @ wanted for part in codes.split(65_536)]).topk(TOP).indices


def main() -> None:
    """Measures and writes the results."""
    args = arguments(__doc__).parse_args()
    torch.set_num_threads(1)
    count, few, repeats = (256, 64, 2) if args.quick else (50_000, 1_024, 5)
    sizes, many = ((256, 1_000), 2_000) if args.quick else ((50_000, 1_000_000), 1_200_000)
    generator, judge = load("avatars", device="cpu"), load_judge("avatars")
    prompts = judge.embed_text([prompt.text for prompt in PROMPTS])
    dims, rng = prompts.shape[1], torch.Generator().manual_seed(1)
    built = building(generator, judge, few, repeats)
    exact = embed(generator, judge, range(count))
    directions = F.normalize(torch.randn(QUERIES, dims, generator=rng), dim=1)
    codes = vectors(many, dims)
    close = F.normalize(decode(codes[torch.randint(many, (QUERIES,), generator=rng)]) + 0.5 * directions, dim=1)
    with tempfile.TemporaryDirectory() as folder:
        constants.HF_HOME = folder  # where the index is kept
        index = indexed(encode(exact), {"the prompts": prompts})
        index += indexed(codes, {"near some of them": close, "in any direction": directions})
        kept = sum(file.stat().st_size for file in Path(folder).rglob("*.usearch")) / (count + many)
    figures = {
        "seeds": count,
        "prompts": len(prompts),
        "top": TOP,
        "dims": dims,
        "images_a_second": built,
        "rounding": rounding(exact, prompts),
        "query_milliseconds": {str(size): query_milliseconds(judge, dims, size, repeats) for size in sizes},
        "index": index,
        "index_bytes": round(kept),
    }
    save(args, "atlas", figures)


if __name__ == "__main__":
    main()

"""How near does a projection come to a picture, how fast, and do edits still work? `python -m benchmarks projection`.

Four parts, which `--only` picks; the figures of the others are kept:

- `avatars`: starts, spaces and methods on held-out renders, and on samples of the generator whose w is known.
- `distances`: what different perceptual distances recover.
- `editing`: closeness against edits that still work.
- `photographs`: the generator `ffhq-mobile`, if `make faces` has installed it, and one photograph, if scikit-image is
  installed or its wheel is named with `--wheel`.

All ways but the encoder alone have the same time. So nothing else may run meanwhile, and there should be a core for
each of `--workers`. Finished runs are kept in `runs/projection`, by the hash of the encoder, and are not run again:
delete the folder after other changes of the library.
"""

import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.projection_faces import MODEL as FACES
from benchmarks.projection_faces import FaceStudio, FaceTask, photograph_of
from benchmarks.projection_runs import FIRST_SEED, Row, Source, Studio, Task, Way, carry_out
from benchmarks.report import DATA, FIGURES, arguments, folder, mean_and_error, save
from spaceseed.directions.cache import directions_of
from spaceseed.directions.sets import DirectionSet
from spaceseed.errors import CheckpointError
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.judges.encoder import ASSETS, FILE, has_encoder
from spaceseed.models.zoo.loading import load
from spaceseed.training.bundled.avatars import renders
from spaceseed.training.bundled.directions import ATTRIBUTES

KEPT = Path("runs/projection")
PARTS = ("avatars", "distances", "editing", "photographs")
PLAIN = "shift-tolerant"
ALONE, REFINED = Way("encoder", method=""), Way("encoder")
OTHERS = (
    Way("encoder", "w"),
    Way("encoder", distance=PLAIN),
    Way("encoder", "w", distance=PLAIN),
    Way("mean", distance=PLAIN),
    Way("seeds", distance=PLAIN),
    Way("atlas", distance=PLAIN),
    Way("mean", method="image2stylegan", distance=PLAIN),
    Way("mean", "w", method="ada", distance=PLAIN),
    Way("", "z", method="basin-cma", distance=PLAIN),
    Way("", "z", method="cma", distance=PLAIN),
)
DISTANCES = (PLAIN, "EfficientNet-lite0", "classifier", "pixels", REFINED.distance)
PROXIMITIES = (0.3, 0.1, 0.03, 0.01, 0.0)
EDITED = ("glasses", "beard", "eyes closed")  # bundled directions
AMOUNTS = tuple(0.5 * i for i in range(2, 13))
FLIPPED = 0.8  # share of random faces that an amount must give the attribute
FIGURE_NAMES = ("perceptual", "pixels", "similarity", "attributes", "w", "seconds", "steps", "milliseconds")


@dataclass(frozen=True)
class Size:
    """How many pictures, and how long.

    Attributes:
        alone: renders, and samples, for the encoder alone.
        renders: for refinement as the app does it.
        samples: for the same.
        few_renders: for all other ways.
        few_samples: for the same.
        random_faces: that say how far an edit goes.
        faces: samples of `ffhq-mobile`.
        seconds: the time of each run.
        face_seconds: the time of each run with `ffhq-mobile`.
        seeds: of which the nearest is a start.
        face_seeds: the same with `ffhq-mobile`.
    """

    alone: int = 200
    renders: int = 200
    samples: int = 24
    few_renders: int = 16
    few_samples: int = 8
    random_faces: int = 64
    faces: int = 6
    seconds: float = 5.0
    face_seconds: float = 90.0
    seeds: int = 1_000
    face_seeds: int = 16


QUICK = Size(2, 2, 1, 2, 1, 8, 1, seconds=0.3, face_seconds=1.0, seeds=16, face_seeds=2)


def tasks_of(part: str, size: Size) -> list[Task]:
    """Returns the runs of a part; parts share some."""

    def tasks(way: Way, **counts: int) -> list[Task]:
        seconds = size.seconds if way.method else 0.0
        return [Task(way, kind, i, seconds) for kind, count in counts.items() for i in range(count)]

    if part == "avatars":
        few = [task for way in OTHERS for task in tasks(way, renders=size.few_renders, samples=size.few_samples)]
        alone = tasks(ALONE, renders=size.alone, samples=size.alone)
        return [*alone, *tasks(REFINED, renders=size.renders, samples=size.samples), *few]
    ways = {"distances": by_distance(), "editing": by_proximity()}.get(part, {})
    return [task for way in ways.values() for task in tasks(way, renders=size.few_renders)]


def by_distance() -> dict[str, Way]:
    """Returns the ways that are compared by their distance."""
    return {name: replace(REFINED, distance=name) for name in DISTANCES}


def by_proximity() -> dict[str, Way]:
    """Returns the ways from the closest layers to those that may differ most."""
    ways = {f"w+, proximity {weight:g}": replace(REFINED, proximity=weight) for weight in PROXIMITIES}
    return {"w": replace(REFINED, space="w")} | ways


def summary(rows: Sequence[Row]) -> Row:
    """Returns the number of runs, and means with errors of all that they have."""
    names = [name for name in FIGURE_NAMES if name in rows[0]]
    return {"runs": len(rows)} | {name: mean_and_error([row[name] for row in rows]) for name in names}


Results = dict[Task, Row]


def of(results: Results, way: Way, kind: str, most: int | None = None) -> list[Row]:
    """Returns the results of a way on pictures of a kind, by number; only the first `most`."""
    found = {task.number: row for task, row in results.items() if (task.way, task.kind) == (way, kind)}
    return [found[i] for i in sorted(found)][:most]


def avatars(results: Results, size: Size, studio: Studio) -> dict[str, Any]:
    """Returns the figures of ways on renders and samples."""
    rows = []
    for way in (ALONE, REFINED, *OTHERS):
        kinds = {kind: summary(of(results, way, kind)) for kind in ("renders", "samples")}
        rows.append(asdict(way) | kinds)
    # The same few pictures for all ways, so that they can be compared.
    few = {
        f"{name}_{kind}": summary(of(results, way, kind, count))
        for name, way in (("alone", ALONE), ("refined", REFINED))
        for kind, count in (("renders", size.few_renders), ("samples", size.few_samples))
    }
    passes = sorted(1000 * row["seconds"] for kind in ("renders", "samples") for row in of(results, ALONE, kind))
    return {
        "seconds": size.seconds,
        "seeds": size.seeds,
        "atlas": len(studio.atlas),
        "attributes": len(studio.classifier.attributes),
        "pass_milliseconds": round(passes[len(passes) // 2], 1),
        "rows": rows,
        "few": few,
    }


def distances(results: Results, size: Size) -> dict[str, Any]:
    """Returns the figures of the distances."""
    rows = {name: summary(of(results, way, "renders", size.few_renders)) for name, way in by_distance().items()}
    return {"seconds": size.seconds, "rows": rows}


def shown(studio: Studio, ws: Tensor) -> list[dict[str, str]]:
    """Returns what the classifier sees in the images of styles."""
    return [word for part in ws.split(16) for word in studio.classifier.words(studio.generator.synthesize(part))]


def has(words: dict[str, str], name: str) -> bool:
    """Returns whether a face has one of `ATTRIBUTES`."""
    attribute, values = ATTRIBUTES[name]
    return words[attribute] in values


def kept_share(before: dict[str, str], after: dict[str, str], name: str) -> float:
    """Returns the share of the attributes besides that of an edit that it leaves as they were."""
    others = [before[key] == after[key] for key in before if key != ATTRIBUTES[name][0]]
    return sum(others) / len(others)


Edited = dict[str, list[tuple[bool, float]]]


def edited(
    studio: Studio, directions: DirectionSet, amounts: dict[str, float], ws: Tensor, without: Iterable[dict[str, str]]
) -> Edited:
    """Moves styles [N, num_ws, w_dim] along each direction.

    Args:
        studio: the networks.
        directions: the directions.
        amounts: how far, by name.
        ws: the styles.
        without: what is seen in N pictures; faces whose picture has the attribute are left out.

    Returns:
        by name: for each face whether it has the attribute now, and the share of the others that it kept.
    """
    words, before = list(without), shown(studio, ws)
    found: Edited = {}
    for name, amount in amounts.items():
        after = shown(studio, directions.apply(ws, name, amount))
        found[name] = [
            (has(new, name), kept_share(old, new, name))
            for old, new, picture in zip(before, after, words, strict=True)
            if not has(picture, name)
        ]
    return found


def strength(studio: Studio, directions: DirectionSet, name: str, ws: Tensor) -> float:
    """Returns the smallest amount that gives the attribute to most random faces, or that which gives it to the most."""
    before, shares = shown(studio, ws), {}
    for amount in AMOUNTS:
        its = edited(studio, directions, {name: amount}, ws, before)[name]
        shares[amount] = sum(became for became, _ in its) / max(1, len(its))
        if shares[amount] >= FLIPPED:
            return amount
    return max(shares, key=lambda amount: shares[amount])


def edits(found: Edited) -> Row:
    """Returns means of what edits did."""
    every = [pair for pairs in found.values() for pair in pairs]
    return {
        "edits": len(every),
        "became": mean_and_error([float(became) for became, _ in every]) if every else (0.0, 0.0),
        "kept": mean_and_error([kept for _, kept in every]) if every else (0.0, 0.0),
        "each": {
            name: round(sum(became for became, _ in pairs) / len(pairs), 3) for name, pairs in found.items() if pairs
        },
    }


@torch.no_grad()
def editing(results: Results, size: Size, studio: Studio) -> dict[str, Any]:
    """Returns the figures of closeness and of edits."""
    directions = directions_of(studio.generator, "attributes")
    first = FIRST_SEED + 10_000
    z = latents_from_seeds(range(first, first + size.random_faces), studio.generator.z_dim)
    ws = studio.generator.map(z)
    amounts = {name: strength(studio, directions, name, ws) for name in EDITED}
    pictures = studio.classifier.words(studio.renders[: size.few_renders])
    rows = {}
    for name, way in by_proximity().items():
        its = of(results, way, "renders", size.few_renders)
        styles = torch.tensor([row["ws"] for row in its])
        rows[name] = summary(its) | edits(edited(studio, directions, amounts, styles, pictures))
    return {
        "seconds": size.seconds,
        "amounts": amounts,
        "flipped": FLIPPED,
        "random_faces": size.random_faces,
        "random": edits(edited(studio, directions, amounts, ws, shown(studio, ws))),
        "rows": rows,
    }


def photographs(args: Any, size: Size, kept: Path | None) -> dict[str, Any]:
    """Returns the figures of photographs, or "missing": why there are none."""
    try:
        load(FACES, device="cpu")
    except CheckpointError as error:
        print(error)
        return {"missing": f"`{FACES}` was not installed (`make faces` installs it)."}
    pixels = photograph_of(args.wheel)
    numbers = [*range(size.faces), *[None] * (pixels is not None)]
    tasks = [FaceTask(number, size.face_seconds, size.face_seeds) for number in numbers]
    results = carry_out(FaceStudio, (pixels,), tasks, args.workers, kept)
    own = [results[task] for task in tasks if task.number is not None]
    figures: dict[str, Any] = {
        "model": FACES,
        "most_seconds": size.face_seconds,
        "seeds": size.face_seeds,
        "side": own[0]["side"],
        "samples": _with_start(own),
    }
    if pixels is not None:
        figures["photograph"] = _with_start([results[tasks[-1]]])
    return figures


def _with_start(rows: Sequence[Row]) -> Row:
    """Returns a summary of runs, and in it "start": that of what they began with."""
    return summary(rows) | {"start": summary([row["start"] for row in rows])}


def measure(args: Any, size: Size) -> dict[str, Any]:
    """Returns the figures of the parts that were asked for."""
    figures: dict[str, Any] = {}
    parts: tuple[str, ...] = args.only
    kept = None
    if set(parts) - {"photographs"}:
        renders("held_out", args.data)  # draws them once, before workers want them
        encoder = ASSETS / args.encoder / FILE if has_encoder(args.encoder) else Path(args.encoder)
        if encoder.is_file() and not args.quick:
            kept = KEPT / hashlib.sha256(encoder.read_bytes()).hexdigest()[:12]
        source = Source(args.encoder, args.data, size.seeds)
        studio = Studio(source)
        tasks = list(dict.fromkeys(task for part in parts for task in tasks_of(part, size)))
        random.Random(0).shuffle(tasks)  # so that a slow minute does not hit one way alone
        results = carry_out(Studio, (source,), tasks, args.workers, kept)
        if "avatars" in parts:
            figures["avatars"] = avatars(results, size, studio)
        if "distances" in parts:
            figures["distances"] = distances(results, size)
        if "editing" in parts:
            figures["editing"] = editing(results, size, studio)
    if "photographs" in parts:
        figures["photographs"] = photographs(args, size, None if args.quick else KEPT / FACES)
    return figures


def main() -> None:
    """Measures, and writes the results once there are all parts."""
    parser = arguments(__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the rendered faces; drawn when missing")
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--only", default=PARTS, type=_parts, metavar="PART,PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--encoder", default="avatars", help="another encoder's file")
    parser.add_argument("--wheel", type=Path, help="a wheel of scikit-image, whose photograph is used")
    args = parser.parse_args()
    path = folder(args, FIGURES) / "projection.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    measured = known | measure(args, QUICK if args.quick else Size())
    figures = {part: measured[part] for part in PARTS if part in measured}
    if args.quick or len(figures) == len(PARTS):
        save(args, "projection", figures)
    else:
        path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        print(f"No page yet: {', '.join(part for part in PARTS if part not in figures)} missing.")


def _parts(words: str) -> tuple[str, ...]:
    chosen = tuple(words.split(","))
    if unknown := set(chosen) - set(PARTS):
        raise ValueError(unknown)
    return chosen


if __name__ == "__main__":
    main()

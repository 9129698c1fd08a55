"""Runs of the study `projection`: one picture, one way, and a time that is kept.

    studio = Studio(Source())
    studio.run(Task(Way("encoder"), "renders", 0, seconds=5.0))      # how near it came

The time counts from the picture to the last step. Before it a worker loads its networks and measures how long a step
takes, so that a schedule of so many steps ends when the time does.
"""

import hashlib
import json
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from benchmarks.distances import classifier_distance, efficientnet_distance, pixel_distance
from benchmarks.report import DATA
from spaceseed.atlas.atlas import Atlas
from spaceseed.batches import batch_size
from spaceseed.images import from_uint8
from spaceseed.inversion.projection import Projection, project, w_statistics
from spaceseed.inversion.reconstruction import PIXELS, Distance, Target, pixel_error
from spaceseed.inversion.starts import TRUNCATION
from spaceseed.metrics.similarity import structural_similarity
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.judges.classifier import load_classifier
from spaceseed.models.judges.clip import load_judge
from spaceseed.models.judges.encoder import load_encoder
from spaceseed.models.judges.perceptual import DISTANCES, load_distance
from spaceseed.models.zoo.loading import load
from spaceseed.training.bundled.avatars import renders

MODEL = "avatars"
FIRST_SEED = 4_000_000  # of the samples; nothing was learned or tuned on these
TRIED = 3  # steps that say how long a step takes
COMPARED = 16  # renders that say how large a distance is

Row = dict[str, Any]


@dataclass(frozen=True)
class Way:
    """How a picture is looked for.

    Attributes:
        start: "encoder", "mean", "seeds" (the nearest of many), "atlas" (the seed that the judge finds nearest), or
            "" in z.
        space: as in `project`.
        method: as in `project`; "" for the start alone.
        distance: a name of `Studio.distance`.
        proximity: as in `project`.
    """

    start: str
    space: str = "w+"
    method: str = "adam"
    distance: str = "avatars"
    proximity: float = 0.0


@dataclass(frozen=True)
class Task:
    """One way on one picture: the number of a held-out render, or of a sample of the generator."""

    way: Way
    kind: str
    number: int
    seconds: float

    @property
    def words(self) -> str:
        """What a line of progress says."""
        return f"{self.kind} {self.number:3} {', '.join(map(str, asdict(self.way).values()))}"


@dataclass(frozen=True)
class Source:
    """Where encoder and renders are, and of how many seeds the nearest is a start."""

    encoder: str = MODEL
    data: Path = DATA
    seeds: int = 1_000


class Studio:
    """All networks and pictures; a worker's own.

    Attributes:
        generator: the generator.
        classifier: the classifier, which no way optimises, but for one of the distances.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.generator, self.classifier = load(MODEL, device="cpu"), load_classifier(MODEL)
        self.judge, self.encoder = load_judge(MODEL, device="cpu"), load_encoder(source.encoder, device="cpu")
        self.atlas = Atlas.open(MODEL, self.judge)
        _, self._spread = w_statistics(self.generator)
        self._paces: dict[Way, tuple[float, float]] = {}  # seconds before the first step is done, and for each step
        self.distance = cache(self._distance)

    @cached_property
    def renders(self) -> Tensor:
        """All held-out renders, [n, 3, 64, 64]."""
        return from_uint8(renders("held_out", self._source.data).images)

    def styles(self, number: int) -> Tensor:
        """Returns the styles of a sample, [1, num_ws, w_dim]."""
        return self.generator.map(latents_from_seeds([FIRST_SEED + number], self.generator.z_dim))

    @torch.no_grad()
    def picture(self, kind: str, number: int) -> Tensor:
        """Returns a picture, [1, 3, 64, 64]."""
        if kind == "renders":
            return self.renders[number : number + 1]
        return self.generator.synthesize(self.styles(number)).clamp(-1, 1)

    def _distance(self, name: str) -> Distance:
        if name in DISTANCES:
            return load_distance(name)
        make = {
            "EfficientNet-lite0": efficientnet_distance,
            "classifier": lambda: classifier_distance(self.classifier),
            "pixels": pixel_distance,
        }
        return make[name]().scaled(self.renders[-COMPARED:], load_distance("avatars"))

    @cached_property
    def _seeds(self) -> tuple[Tensor, Tensor, list[Tensor]]:
        """The styles of the seeds, their images, and these as the shift-tolerant distance sees them."""
        z = latents_from_seeds(range(self._source.seeds), self.generator.z_dim)
        ws = self.generator.truncate(self.generator.map(z), TRUNCATION)
        distance = self.distance("shift-tolerant")
        parts = [self.generator.synthesize(part) for part in ws.split(batch_size(self.generator))]
        maps = zip(*(distance.embed(part) for part in parts), strict=True)
        return ws, torch.cat(parts), [torch.cat(level) for level in maps]

    @torch.no_grad()
    def start(self, name: str, picture: Tensor) -> Tensor | None:
        """Returns the styles [1, num_ws, w_dim] of a start; None for the mean."""
        if name == "encoder":
            return self.encoder(picture)
        if name == "seeds":
            # As `nearest_seed` finds it, but the images are drawn and embedded once for all pictures.
            ws, images, maps = self._seeds
            distance, target = self.distance("shift-tolerant"), Target.of(self.generator, picture)
            losses = distance.between(maps, distance.embed(picture)) + PIXELS * pixel_error(images, target)
            return ws[losses.argmin()][None]
        if name == "atlas":
            seeds, _ = self.atlas.query(picture, 1)
            z = latents_from_seeds(seeds, self.generator.z_dim)
            return self.generator.map(z, truncation=self.atlas.make.truncation)
        return None

    def _steps(self, way: Way, picture: Tensor, start: Tensor | None, steps: int) -> Iterator[Projection]:
        return project(
            self.generator, picture, space=way.space, method=way.method, steps=steps,
            distance=self.distance(way.distance), start=start, proximity=way.proximity,
        )  # fmt: skip

    def _pace(self, way: Way, picture: Tensor) -> tuple[float, float]:
        self.start(way.start, picture)  # loads what it needs
        self.distance(way.distance)
        began = time.monotonic()
        states = self._steps(way, picture, self.start(way.start, picture), 40)
        next(states)
        first = time.monotonic()
        count = sum(1 for _ in islice(states, TRIED))
        return first - began, (time.monotonic() - first) / count

    def run(self, task: Task) -> Row:
        """Returns how near the best image of one run came, and its styles."""
        way, picture = task.way, self.picture(task.kind, task.number)
        if not way.method:
            self.start(way.start, picture)
            began = time.monotonic()
            ws = self.start(way.start, picture)
            row: Row = {"seconds": time.monotonic() - began, "steps": 0}
            assert ws is not None
        else:
            first, each = self._paces.get(way) or self._pace(way, picture)
            steps = 1 + max(1, int((task.seconds - first) / each))
            times = [time.monotonic()]
            start = self.start(way.start, picture)
            for state in self._steps(way, picture, start, steps):
                times.append(time.monotonic())
                best = state
                if len(times) > 2 and times[-1] + each - times[0] > task.seconds:
                    break
            # The next run of this way is planned with what this one took.
            self._paces[way] = times[1] - times[0], (times[-1] - times[1]) / (len(times) - 2)
            row = {"seconds": times[-1] - times[0], "steps": best.step, "milliseconds": 1000 * self._paces[way][1]}
            ws = best.ws
        if task.kind == "samples":
            row["w"] = float((ws - self.styles(task.number)).square().sum(dim=2).mean()) / self._spread**2
        return row | self.near(picture, ws) | {"ws": ws[0].tolist()}

    @torch.no_grad()
    def near(self, picture: Tensor, ws: Tensor) -> Row:
        """Returns how near the image of styles is to a picture."""
        image = self.generator.synthesize(ws).clamp(-1, 1)
        distance = self.distance("shift-tolerant")
        seen = [self.classifier.words(x)[0] for x in (image, picture)]
        return {
            "perceptual": float(distance.between(distance.embed(image), distance.embed(picture))),
            "pixels": float(pixel_error(image, Target.of(self.generator, picture))),
            "similarity": float(structural_similarity(image, picture)),
            "attributes": sum(seen[0][name] == word for name, word in seen[1].items()) / len(seen[1]),
        }


class Work(Protocol):
    """Something to run, with words for a line of progress."""

    @property
    def words(self) -> str: ...


_workers: list[Any] = []  # a worker's own


def _begin(make: Callable[..., Any], *its: Any) -> None:
    torch.set_num_threads(1)
    _workers[:] = [make(*its)]


def _work(task: Any) -> tuple[Any, Row]:
    return task, _workers[0].run(task)


def carry_out(
    make: Callable[..., Any], its: tuple[Any, ...], tasks: Sequence[Any], workers: int, kept: Path | None
) -> dict[Any, Row]:
    """Runs tasks in processes of one thread each, and prints a line for each.

    Args:
        make: makes what runs a task, in each process.
        its: arguments of `make`.
        tasks: what to run.
        workers: number of processes.
        kept: folder of results. A task whose result is there is not run again.
    """
    results: dict[Any, Row] = {}
    files = {task: f"{hashlib.sha256(repr(task).encode()).hexdigest()[:24]}.json" for task in tasks}
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        known = {task: kept / file for task, file in files.items() if (kept / file).exists()}
        results = {task: json.loads(path.read_text()) for task, path in known.items()}
    missing = [task for task in files if task not in results]
    if not missing:
        return results
    began = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(workers, _begin, (make, *its)) as pool:
        for task, row in pool.imap_unordered(_work, missing):
            results[task] = row
            if kept is not None:
                (kept / files[task]).write_text(json.dumps(row))
            figures = f"{row['similarity']:.3f} in {row['seconds']:.2f} s, {row['steps']} steps"
            progress = f"{len(results)}/{len(files)} {time.monotonic() - began:5.0f} s"
            print(f"{progress}  {task.words:60} {figures}", flush=True)
    return results

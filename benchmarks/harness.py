"""What every method of a comparison gets: the same networks, the same wish, and a budget that is kept exactly.

    trial = Trial(Networks(), wish, budget=500)
    trial.run(method, seed=0)                     # method(trial, seed) scores latents until the budget is spent
    trial.outcome(500)                            # best score, what two classifiers confirm in it, diversity

A method calls `trial(vectors)` for scores, as often as it likes. The image that would go over the budget is not drawn:
`Spent` is raised instead, through whatever package called. A method that evaluates by itself tells the trial what it
would show a visitor, with `trial.show`.
"""

import contextlib
import hashlib
import json
import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.witness import load_witness
from spaceseed.atlas.atlas import Atlas
from spaceseed.batches import batch_size
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator
from spaceseed.models.judges.classifier import load_classifier
from spaceseed.models.judges.clip import load_judge
from spaceseed.models.zoo.loading import load
from spaceseed.training.bundled.avatars import Avatar
from spaceseed.training.bundled.captions import AskedPrompt

TRUNCATION = 0.7
TOP = 8
# Distances between finds are given in units of the mean distance between these many random faces.
REFERENCE_SEEDS = range(128)

Method = Callable[["Trial", int], None]


class Spent(Exception):  # noqa: N818 - an end, not an error
    """The budget is used up."""


class Networks:
    """A generator (by default the bundled one), judge, classifier and latent spaces; nothing is drawn twice.

    Drawing depends only on the latents. So the first faces of a seed, with which every prompt begins, and all faces of
    random search are drawn once. Whole batches are kept, because a batch that is split in another way rounds
    differently.
    """

    def __init__(self, generator: Generator | None = None) -> None:
        self.generator = generator or load("avatars", device="cpu")
        self.judge = load_judge("avatars")
        self.classifier = load_classifier("avatars")
        self.witness = load_witness()
        self.atlas = Atlas.open("avatars", self.judge)
        self.spaces = {name: LatentSpace(self.generator, name, TRUNCATION) for name in ("z", "w", "ws")}
        self._embedded: dict[tuple[str, bytes], Tensor] = {}
        features = self.classifier.features(self.draw("z", self.spaces["z"].draw(REFERENCE_SEEDS)))
        self.typical_distance = spread(features)

    @torch.no_grad()
    def draw(self, space: str, vectors: Tensor) -> Tensor:
        """Draws images [n, 3, H, W] of vectors [n, dims]."""
        parts = vectors.split(batch_size(self.generator))
        return torch.cat([self.generator.synthesize(self.spaces[space].ws(part)) for part in parts])

    def embed(self, space: str, vectors: Tensor) -> Tensor:
        """Returns the judge's embeddings [n, d]; differentiable if `vectors` want gradients."""
        if vectors.requires_grad:
            return self.judge.embed_images(self.generator.synthesize(self.spaces[space].ws(vectors)))
        parts = []
        for part in vectors.split(batch_size(self.generator)):
            key = space, part.numpy().tobytes()
            if key not in self._embedded:
                with torch.no_grad():
                    self._embedded[key] = self.judge.embed_images(self.draw(space, part))
            parts.append(self._embedded[key])
        return torch.cat(parts)


@dataclass(frozen=True)
class Outcome:
    """What a method has found after so many evaluations.

    Attributes:
        score: cosine of the best image and the wish.
        confirmed: share of the asked attributes that the bundled classifier sees in the best image.
        witnessed: the same, by the second classifier.
        top_spread: mean distance among the best 8 images in the classifier's features; 1 is as among random faces.
    """

    score: float
    confirmed: float
    witnessed: float
    top_spread: float


class Trial:
    """One method's run on one wish.

    Attributes:
        networks: where spaces and networks can be had.
        scores: of everything evaluated so far.
    """

    def __init__(self, networks: Networks, prompt: AskedPrompt, budget: int) -> None:
        self.networks, self.prompt, self.budget = networks, prompt, budget
        self.scores: list[float] = []
        self._wanted = networks.judge.embed_text(prompt.text)[0]
        self._space = "z"
        self._vectors: list[Tensor] = []
        self._shown: list[tuple[int, Tensor]] = []

    def run(self, method: Method, seed: int) -> None:
        """Lets the method search until the budget is spent, or until it has shown all that it would."""
        with contextlib.suppress(Spent):
            method(self, seed)
        assert self._shown or len(self.scores) == self.budget, "a method stopped before its budget was spent"

    def __call__(self, vectors: Any, space: str = "z") -> Tensor:
        """Returns scores [n] of vectors [n, dims], higher is better; with gradients if the vectors want them.

        A run stays in one space.

        Raises:
            Spent: the budget did not suffice for all; the first ones that it did suffice for are counted.
        """
        rows = torch.as_tensor(vectors, dtype=torch.float32)
        affordable = rows[: self.budget - len(self.scores)]
        scores = torch.empty(0)
        if len(affordable):
            scores = self.networks.embed(space, affordable) @ self._wanted
            scores = scores - self.networks.spaces[space].penalty(affordable)
            self.scores += scores.tolist()
            self._space = space
            self._vectors += affordable.detach().clone()
        if len(affordable) < len(rows):
            raise Spent
        return scores

    def show(self, evaluations: int, images: Tensor) -> None:
        """Notes what a visitor would see after so many evaluations: the best images [n, 3, H, W], best first.

        Raises:
            Spent: the budget is used up; what is shown beyond it does not count.
        """
        if evaluations > self.budget:
            raise Spent
        self._shown.append((evaluations, images))

    @torch.no_grad()
    def images(self, evaluations: int) -> Tensor:
        """Returns the best 8 images, best first, after the first `evaluations`."""
        if self._shown:
            return next(images for count, images in reversed(self._shown) if count <= evaluations)
        best = torch.tensor(self.scores[:evaluations]).argsort(descending=True, stable=True)[:TOP].tolist()
        return self.networks.draw(self._space, torch.stack([self._vectors[i] for i in best]))

    @torch.no_grad()
    def outcome(self, evaluations: int) -> Outcome:
        """Returns what was found after the first `evaluations`."""
        networks, images = self.networks, self.images(evaluations)
        features = networks.classifier.features(images) / networks.typical_distance
        seen = [Avatar(**judge.words(images[:1])[0]) for judge in (networks.classifier, networks.witness)]
        return Outcome(
            score=float(networks.judge.embed_images(images[:1])[0] @ self._wanted),
            confirmed=self.prompt.confirmed(seen[0]),
            witnessed=self.prompt.confirmed(seen[1]),
            top_spread=spread(features) if len(features) > 1 else 0.0,
        )


def spread(features: Tensor) -> float:
    """Returns the mean distance between two different rows of features [n, d]."""
    return torch.pdist(features).mean().item()


@dataclass(frozen=True)
class Run:
    """One task of a comparison: a method, a wish, a seed, and after how many evaluations to look."""

    name: str
    method: Method
    prompt: AskedPrompt
    seed: int
    budgets: tuple[int, ...]

    @property
    def file(self) -> str:
        """Name of the file that keeps the result."""
        made = json.dumps([self.name, self.prompt.text, self.seed, self.budgets])
        return f"{hashlib.sha256(made.encode()).hexdigest()[:24]}.json"


Result = tuple[Run, dict[int, Outcome]]
_networks: list[Networks] = []  # a worker's own


def compare(runs: Sequence[Run], workers: int, kept: Path | None = None) -> list[Result]:
    """Runs all, in processes of one thread each, and prints a line for each; results are in the order of `runs`.

    Args:
        runs: what to run.
        workers: number of processes.
        kept: folder of results. A run whose result is there is not run again, so that a study of hours can be ended
            and continued.
    """
    results = {}
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        for run in runs:
            if (kept / run.file).exists():
                looks = json.loads((kept / run.file).read_text())
                results[run.file] = run, {int(budget): Outcome(**look) for budget, look in looks.items()}
    missing = [run for run in runs if run.file not in results]
    began = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(workers, torch.set_num_threads, (1,)) as pool:
        for run, outcomes in pool.imap_unordered(_work, missing):
            results[run.file] = run, outcomes
            if kept is not None:
                (kept / run.file).write_text(json.dumps({budget: asdict(look) for budget, look in outcomes.items()}))
            scores = "  ".join(f"{outcome.score:.4f} at {budget}" for budget, outcome in outcomes.items())
            progress = f"{len(results)}/{len(runs)} {time.monotonic() - began:5.0f} s"
            print(f"{progress}  {run.name:32} {run.prompt.text:32} {scores}", flush=True)
    return [results[run.file] for run in runs]


def _work(run: Run) -> Result:
    if not _networks:
        _networks.append(Networks())
    trial = Trial(_networks[0], run.prompt, max(run.budgets))
    trial.run(run.method, run.seed)
    return run, {budget: trial.outcome(budget) for budget in run.budgets}

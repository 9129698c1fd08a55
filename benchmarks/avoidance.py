"""Do filters avoid broken faces, and at what price? `python -m benchmarks.avoidance --data runs/data`.

`redrawn` says what is broken. It reads a face with a classifier, and there are two of these. The *labeller* uses the
bundled classifier. It makes the marks: as many of its worst tenth as of its better half. The *held-out judge* uses a
classifier that is trained here, from another seed. It decides what counts as broken in the results: the worst tenth of
fresh faces. No filter is trained on it or on its faces.

Filters of all methods learn in z and in w: from 10 to 1,000 labels, from 100 labels of which a tenth is wrong, and from
the 1,000 faces that the classifier was least and most sure about. All filters are compared on the same fresh faces: a
filter keeps those that it allows. This is exactly what it draws by "reject" in z, and by "truncate". Then the samplers
and plain truncation draw, and they are compared at equal diversity.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.avoidance_plot import Row, plot
from benchmarks.report import DATA, PAGES, arguments, folder, mean_and_error, save
from spaceseed.filters.filter import SAMPLERS, SPACES, LatentFilter
from spaceseed.latent_space import LatentSpace
from spaceseed.metrics.distances import frechet_distance, precision_recall
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.judges.classifier import load_classifier
from spaceseed.models.zoo.loading import load
from spaceseed.ops.discriminant import ESTIMATORS
from spaceseed.ops.validation import area_under_curve
from spaceseed.training.bundled.avatars import Renders, renders
from spaceseed.training.bundled.classifier import train
from spaceseed.training.bundled.figures import render_features
from spaceseed.training.bundled.redrawn import Redrawn, sureness

BATCH = 50
LABELLED, FRESH, OTHERS = 5_000_000, 6_000_000, 7_000_000  # first seeds
BROKEN = 0.1
WRONG = 0.1
KEEPS = (0.9, 0.75, 0.5)
KEEP = 0.75
TRUNCATIONS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)


@dataclass(frozen=True)
class Size:
    """How many faces are labelled, fresh and drawn, how many renders are learned from, and which label counts."""

    labelled: int = 6_000
    fresh: int = 4_000
    drawn: int = 1_000
    renders: int | None = None
    learned: int = 15_000
    epochs: int = 3
    batch: int = 128
    labels: tuple[int, ...] = (10, 30, 100, 1_000)
    visitor: int = 100
    seeds: int = 3


@dataclass(frozen=True)
class Faces:
    """Faces as vectors of z and of w, with their features and scores."""

    vectors: dict[str, Tensor]
    features: Tensor
    scores: Tensor


class Study:
    """The generator, the classifiers, and the faces on which everything is measured."""

    def __init__(self, data: Path, size: Size) -> None:
        self.size = size
        self.generator = load("avatars", device="cpu")
        self.classifier = load_classifier("avatars")
        self.spaces = {name: LatentSpace(self.generator, name, truncation=1.0) for name in SPACES}
        learned = renders("train", data)
        learned = Renders(learned.images[: size.learned], learned.avatars[: size.learned])
        self.judge = Redrawn(train(learned, size.epochs, size.batch, rate=4e-3, seed=1).requires_grad_(False))
        self.labeller = Redrawn(self.classifier)
        self.real = render_features("held_out", data, self.classifier, size.renders)
        self.other_real = render_features("held_out_2", data, self.classifier, size.drawn)
        self.others = self.faces(OTHERS, size.drawn, lambda images: torch.zeros(len(images))).features
        self.fresh = self.faces(FRESH, size.fresh, self.judge)
        self.limit = float(self.fresh.scores.quantile(BROKEN))
        print("fresh faces judged", flush=True)

    def faces(self, first: int, count: int, score: Callable[[Tensor], Tensor]) -> Faces:
        """Returns the faces of `count` seeds at truncation 1."""
        z = latents_from_seeds(range(first, first + count), self.generator.z_dim)
        vectors = {name: space.from_z(z) for name, space in self.spaces.items()}
        return Faces(vectors, *self.look(self.spaces["z"], vectors["z"], score))

    def look(self, space: LatentSpace, vectors: Tensor, score: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """Returns the classifier's features [n, d] of the images of vectors [n, dims], and their scores [n]."""
        seen = []
        for part in vectors.split(BATCH):
            images = space.images(part)
            seen.append((self.classifier.features(images), score(images)))
        features, scores = zip(*seen, strict=True)
        return torch.cat(features), torch.cat(scores)

    def measure(self, features: Tensor, scores: Tensor) -> Row:
        """Returns the share of broken faces among all, and the distances of the first ones, always the same number."""
        features = features[: self.size.drawn]
        return {
            "broken": float((scores < self.limit).float().mean()),
            "frechet_distance": frechet_distance(self.real, features),
            "diversity": precision_recall(self.others, features)[1],
        }

    def compare(self, features: Tensor, scores: Tensor) -> Row:
        """Returns the same, with precision and recall against renders."""
        precision, recall = precision_recall(self.real, features[: self.size.drawn])
        return {**self.measure(features, scores), "precision": precision, "recall": recall}

    def learn(
        self, space: str, given: dict[str, tuple[Tensor, Tensor]], method: str, how: str | None = None
    ) -> LatentFilter:
        """Returns the filter that is fitted to these examples in a space."""
        return LatentFilter.fit(*given[space], method, how=how, keep=KEEP, space=self.spaces[space])

    def kept(self, avoid: LatentFilter, keep: float = KEEP) -> Row:
        """Returns figures of the fresh faces that a filter keeps if it allows this share of all."""
        scores = avoid.discriminant.score(self.fresh.vectors[avoid.space])
        allowed = scores <= avoid.discriminant.quantile(keep)
        broken = self.fresh.scores < self.limit
        auc = area_under_curve(scores[broken], scores[~broken])
        features, kept = self.fresh.features[allowed], float(allowed.float().mean())
        return {
            "auc": auc,
            "kept": kept,
            "bald": self.bald(features),
            **self.measure(features, self.fresh.scores[allowed]),
        }

    def bald(self, features: Tensor) -> float:
        """Returns the share of bald faces, which both judges score highest, from features [n, d]."""
        likeliest = self.classifier.heads["hair"](features).argmax(dim=1)
        return float((likeliest == self.classifier.attributes["hair"].index("bald")).float().mean())

    def drawn(self, avoid: LatentFilter) -> Row:
        """Returns figures of what a filter draws from the first fresh seeds."""
        count, space = self.size.drawn, self.spaces[avoid.space]
        features, scores = self.fresh.features[:count].clone(), self.fresh.scores[:count].clone()
        before = self.fresh.vectors[avoid.space][:count]
        vectors = avoid.apply(before, keys=self.fresh.vectors["z"][:count])
        changed = (vectors != before).any(dim=1)
        features[changed], scores[changed] = self.look(space, vectors[changed], self.judge)
        return self.compare(features, scores)

    def truncated(self, truncation: float) -> Row:
        """Returns figures of what plain truncation draws from the first fresh seeds."""
        space = LatentSpace(self.generator, "z", truncation)
        return self.compare(*self.look(space, self.fresh.vectors["z"][: self.size.drawn], self.judge))


def marks(scores: Tensor, count: int, wrong: float, seed: int) -> tuple[Tensor, Tensor]:
    """Returns indices of bad and of good faces, `count` in all, half of each; a share `wrong` is swapped."""
    rng, order = torch.Generator().manual_seed(seed), scores.argsort(stable=True)
    halves = (order[: round(BROKEN * len(order))], order[len(order) // 2 :])
    chosen = torch.cat([half[torch.randperm(len(half), generator=rng)[: count // 2]] for half in halves])
    bad = torch.arange(len(chosen)) < count // 2
    bad[torch.randperm(len(chosen), generator=rng)[: round(wrong * len(chosen))]] ^= True
    return chosen[bad], chosen[~bad]


def examples(study: Study) -> dict[str, list[dict[str, tuple[Tensor, Tensor]]]]:
    """Returns bad and good vectors to learn from, by label set, repetition and space."""
    size = study.size
    sure: list[Tensor] = []

    def score(images: Tensor) -> Tensor:
        sure.append(sureness(study.classifier, images))
        return study.labeller(images)

    labelled = study.faces(LABELLED, size.labelled, score)
    print("faces labelled", flush=True)
    most = size.labels[-1]
    sets = {f"{count:,}": (labelled.scores, count, 0.0) for count in size.labels}
    sets[f"{size.visitor:,}, a tenth wrong"] = labelled.scores, size.visitor, WRONG
    sets[f"{most:,} by sureness"] = torch.cat(sure), most, 0.0
    found: dict[str, list[dict[str, tuple[Tensor, Tensor]]]] = {}
    for name, (scores, count, wrong) in sets.items():
        for seed in range(size.seeds):
            bad, good = marks(scores, count, wrong, seed)
            found.setdefault(name, []).append({space: (v[bad], v[good]) for space, v in labelled.vectors.items()})
    return found


def summary(rows: list[Row]) -> Row:
    """Returns mean and standard error of each figure over repetitions."""
    return {name: mean_and_error([row[name] for row in rows]) for name in rows[0]}


def beside(row: Row, truncations: dict[str, Row]) -> Row:
    """Adds the figures of plain truncation at equal diversity, interpolated between its rows."""
    points = sorted(truncations.values(), key=lambda point: point["diversity"])
    x = [point["diversity"] for point in points]
    for name in ("broken", "frechet_distance"):
        row[f"truncation_{name}"] = float(np.interp(row["diversity"][0], x, [point[name] for point in points]))
    return row


def results(study: Study) -> Row:
    """Returns all figures."""
    size, fresh = study.size, study.fresh
    both = study.look(study.spaces["z"], fresh.vectors["z"][: size.drawn], study.labeller)[1]
    broken = fresh.scores[: size.drawn] < study.limit
    figures: Row = {
        "faces": {"fresh": size.fresh, "drawn": size.drawn, "renders": len(study.real)},
        "repetitions": size.seeds,
        "broken": BROKEN,
        "keep": KEEP,
        "floor": frechet_distance(study.real, study.other_real),
        "bald": study.bald(fresh.features),
        "judges_agree": area_under_curve(-both[broken], -both[~broken]),
        "truncation": {f"{psi:g}": study.truncated(psi) for psi in TRUNCATIONS},
    }
    print("truncations drawn", flush=True)
    sets, figures["filters"] = examples(study), {}
    for name, repetitions in sets.items():
        for space in SPACES:
            for method in ESTIMATORS:
                learned = [study.learn(space, given, method) for given in repetitions]
                row = summary([study.kept(avoid) for avoid in learned])
                row["claimed_auc"] = mean_and_error([avoid.auc for avoid in learned])
                figures["filters"].setdefault(name, {}).setdefault(space, {})[method] = row
        print(f"learned from {name}", flush=True)
    most = f"{size.labels[-1]:,}"
    figures["curves"], figures["samplers"] = {}, {}
    for space in SPACES:
        rows = figures["filters"][most][space]
        best = min(rows, key=lambda method: rows[method]["broken"][0])
        learned = [study.learn(space, given, best) for given in sets[most]]
        curve = {f"{keep:g}": summary([study.kept(avoid, keep) for avoid in learned]) for keep in KEEPS}
        figures["curves"][f"{best}, {space}"] = {
            keep: beside(row, figures["truncation"]) for keep, row in curve.items()
        }
        for how in SAMPLERS:
            row = summary([study.drawn(study.learn(space, given, "logistic", how)) for given in sets[most]])
            figures["samplers"][f"{how}, {space}"] = beside(row, figures["truncation"])
            print(f"{how} in {space}: {row['broken']}", flush=True)
    return figures


def strips(study: Study) -> dict[str, np.ndarray]:
    """Returns rows of fresh faces that show what broken means, each [64, 64 n, 3] in [0, 1]."""
    order, border = study.fresh.scores.argsort(), int((study.fresh.scores < study.limit).sum())
    shown = {"worst": order[:24], "just not broken": order[border : border + 24], "best": order[-24:]}
    found = {}
    for name, indices in shown.items():
        images = study.spaces["z"].images(study.fresh.vectors["z"][indices]).clamp(-1, 1)
        found[name] = ((images + 1) / 2).permute(2, 0, 3, 1).flatten(1, 2).numpy()
    return found


def main() -> None:
    """Runs the study."""
    parser = arguments(__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the rendered faces; drawn when missing")
    args = parser.parse_args()
    quick = Size(40, 24, 8, 100, learned=64, epochs=1, batch=16, labels=(6,), visitor=6, seeds=1)
    study = Study(args.data, quick if args.quick else Size())
    figures = results(study)
    plot(figures, strips(study), folder(args, PAGES) / "avoidance.png")
    save(args, "avoidance", figures)


if __name__ == "__main__":
    main()

"""Does avoiding the bad make a generator better? `python -m benchmarks.avoidance --data runs/data`.

Filters of every method learn for two generators: `avatars-pggan`, which draws many damaged faces, and `avatars`, which
draws hardly any. A filter keeps a share of fresh draws, and what it keeps is compared with the draws as they are, at
equal numbers.

Nothing that teaches measures. Filters see images through the bundled judge, and compare with its embeddings of renders.
The measures are distances to other renders, in the features of three networks that took no part: the *witness*, which
has another architecture than the judge and has seen no generator's images, the bundled *classifier* of avatars, and a
classifier of photographs (EfficientNet-lite0). Marks are made by a simulated
*visitor*. What is broken in the end is said by a *judge* (`benchmarks.damage`), who differs from the visitor in
architecture and training.

`--stages` names a folder of generators from other moments of the training, `NAME/avatars-pggan/generator.safetensors`.
While it trains, `python -m spaceseed.training.bundled.generator --only avatars-pggan --pack --out FOLDER/NAME` saves
one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.avoidance_plot import plot
from benchmarks.damage import load_detector
from benchmarks.report import DATA, PAGES, arguments, folder, mean_and_error, save
from benchmarks.witness import load_witness
from spaceseed.filters.filter import LatentFilter
from spaceseed.filters.marking import propose
from spaceseed.filters.reweighting import Likelihood, Scaling
from spaceseed.images import from_uint8
from spaceseed.latent_space import LatentSpace
from spaceseed.metrics.distances import frechet_distance, kernel_distance, precision_recall
from spaceseed.metrics.features import real_avatar_embeddings
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.judges.classifier import load_classifier
from spaceseed.models.judges.clip import load_judge
from spaceseed.models.zoo.loading import load
from spaceseed.ops.avoidance import Acceptance
from spaceseed.training.bundled.avatars import halved, renders
from spaceseed.training.networks.projected import imagenet_features

BATCH = 50
TAUGHT, FRESH = 5_000_000, 6_000_000  # first seeds
KEEP, KEEPS = 0.5, (0.75, 0.5, 0.25)
WRONG = 0.1
VISITOR = 100  # marks
STEP = 10  # images that active marking proposes at a time
MOST_PROPOSED = 300
TRUNCATIONS = (0.9, 0.8, 0.7)
POLAR_SIDE, POLAR_STEP = 16, 0.01  # of the images whose volume is measured, and of the finite differences
SUBSETS = 3  # of the kept draws, each of the compared number

Row = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How many draws teach and are fresh, how many are compared at a time, and which numbers of marks count."""

    taught: int = 4_000
    fresh: int = 4_000
    compared: int = 900
    real: int = 5_000
    polar: int = 1_000
    marks: tuple[int, ...] = (10, 30, 100, 300, 1_000)
    seeds: int = 3


class Eyes:
    """All networks that look at images, and what the measuring ones see in renders."""

    def __init__(self, data: Path, size: Size) -> None:
        self.size = size
        self.embed = load_judge("avatars", device="cpu").embed_images
        self.visitor, self.judge = load_detector("visitor"), load_detector("judge")
        self.measuring: dict[str, Callable[[Tensor], Tensor]] = {
            "witness": load_witness().features,
            "classifier": load_classifier("avatars").features,
            "imagenet": imagenet_features,
        }
        whole = renders("held_out_2", data).images[: size.real]
        self._renders = {images.shape[1]: images for images in (whole, halved(whole))}
        self._real: dict[int, dict[str, Tensor]] = {}

    @torch.no_grad()
    def real(self, side: int) -> dict[str, Tensor]:
        """Returns what each measuring network sees in renders of so many pixels."""
        if side not in self._real:
            parts = from_uint8(self._renders[side]).split(BATCH)
            self._real[side] = {name: torch.cat([look(x) for x in parts]) for name, look in self.measuring.items()}
        return self._real[side]


class Subject:
    """A generator, its draws, and what is seen in them.

    Attributes:
        taught: vectors of the draws that filters learn from, by space.
        embeddings: what the bundled judge sees in them.
        bad: which of them the visitor finds bad.
        fresh: vectors of the draws that are measured, by space.
        seen: what each network sees in these, by its name.
        broken: which of these the judge finds broken.
    """

    @torch.no_grad()
    def __init__(self, name: str, eyes: Eyes, taught: int, fresh: int) -> None:
        self.eyes, self.generator = eyes, load(name, device="cpu")
        self.real = eyes.real(self.generator.resolution)
        self.real_embeddings = real_avatar_embeddings(self.generator.resolution)
        names = ("z", "w") if self.generator.has_mapping else ("z",)
        self.spaces = {name: LatentSpace(self.generator, name, truncation=1.0) for name in names}
        self.taught = self._vectors(TAUGHT, taught)
        self.fresh = self._vectors(FRESH, fresh)
        self.embeddings, visited = self.look(self.images(self.taught["z"]), eyes.embed, eyes.visitor)
        self.bad = visited > 0.5
        looks = [*eyes.measuring.values(), eyes.embed, eyes.judge]
        *features, embedded, judged = self.look(self.images(self.fresh["z"]), *looks)
        self.seen = dict(zip(eyes.measuring, features, strict=True)) | {"embeddings": embedded}
        self.broken = judged > 0.5
        self._bases: dict[int, Row] = {}
        self._odds: Tensor | None = None
        print(
            f"{name}: {len(self.bad)} + {len(self.broken)} draws seen, {self.broken.float().mean():.3f} broken",
            flush=True,
        )

    def _vectors(self, first: int, count: int) -> dict[str, Tensor]:
        z = latents_from_seeds(range(first, first + count), self.generator.z_dim)
        return {name: space.from_z(z) for name, space in self.spaces.items()}

    def images(self, z: Tensor, truncation: float = 1.0) -> Any:
        """Yields the images of z in batches."""
        space = LatentSpace(self.generator, "z", truncation)
        return (space.images(part) for part in z.split(BATCH))

    @torch.no_grad()
    def look(self, images: Any, *looks: Callable[[Tensor], Tensor]) -> list[Tensor]:
        """Returns what each function sees in batches of images."""
        seen = [[look(part) for look in looks] for part in images]
        return [torch.cat(parts) for parts in zip(*seen, strict=True)]

    # ---------------------------------------------------------------- measures

    def row(self, kept: Tensor, seen: dict[str, Tensor] | None = None, broken: Tensor | None = None) -> Row:
        """Returns the figures of draws, and their changes from those of the fresh draws at equal numbers.

        Args:
            kept: which of the draws are kept, bool [n].
            seen: what the networks see in the draws; the first fresh ones if None.
            broken: which of the draws are broken, bool [n].
        """
        rows = kept.nonzero().flatten()
        count = min(self.eyes.size.compared, len(rows))
        found = self._figures(rows, count, seen or self.seen, self.broken if broken is None else broken)
        base = self._base(count)
        changes = {f"{name} change": found[name] / max(base[name], 1e-9) - 1 for name in (*self.real, "broken")}
        return {"kept": len(rows) / len(kept), **found, **changes, "recall change": found["recall"] - base["recall"]}

    def _base(self, count: int) -> Row:
        if count not in self._bases:
            self._bases[count] = self._figures(torch.arange(len(self.broken)), count, self.seen, self.broken)
        return self._bases[count]

    def _figures(self, rows: Tensor, count: int, seen: dict[str, Tensor], broken: Tensor) -> Row:
        subsets = [rows[torch.randperm(len(rows), generator=_rng(i))[:count]] for i in range(SUBSETS)]
        found = {"broken": float(broken[rows].float().mean()), "compared": count}
        for name, real in self.real.items():
            found[name] = _mean(frechet_distance(real, seen[name][part]) for part in subsets)
        real = self.real["witness"]
        size = min(500, count)
        found["kernel"] = kernel_distance(real, seen["witness"][rows], subsets=20, size=size)[0]
        pairs = [precision_recall(real[:count], seen["witness"][part]) for part in subsets]
        found["precision"], found["recall"] = (_mean(values) for values in zip(*pairs, strict=True))
        return found

    def strips(self, count: int = 24) -> dict[str, np.ndarray]:
        """Returns rows of fresh draws, broken and others, each [R, R * count, 3] in [0, 1]."""
        found = {}
        for name, which in {"broken": self.broken, "others": ~self.broken}.items():
            [images] = self.look(self.images(self.fresh["z"][which][:count]), lambda x: (x.clamp(-1, 1) + 1) / 2)
            found[name] = images.permute(2, 0, 3, 1).flatten(1, 2).numpy()
        return found

    # ---------------------------------------------------------------- methods

    def kept(self, avoid: LatentFilter) -> Tensor:
        """Returns which of the fresh draws a filter allows, bool [n]."""
        return avoid.allows(self.fresh[avoid.space], keys=self.fresh["z"])

    def filtered(self, avoid: LatentFilter) -> Row:
        """Returns the figures of what a filter keeps, and what it says of itself."""
        told = {"acceptance": avoid.acceptance, "divergence": avoid.kl, "coverage": avoid.coverage, "auc": avoid.auc}
        return self.row(self.kept(avoid)) | told

    def reweighted(
        self, space: str, marked: "Marked | None", real: bool, keep: float = KEEP, seed: int = 0
    ) -> LatentFilter:
        """Returns the filter that learns from images: from marks, renders, or both.

        The seed says which of the draws are held out, and how the network begins.
        """
        bad, good = (None, None) if marked is None else (marked.bad, marked.good)
        order = torch.randperm(len(self.embeddings), generator=_rng(seed))
        return LatentFilter.reweight(
            self.spaces[space],
            self.eyes.embed,
            bad=None if bad is None else self.taught[space][bad],
            good=None if good is None else self.taught[space][good],
            real=self.real_embeddings if real else None,
            keep=keep,
            known=(self.taught[space][order], self.embeddings[order]),
            seed=seed,
        )

    def fitted(self, space: str, marked: "Marked", how: str, keep: float = KEEP) -> LatentFilter:
        """Returns the filter that learns from latents alone."""
        bad, good = self.taught[space][marked.bad], self.taught[space][marked.good]
        return LatentFilter.fit(bad, good, "logistic", how=how, keep=keep, space=self.spaces[space])

    def by_image(self, marked: "Marked", keep: float = KEEP) -> Row:
        """Returns the figures if images are drawn and accepted by what is seen in them (the image-space upper line)."""
        if self._odds is None:
            self._odds = self._log_odds(self.embeddings, self.real_embeddings)
        odds = self._odds + self._log_odds(self.embeddings[marked.bad], self.embeddings[marked.good])
        chances = torch.rand(len(odds), generator=_rng(0), dtype=torch.float64)
        return self.row(chances < Acceptance.keeping(odds, keep).probability(odds))

    def _log_odds(self, upper: Tensor, lower: Tensor) -> Tensor:
        """Returns how much more a fresh draw looks like the first images than like the second, [n]."""
        scale = Scaling.of(self.embeddings)
        learned = Likelihood(scale(upper), scale(lower), seed=0)
        return learned.of_draws(scale(self.seen["embeddings"])).logit()

    def realistic(self, keep: float = KEEP) -> Row:
        """Returns the figures of the most realistic draws (Kynkaanniemi et al. 2019, eq. 4), to the bundled judge."""
        real, drawn = self.real_embeddings, self.seen["embeddings"]
        gaps = torch.cdist(real, real).kthvalue(4, dim=1).values
        usual = gaps <= gaps.median()  # as the paper does, because the largest balls would count most
        realism = (gaps[usual] / torch.cdist(drawn, real[usual]).clamp(min=1e-9)).amax(dim=1)
        return self.row(realism >= realism.quantile(1 - keep))

    @torch.no_grad()
    def polar(self, keep: float = KEEP) -> Row:
        """Returns the figures where the generator stretches z least (polarity sampling, Humayun et al. 2022)."""
        count = self.eyes.size.polar
        z = self.fresh["z"][:count]

        def small(z: Tensor) -> Tensor:
            parts = self.look(self.images(z), lambda x: torch.nn.functional.adaptive_avg_pool2d(x, POLAR_SIDE))
            return parts[0].flatten(1)

        here, steps = small(z), POLAR_STEP * torch.eye(z.shape[1])
        moved = small((z[:, None] + steps).flatten(0, 1)).view(count, z.shape[1], -1)
        volumes = torch.linalg.svdvals((moved - here[:, None]).double() / POLAR_STEP).clamp(min=1e-6).log().sum(dim=1)
        scores = (volumes - volumes.mean()) / volumes.std()
        chances = torch.rand(count, generator=_rng(0), dtype=torch.float64)
        kept = chances < Acceptance.keeping(scores, keep).probability(scores)
        return self.row(torch.cat([kept, torch.zeros(len(self.broken) - count, dtype=torch.bool)])) | {
            "kept": _mean(kept)
        }

    @torch.no_grad()
    def truncated(self, truncation: float) -> Row:
        """Returns the figures of the same draws under truncation."""
        looks = self.eyes.measuring
        *features, judged = self.look(self.images(self.fresh["z"], truncation), *looks.values(), self.eyes.judge)
        kept = torch.ones(len(judged), dtype=torch.bool)
        return self.row(kept, dict(zip(looks, features, strict=True)), judged > 0.5)

    # ---------------------------------------------------------------- marks

    def marks(self, count: int, wrong: float, seed: int, active: bool = False) -> "Marked | None":
        """Returns what a visitor marked, of random draws or of those that the app proposes; None if all are alike."""
        rng, order = _rng(seed), torch.randperm(len(self.bad), generator=_rng(seed)).tolist()
        shown: list[int] = []
        said: dict[int, bool] = {}
        while len(shown) < count:
            step = min(STEP, count - len(shown))
            if active and shown:
                left = [i for i in order if i not in said]
                bad, good = (self.embeddings[[i for i in shown if said[i] == side]] for side in (True, False))
                chosen = [left[k] for k in propose(self.embeddings[left], bad, good, step, seed)]
            else:
                chosen = order[len(shown) : len(shown) + step]
            for i in chosen:
                said[i] = bool(self.bad[i]) != bool(torch.rand([], generator=rng) < wrong)
            shown += chosen
        found = Marked([i for i in shown if said[i]], [i for i in shown if not said[i]])
        return found if min(len(found.bad), len(found.good)) > 1 else None


@dataclass(frozen=True)
class Marked:
    """Indices of the taught draws that a visitor called bad and good."""

    bad: list[int]
    good: list[int]


def _rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _mean(values: Any) -> float:
    values = [float(value) for value in values]
    return sum(values) / len(values)


def summary(rows: list[Row]) -> Row:
    """Returns mean and standard error of each figure over repetitions."""
    return {name: mean_and_error([row[name] for row in rows]) for name in rows[0]}


def methods(subject: Subject, keep: float = KEEP) -> dict[str, Row]:
    """Returns the figures of every method at one share kept. Those that need marks have 100, a tenth of them wrong."""
    found: dict[str, list[Row]] = {}
    for seed in range(subject.eyes.size.seeds if keep == KEEP else 1):
        marked = subject.marks(VISITOR, WRONG, seed)
        for space in subject.spaces:
            found.setdefault(f"renders, {space}", []).append(
                subject.filtered(subject.reweighted(space, None, True, keep, seed))
            )
            if marked is not None:
                for how in ("truncate", "soft"):
                    found.setdefault(f"latents, {how}, {space}", []).append(
                        subject.filtered(subject.fitted(space, marked, how, keep))
                    )
                for name, real in (("marks", False), ("marks and renders", True)):
                    found.setdefault(f"{name}, {space}", []).append(
                        subject.filtered(subject.reweighted(space, marked, real, keep, seed))
                    )
        if marked is not None:
            found.setdefault("marks and renders, by image", []).append(subject.by_image(marked, keep))
    found["realism score"] = [subject.realistic(keep)]
    return {name: summary(rows) for name, rows in found.items()}


def labels(subject: Subject) -> Row:
    """Returns the figures by number of marks, wrong clicks and how the images were chosen."""
    found: Row = {}
    space = "z"
    for count in subject.eyes.size.marks:
        for wrong, active in ((0.0, False), (WRONG, False), (WRONG, True)):
            if active and count > MOST_PROPOSED:
                continue
            sets = [subject.marks(count, wrong, seed, active) for seed in range(subject.eyes.size.seeds)]
            given = [marked for marked in sets if marked is not None]
            if not given:
                continue
            rows = {
                "marks": [subject.filtered(subject.reweighted(space, marked, real=False)) for marked in given],
                "marks and renders": [
                    subject.filtered(subject.reweighted(space, marked, real=True)) for marked in given
                ],
                "latents": [subject.filtered(subject.fitted(space, marked, "soft")) for marked in given],
            }
            name = f"{count:,}{', a tenth wrong' * (wrong > 0)}{', proposed' * active}"
            found[name] = {method: summary(its) for method, its in rows.items()}
            found[name]["bad"] = _mean(len(marked.bad) for marked in given)
            print(f"{name} marks", flush=True)
    return found


def results(eyes: Eyes, stages: dict[str, Path]) -> tuple[Row, dict[str, np.ndarray]]:
    """Returns all figures, and rows of images to show beside them."""
    size, strips = eyes.size, {}
    figures: Row = {
        "size": dict(vars(size)),
        "keep": KEEP,
        "wrong": WRONG,
        "generators": {},
    }
    for name in ("avatars-pggan", "avatars"):
        subject = Subject(name, eyes, size.taught, size.fresh)
        figures["generators"][name] = its = {"all": subject._base(size.compared), "keep": {}}
        for keep in KEEPS:
            its["keep"][f"{keep:g}"] = methods(subject, keep)
            print(f"{name}: keeping {keep:.0%}", flush=True)
        its["polar"] = subject.polar()
        its["oracle"] = subject.row(~subject.broken)
        if subject.generator.has_mapping:
            its["truncation"] = {f"{psi:g}": subject.truncated(psi) for psi in TRUNCATIONS}
        else:
            its["labels"] = labels(subject)
            strips = subject.strips()
    figures["stages"] = {}
    for name, path in stages.items():
        subject = Subject(str(path), eyes, size.taught // 2, size.fresh // 2)
        figures["stages"][name] = {"all": subject._base(size.compared), "methods": methods(subject)}
    return figures, strips


def main() -> None:
    """Runs the study."""
    parser = arguments(__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the rendered faces; drawn when missing")
    parser.add_argument("--stages", type=Path, help="folder of generators of other moments of the training")
    args = parser.parse_args()
    size = Size(240, 240, 50, 200, 30, marks=(30,), seeds=1) if args.quick else Size()
    paths = [] if args.stages is None else sorted(args.stages.glob("*/*/*.safetensors"))
    stages = {path.parts[-3]: path for path in paths}
    figures, strips = results(Eyes(args.data, size), stages)
    plot(figures, strips, folder(args, PAGES) / "avoidance.png")
    save(args, "avoidance", figures)


if __name__ == "__main__":
    main()

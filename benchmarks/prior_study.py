"""Is straight interpolation in a high-dimensional Gaussian a bad choice? `python -m benchmarks.prior_study`.

There are three parts: norms and realism along lerp and slerp between random faces; judge scores in the middle between
faces that fit a prompt; searches under each `prior`. Everything is done twice: with the bundled generator, whose
mapping network begins by normalising z, and without this step ("raw"), as in generators that do not normalise.
"""

import contextlib
import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib import pyplot as plt
from torch import Tensor, nn

from benchmarks.harness import Networks, Spent, Trial
from benchmarks.report import DATA, PAGES, arguments, folder, mean_and_error, save
from spaceseed.batches import batch_size
from spaceseed.metrics.distances import frechet_distance, precision_recall
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.generators.layers import leaky_relu
from spaceseed.models.zoo.loading import load
from spaceseed.ops.differential_evolution import DifferentialEvolution
from spaceseed.ops.interpolate import lerp, slerp
from spaceseed.ops.prior import PRIORS
from spaceseed.training.bundled.captions import asked
from spaceseed.training.bundled.figures import render_features

PROMPTS = (
    asked("grinning boy", mouth="smile", presentation="man"),
    asked("elderly person with spectacles", hair_color="gray", glasses="round square"),
    asked("furious screaming face", brows="angry", mouth="open"),
    asked("blond quiff", hair_color="blonde", hair="quiff"),
    asked("brown-skinned lady in a hoodie", skin="brown", presentation="woman", clothes="hoodie"),
    asked("asleep", eyes="closed"),
    asked("silver afro", hair_color="gray", hair="afro"),
    asked("man with stubble, tongue out", beard="stubble", presentation="man", mouth="tongue"),
)
FRACTIONS = (0.0, 0.125, 0.25, 0.375, 0.5)  # beyond the middle all is mirrored
COLORS = {"lerp in z": "C0", "slerp in z": "C1", "lerp in raw z": "C3", "slerp in raw z": "C2", "lerp in w": "C4"}


@dataclass(frozen=True)
class Size:
    """Numbers of renders, pairs of faces, prompts, faces and parents for each prompt, and evaluations."""

    renders: int = 2000
    pairs: int = 500
    prompts: int = 6
    faces: int = 256
    parents: int = 16
    evaluations: int = 500


class RawMapping(nn.Module):
    """A mapping network that does not normalise z."""

    def __init__(self, mapping: nn.Module) -> None:
        super().__init__()
        self.mapping = mapping
        self.w_avg = mapping.w_avg

    def forward(self, z: Tensor, _labels: Tensor | None) -> Tensor:
        for i in range(int(self.mapping.num_layers)):  # type: ignore[arg-type]
            z = leaky_relu(self.mapping.get_submodule(f"fc{i}")(z))
        return z


def networks() -> tuple[Networks, Networks]:
    """Returns the bundled generator with judge and classifier, as it is and without normalisation."""
    raw = copy.deepcopy(load("avatars", device="cpu"))
    raw.mapping = RawMapping(raw.get_submodule("mapping"))
    return Networks(), Networks(raw)


def paths(bundled: Networks, raw: Networks) -> dict[str, Callable[[Tensor, Tensor, float, float], Tensor]]:
    """Returns ways from z `a` to z `b`: functions of (a, b, t, truncation) that give styles."""
    G, R = bundled.generator, raw.generator
    return {
        "lerp in z": lambda a, b, t, psi: G.map(lerp(a, b, t), truncation=psi),
        "slerp in z": lambda a, b, t, psi: G.map(slerp(a, b, t), truncation=psi),
        "lerp in raw z": lambda a, b, t, psi: R.map(lerp(a, b, t), truncation=psi),
        "slerp in raw z": lambda a, b, t, psi: R.map(slerp(a, b, t), truncation=psi),
        "lerp in w": lambda a, b, t, psi: lerp(G.map(a, truncation=psi), G.map(b, truncation=psi), t),
    }


@torch.no_grad()
def features(networks: Networks, ws: Tensor) -> Tensor:
    """Returns classifier features [n, d] of the images of styles."""
    generator = networks.generator
    parts = ws.split(batch_size(generator))
    return torch.cat([networks.classifier.features(generator.synthesize(part)) for part in parts])


def along(bundled: Networks, raw: Networks, real: Tensor, size: Size) -> dict[str, Any]:
    """Measures norm (in units of sqrt(d)), Frechet distance and precision along each path, at psi 1."""
    dims = bundled.generator.z_dim
    a, b = latents_from_seeds(range(2 * size.pairs), dims).chunk(2)
    norms = {
        walk.__name__: [round(float(walk(a, b, t).norm(dim=1).mean() / dims**0.5), 4) for t in FRACTIONS]
        for walk in (lerp, slerp)
    }
    rows: dict[str, Any] = {"fractions": FRACTIONS, "norm": norms, "frechet_distance": {}, "precision": {}}
    for name, ways in paths(bundled, raw).items():
        drawn = [features(bundled, ways(a, b, t, 1.0)) for t in FRACTIONS]
        rows["frechet_distance"][name] = [round(frechet_distance(real, part), 3) for part in drawn]
        rows["precision"][name] = [round(precision_recall(real, part)[0], 4) for part in drawn]
        print(f"{name}: {rows['frechet_distance'][name]}", flush=True)
    # At the middle of equal norms both paths have one direction, so normalised z makes one and the same image.
    a, b = PRIORS["shell"](a), PRIORS["shell"](b)
    middles = [bundled.generator.map(walk(a, b, 0.5)) for walk in (lerp, slerp)]
    rows["lerp_to_slerp_in_w"] = float((middles[0] - middles[1]).abs().max())
    return rows


@torch.no_grad()
def halfway(bundled: Networks, raw: Networks, size: Size) -> dict[str, Any]:
    """Measures judge scores in the middle of two of the best faces for a prompt, minus their mean score."""
    lost: dict[str, list[float]] = {}
    z = latents_from_seeds(range(size.faces), bundled.generator.z_dim)
    first, second = torch.triu_indices(size.parents, size.parents, offset=1)
    for prompt in PROMPTS[: size.prompts]:
        wanted = bundled.judge.embed_text(prompt.text)[0]
        for name, ways in paths(bundled, raw).items():
            scores = (raw if "raw" in name else bundled).embed("z", z) @ wanted
            top = scores.topk(size.parents).indices
            ws = ways(z[top[first]], z[top[second]], 0.5, bundled.spaces["z"].truncation)
            parts = ws.split(batch_size(bundled.generator))
            images = torch.cat([bundled.generator.synthesize(part) for part in parts])
            middle = (bundled.judge.embed_images(images) @ wanted).mean() - scores[top].mean()
            lost.setdefault(name, []).append(float(middle))
            lost.setdefault("a random face", []).append(float(scores.mean() - scores[top].mean()))
    return {name: mean_and_error(values) for name, values in lost.items()}


def searches(bundled: Networks, raw: Networks, real: Tensor, size: Size) -> dict[str, Any]:
    """Runs differential evolution under each prior: norms, best score, realism of the last population."""
    rows: dict[str, Any] = {}
    for kind, nets in (("z", bundled), ("raw z", raw)):
        for prior in PRIORS:
            norms, scores, populations = [], [], []
            for prompt in PROMPTS[: size.prompts]:
                trial = Trial(nets, prompt, size.evaluations)
                optimizer = DifferentialEvolution(nets.generator.z_dim, prior=prior, seed=0)
                course = []
                with contextlib.suppress(Spent):
                    while True:
                        asked = optimizer.ask()
                        course.append(float(asked.norm(dim=1).mean()) / optimizer.dims**0.5)
                        optimizer.tell(trial(asked))
                norms.append(course)
                scores.append(optimizer.best_score)
                populations.append(nets.classifier.features(nets.draw("z", optimizer.population)))
            rows[f"{prior}, {kind}"] = {
                "norm": np.mean(norms, axis=0).round(4).tolist(),
                "score": mean_and_error(scores),
                "precision": round(precision_recall(real, torch.cat(populations))[0], 4),
            }
            print(f"{prior}, {kind}: {rows[f'{prior}, {kind}']['score']}", flush=True)
    return rows


def plot(figures: dict[str, Any], path: Path) -> None:
    """Draws norms and realism along the paths, and norms during searches."""
    mpl.use("agg")
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
    along_, t = figures["along"], np.array(FRACTIONS)
    for walk, color in (("lerp", "C0"), ("slerp", "C1")):
        left.plot(t, along_["norm"][walk], "o-", color=color, label=walk)
    left.plot(t, np.sqrt(t**2 + (1 - t) ** 2), "k:", label=r"$\sqrt{t^2 + (1 - t)^2}$")
    left.set(title="Norm of z on the way", xlabel="fraction of the way", ylabel=r"$|z| / \sqrt{d}$", ylim=(0.6, 1.1))
    for name, values in along_["frechet_distance"].items():
        middle.plot(t, values, "o-", color=COLORS[name], label=name)
    middle.axhline(figures["floor"], color="k", linestyle=":", label="other renders")
    middle.set(
        title="Distance from real renders", xlabel="fraction of the way", ylabel="Frechet distance", ylim=(0, None)
    )
    for name, row in figures["searches"].items():
        if "raw" not in name:
            right.plot(np.arange(1, len(row["norm"]) + 1), row["norm"], label=name.split(",")[0])
    right.set(title="Candidates of differential evolution", xlabel="generation", ylabel=r"$|z| / \sqrt{d}$")
    for axes in (left, middle, right):
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Runs the study."""
    parser = arguments(__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the rendered faces; drawn when missing")
    args = parser.parse_args()
    size = Size(renders=100, pairs=8, prompts=1, faces=8, parents=3, evaluations=33) if args.quick else Size()
    bundled, raw = networks()
    real = render_features("held_out", args.data, bundled.classifier, size.renders)
    other = render_features("held_out_2", args.data, bundled.classifier, size.pairs)
    figures = {
        "parents": size.parents,
        "floor": round(frechet_distance(real, other), 3),
        "along": along(bundled, raw, real, size),
        "halfway": halfway(bundled, raw, size),
        "searches": searches(bundled, raw, real, size),
    }
    plot(figures, folder(args, PAGES) / "prior_study.png")
    save(args, "prior_study", figures)


if __name__ == "__main__":
    main()

"""Finds the latent whose image is nearest to a given picture.

Example::

    G = ss.load("avatars")
    for state in ss.project(G, image, space="w+", steps=300):       # image [1, 3, S, S] in [-1, 1]
        print(state.step, state.losses["loss"])
    state.recipe.save("me.png")

Published methods, and one that is ours:

- "ada": the projector of StyleGAN2-ADA (Karras et al. 2020): w from its mean, with random moves that become smaller,
  and noise maps that are optimised, too. The recipe draws with the model's own noise maps, as NVIDIA's tool does.
- "image2stylegan" (Abdal et al. 2019): one w for each layer. It comes nearest, and leaves the region that edits know.
- "basin-cma" (Huh et al. 2020): CMA-ES on z, with steps of Adam between its generations. "cma" is CMA-ES alone, for
  objectives and generators without gradients.
- "adam": for a good start, such as an encoder's answer. Few steps with a rate that falls; the noise maps stay as they
  are, so the recipe draws just what the loss has seen.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from spaceseed.arguments import check_choice, check_integer, check_number, check_tensor, check_type
from spaceseed.batches import batch_size
from spaceseed.errors import ArgumentError
from spaceseed.inversion.basins import Plan, search_basins
from spaceseed.inversion.descent import Schedule, Step, descend
from spaceseed.inversion.reconstruction import PIXELS, Distance, Reconstruction, Target
from spaceseed.models.generators.generator import MAX_SEED, Generator
from spaceseed.models.generators.labels import groups_of
from spaceseed.models.judges.perceptual import load_distance
from spaceseed.recipes.recipe import Found, Recipe

SPACES = {"z": "z", "w": "w", "w+": "ws"}  # names here, and in recipes
ADA = Schedule(1000, rate=0.1, rise=0.05, fall=0.25, jitter=0.05, noise=1e5)
IMAGE2STYLEGAN = Schedule(1000, rate=0.01)
# Its rate is in standard deviations of w, for each number.
FAST = Schedule(100, rate=0.1, rise=0.05, fall=0.5)
BASIN_CMA = Plan(30, inner=30, last=300)
CMA = Plan(100, inner=0, last=0)
# Spaces and default number of steps of each method, and the weight of pixels.
METHODS: dict[str, tuple[tuple[str, ...], int, float]] = {
    "ada": (("w", "w+"), ADA.steps, 0.0),
    "image2stylegan": (("w", "w+"), IMAGE2STYLEGAN.steps, 1.0),
    "adam": (("w", "w+"), FAST.steps, PIXELS),
    "basin-cma": (("z",), BASIN_CMA.steps, 1.0),
    "cma": (("z",), CMA.steps, 1.0),
}
SCHEDULES = {"ada": ADA, "image2stylegan": IMAGE2STYLEGAN, "adam": FAST}
DEFAULTS = {"w": "ada", "w+": "image2stylegan", "z": "basin-cma"}
# NVIDIA's projector measures w with these draws.
DRAWS, DRAWS_SEED, DRAWS_BATCH = 10_000, 123, 1_000


@dataclass(frozen=True, eq=False)
class Projection:
    """What a projection has found so far: the best of all steps.

    Attributes:
        step: number of steps so far.
        steps: number of steps in all.
        losses: the parts of the best image's loss, and "loss", which is made small.
        generator: the generator.
        recipe: recreates the best image.
    """

    step: int
    steps: int
    losses: dict[str, float]
    generator: Generator
    recipe: Recipe

    @cached_property
    def ws(self) -> Tensor:
        """The styles of the best image, [1, num_ws, w_dim]."""
        return self.recipe.ws(self.generator)

    @cached_property
    def image(self) -> Tensor:
        """The best image, [1, 3, H, W], as its recipe draws it."""
        return self.recipe.render(self.generator)


def project(
    generator: Generator,
    image: Tensor,
    *,
    space: str = "w+",
    method: str | None = None,
    steps: int | None = None,
    seed: int = 0,
    distance: Distance | None = None,
    objective: Callable[[Tensor], Tensor] | None = None,
    mask: Tensor | None = None,
    start: Tensor | None = None,
    labels: Tensor | None = None,
    pixels: float | None = None,
    proximity: float = 0.0,
) -> Iterator[Projection]:
    """Finds the latent whose image is nearest to a picture.

    Args:
        generator: a generator from the zoo, in single precision.
        image: [1, 3, S, S] in [-1, 1], of any size; framed as the generator frames its own.
        space: "w" for one w, which edits treat best; "w+" for one w of each layer, which comes nearest; or "z".
        method: "ada", "image2stylegan", "adam", "basin-cma" or "cma"; by default the one that was
            published for the space.
        steps: number of steps; of generations with "cma". 1,000, 1,000, 100, 1,200 and 100 by default.
        seed: seed of all random choices, 0 to 2^32 - 1.
        distance: how different images look; the one that is at hand by default, see `load_distance`.
        objective: returns scores [N] of images, higher is better, in place of distance and pixels.
        mask: [1, 1, S, S], 0 to 1: how much each pixel counts. A zero leaves out hats, hands and backgrounds.
        start: [1, w_dim] or [1, num_ws, w_dim], where w begins, such as an encoder's answer; the mean w by default.
        labels: [num_classes], where the labels of z begin, in conditional models. If None, they are those of the
            nearest of some random images, one of each class at least.
        pixels: weight of the mean squared error of pixels, 0 or more; by default 0 for "ada", 3 for "adam", and 1 for
            the others.
        proximity: in the space "w+", weight of how much w differs between layers: its variance between them, in
            variances of w between images. Edits work better on layers that agree (Tov et al. 2021, "Designing an
            Encoder for StyleGAN Image Manipulation"); 0 lets them differ.

    Yields:
        The best so far, after each step. The first step of a descent is the start itself.

    Raises:
        ArgumentError: an argument has another type or shape or is out of range, the picture shows one colour, the mask
            hides all of it, or the method needs gradients that generator or objective do not give.
    """
    check_type("generator", generator, Generator, "a Generator, such as load returns")
    if generator.w_avg.dtype != torch.float32:
        raise ArgumentError("generator", str(generator.w_avg.dtype), "in single precision, because gradients need it")
    check_choice("space", space, SPACES)
    method = DEFAULTS[space] if method is None else method
    spaces, usual_steps, usual_pixels = check_choice("method", method, METHODS)
    if space not in spaces:
        raise ArgumentError("method", method, f"{DEFAULTS[space]!r} in the space {space!r}")
    steps = usual_steps if steps is None else check_integer("steps", steps, 1)
    check_integer("seed", seed, 0, MAX_SEED)
    pixels = usual_pixels if pixels is None else check_number("pixels", pixels, 0)
    check_number("proximity", proximity, 0)
    target = Target.of(generator, image, mask)
    distance = load_distance(device=generator.device) if distance is None else distance
    loss = Reconstruction(target, distance, pixels, objective)
    if labels is not None:
        labels = check_tensor("labels", labels, [generator.num_classes]).to(generator.device)
    if space == "z":
        if start is not None:
            raise ArgumentError("start", tuple(start.shape), "left out in the space 'z'")
        if generator.num_classes and labels is None:
            labels = nearest_labels(generator, loss, seed)
        found = search_basins(generator, labels, loss, Plan.of(steps, gradients=method == "basin-cma"), seed)
    else:
        center, spread = _known_statistics(generator) if labels is None else w_statistics(generator, labels)
        count = 1 if space == "w" else generator.num_ws
        begin = center.expand(1, count, -1) if start is None else _start(generator, start, count)
        schedule = replace(SCHEDULES[method], steps=steps)
        if method == "adam":
            unit = spread / generator.w_dim**0.5
            schedule = replace(schedule, rate=schedule.rate * unit)
        styles = _repeated(generator.num_ws)
        penalty = _disagreement(proximity, spread) if proximity else None
        found = descend(generator, styles, begin, loss, schedule, spread, seed, penalty)
    yield from _best_so_far(generator, space, method, found, steps)


def _best_so_far(
    generator: Generator, space: str, method: str, steps: Iterator[Step], count: int
) -> Iterator[Projection]:
    best: Step | None = None
    recipe: Recipe | None = None
    for step in steps:
        if best is None or step.losses["loss"] < best.losses["loss"]:
            best, recipe = step, None
        if recipe is None:
            latent = best.latent[0] if space != "w" else best.latent[0, 0]
            recipe = Recipe.of(
                generator,
                latent.cpu(),
                space=SPACES[space],
                labels=None if best.labels is None else best.labels[0].cpu(),
                truncation=1.0,
                found=Found(by="project", optimizer=method, settings={"step": best.number, "steps": count}),
            )
        yield Projection(step.number, count, best.losses, generator, recipe)


def _disagreement(weight: float, spread: float) -> Callable[[Tensor], Tensor]:
    """Returns the penalty [1] of latents [1, layers, w_dim] for the variance of w between layers."""
    return lambda latent: weight / spread**2 * latent.var(dim=1, correction=0).sum(dim=1)


def _repeated(num_ws: int) -> Callable[[Tensor], Tensor]:
    return lambda latent: latent.expand(-1, num_ws, -1)


def _start(generator: Generator, start: Tensor, count: int) -> Tensor:
    """Returns a latent [1, count, w_dim] from what the caller gave."""
    allowed = f"[1, {generator.w_dim}] or [1, {generator.num_ws}, {generator.w_dim}]"
    shape = tuple(check_type("start", start, Tensor, f"a tensor of shape {allowed}").shape)
    if shape == (1, generator.w_dim):
        start = start[:, None]
    elif shape != (1, generator.num_ws, generator.w_dim):
        raise ArgumentError("start", shape, f"of shape {allowed}")
    checked = check_tensor("start", start, [1, start.shape[1], generator.w_dim]).to(generator.device)
    return checked.mean(dim=1, keepdim=True) if count == 1 else checked.expand(1, count, -1)


_statistics: WeakKeyDictionary[Generator, tuple[Tensor, float]] = WeakKeyDictionary()


def _known_statistics(generator: Generator) -> tuple[Tensor, float]:
    """Returns `w_statistics`, which are measured once: they take as long as some steps."""
    if generator not in _statistics:
        _statistics[generator] = w_statistics(generator)
    center, spread = _statistics[generator]
    return center.to(generator.device), spread


@torch.no_grad()
def w_statistics(generator: Generator, labels: Tensor | None = None) -> tuple[Tensor, float]:
    """Returns the mean of w [w_dim] and its standard deviation, the root of the mean squared distance from the mean.

    They are measured with 10,000 draws, as in NVIDIA's projector.

    Args:
        generator: the generator.
        labels: [num_classes], of all draws; a random class for each if None.
    """
    z = torch.from_numpy(np.random.RandomState(DRAWS_SEED).randn(DRAWS, generator.z_dim)).float()
    if not generator.num_classes:
        every = [None] * len(z.split(DRAWS_BATCH))
    else:
        rows = random_labels(generator, DRAWS, DRAWS_SEED) if labels is None else labels.cpu().expand(DRAWS, -1)
        every = rows.split(DRAWS_BATCH)
    device = generator.device
    w = torch.cat(
        [
            generator.map(part.to(device), None if its is None else its.to(device))[:, 0]
            for part, its in zip(z.split(DRAWS_BATCH), every, strict=True)
        ]
    )
    center = w.mean(dim=0)
    return center, float((w - center).square().sum(dim=1).mean().sqrt())


def random_labels(generator: Generator, count: int, seed: int) -> Tensor:
    """Returns labels [count, num_classes], each with one random class, or with one of each group."""
    rng = torch.Generator().manual_seed(seed)
    parts = []
    for size in groups_of(generator) or (generator.num_classes,):
        chosen = torch.randint(size, (count,), generator=rng)
        parts.append(torch.nn.functional.one_hot(chosen, size).float())
    return torch.cat(parts, dim=1)


@torch.no_grad()
def nearest_labels(generator: Generator, loss: Reconstruction, seed: int) -> Tensor:
    """Returns the labels [num_classes] of the nearest of some random images, one of each class and at least 64."""
    count = max(64, generator.num_classes)
    labels = random_labels(generator, count, seed)
    if not groups_of(generator):
        labels[: generator.num_classes] = torch.eye(generator.num_classes)
    z = torch.randn(count, generator.z_dim, generator=torch.Generator().manual_seed(seed))
    losses = []
    for part in torch.arange(count).split(batch_size(generator)):
        ws = generator.map(z[part].to(generator.device), labels[part].to(generator.device), 0.5)
        losses.append(loss(generator.synthesize(ws))["loss"].cpu())
    return labels[torch.cat(losses).argmin()].to(generator.device)

"""What units cause: images are segmented before and after the units are changed.

Bau et al., "GAN Dissection" (ICLR 2019), sec. 3.2. Example::

    effect = class_shares(G, segmenter, [units.edit("glasses")])
    effect.change["glasses"]                                  # -0.76: three quarters of the glasses' pixels are gone
    units.top("glasses"), optimized_units(G, segmenter, units, "glasses").units
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from spaceseed.arguments import check_integer, check_type
from spaceseed.batches import Progress, batch_size
from spaceseed.dissection.sample import seen
from spaceseed.dissection.units import UnitTable
from spaceseed.errors import ArgumentError, DissectionError
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import ActivationEdit, Generator
from spaceseed.models.judges.segmenter import Segmenter
from spaceseed.recipes.edits import UnitEdit, activation_edits

# Published settings of the optimised units.
RATE, PENALTY = 0.01, 0.005


@dataclass(frozen=True)
class Shares:
    """How much of the images each class takes up, before and after a change.

    Attributes:
        before, after: share of the pixels by class, 0 to 1.
    """

    before: Mapping[str, float]
    after: Mapping[str, float]

    @property
    def change(self) -> dict[str, float]:
        """The relative change by class: -1 if all its pixels are gone. Classes that were not there are left out."""
        return {name: self.after[name] / share - 1 for name, share in self.before.items() if share}


@torch.no_grad()
def class_shares(
    generator: Generator,
    segmenter: Segmenter,
    edits: Sequence[UnitEdit],
    count: int = 200,
    *,
    seed: int = 0,
    truncation: float = 1.0,
    labels: Tensor | None = None,
    progress: Progress = lambda _: None,
) -> Shares:
    """Measures what edits of units do to each class.

    Args:
        generator: the generator.
        segmenter: sees the classes.
        edits: made in each image.
        count: number of images.
        seed: of the first; the others follow.
        truncation: psi of the images.
        labels: [num_classes], for conditional models.
        progress: called with the share that is done.

    Raises:
        ArgumentError: a number is out of range, or labels do not fit.
        RecipeError: an edit does not fit the generator.
    """
    count, seed = check_integer("count", count, 1), check_integer("seed", seed, 0)
    check_type("segmenter", segmenter, Segmenter, "a Segmenter, such as load_segmenter returns")
    for edit in check_type("edits", edits, Sequence, "a list of edits of units"):
        check_type("edits", edit, UnitEdit, "a list of edits of units")
    space = LatentSpace(generator, "z", truncation, labels=labels)
    pixels = torch.zeros(2, len(segmenter.classes), dtype=torch.float64)
    for done, vectors in _batches(space, range(seed, seed + count)):
        ws = space.ws(vectors)
        for row, changes in enumerate(({}, activation_edits(generator, edits))):
            seen_classes = segmenter.segment(space.synthesize(ws, changes))
            pixels[row] += seen_classes.flatten().bincount(minlength=len(segmenter.classes)).cpu()
        progress(done / count)
    before, after = (dict(zip(segmenter.classes, row.tolist(), strict=True)) for row in pixels / pixels[0].sum())
    return Shares(before, after)


def causal_effect(
    generator: Generator,
    segmenter: Segmenter,
    table: UnitTable,
    name: str,
    units: Sequence[int] | None = None,
    count: int = 200,
    *,
    seed: int = 0,
    labels: Tensor | None = None,
) -> float:
    """Returns the average causal effect of units on a class (eq. 5).

    In each image the units are set to their mean where the class is, and switched off, in one random cell of the
    layer. The effect is how much more often the pixels of that cell are of the class with the units than without.

    Args:
        generator: the generator.
        segmenter: sees the class.
        table: of the layer.
        name: the class.
        units: numbers of units; the 20 that overlap the class most if None.
        count: number of images.
        seed: of the first; the others follow.
        labels: [num_classes], for conditional models.

    Returns:
        -1 to 1.

    Raises:
        ArgumentError: there is no such class or unit, the layer has no places, or a number is out of range.
        DissectionError: the table belongs to another model.
    """
    alpha = torch.zeros(len(table))
    alpha[list(table.top(name) if units is None else table.edit(units).units)] = 1
    return _Trial(generator, segmenter, table, name, labels).effect(alpha, count, seed)


@dataclass(frozen=True)
class OptimizedUnits:
    """How much of each unit a class needs.

    Attributes:
        alpha: [units], 0 to 1.
        units: all units, the most important first.
    """

    alpha: Tensor
    units: tuple[int, ...]


def optimized_units(
    generator: Generator,
    segmenter: Segmenter,
    table: UnitTable,
    name: str,
    steps: int = 200,
    *,
    seed: int = 0,
    labels: Tensor | None = None,
    progress: Progress = lambda _: None,
) -> OptimizedUnits:
    """Finds the units that cause a class (sec. 3.2, eq. 6).

    The share `alpha` of each unit starts at its overlap with the class. Adam raises the causal effect of the weighted
    units, and a penalty keeps their number small. The loss of a batch is the probability of the class where it is, with
    the units switched off, minus its probability where it is not, with the units set to their mean.

    Args:
        generator: the generator.
        segmenter: sees the class. Gradients flow through it.
        table: of the layer.
        name: the class.
        steps: of Adam, with a batch of images each.
        seed: of the first image; the others follow.
        labels: [num_classes], for conditional models.
        progress: called with the share that is done.

    Raises:
        ArgumentError: there is no such class, the layer has no places, or a number is out of range.
        DissectionError: the table belongs to another model, or the class is in none of the images.
    """
    steps, seed = check_integer("steps", steps, 1), check_integer("seed", seed, 0)
    trial = _Trial(generator, segmenter, table, name, labels)
    overlaps = table.iou[:, table.place(name)]
    alpha = (overlaps / overlaps.max().clamp(min=1e-9)).to(generator.device).requires_grad_()
    adam = torch.optim.Adam([alpha], lr=RATE)
    size, met = batch_size(generator), False
    for step in range(steps):
        told = trial.loss(alpha, range(seed + step * size, seed + (step + 1) * size))
        met = met or told is not None
        if told is not None:
            loss = told + PENALTY * alpha.square().sum()
            [alpha.grad] = torch.autograd.grad(loss, [alpha])
            adam.step()
            with torch.no_grad():
                alpha.clamp_(0, 1)
        progress((step + 1) / steps)
    if not met:
        raise DissectionError(f"None of the images shows {name}, so no unit can be found for it.")
    found = alpha.detach().cpu()
    return OptimizedUnits(found, tuple(found.argsort(descending=True, stable=True).tolist()))


class _Trial:
    """Units of one layer, switched on and off at places of images."""

    def __init__(
        self, generator: Generator, segmenter: Segmenter, table: UnitTable, name: str, labels: Tensor | None
    ) -> None:
        table.check(generator)
        check_type("segmenter", segmenter, Segmenter, "a Segmenter, such as load_segmenter returns")
        if len(table) != generator.shape(table.layer)[0]:
            raise DissectionError("These units belong to a layer of another size.")
        if table.layer in generator.styles:
            raise ArgumentError("table.layer", table.layer, f"one of {', '.join(generator.layers)}, which have places")
        self._space = LatentSpace(generator, "z", table.truncation, labels=labels)
        self._segmenter, self._layer, self._class = segmenter, table.layer, table.place(name)
        self._values = table.values[:, self._class].to(generator.device)

    @torch.no_grad()
    def effect(self, alpha: Tensor, count: int, seed: int) -> float:
        """Returns the mean effect of these shares of the units [units] over images."""
        count, seed = check_integer("count", count, 1), check_integer("seed", seed, 0)
        total = 0.0
        for _, vectors in _batches(self._space, range(seed, seed + count)):
            ws = self._space.ws(vectors)
            _, x = seen(self._space, self._layer, ws)
            total += float(self._between(alpha.to(x), ws, _random_cells(x, seed)))
            seed += len(vectors)
        return total / count

    def _between(self, alpha: Tensor, ws: Tensor, cells: Tensor) -> Tensor:
        """Returns the sum of the shares of the class in cells [n, h, w], with the units minus without."""
        on, off = (
            self._segmenter.segment(self._space.synthesize(ws, self._change(alpha, cells, inserted))) == self._class
            for inserted in (True, False)
        )
        inside = F.adaptive_max_pool2d(cells[:, None], (on.shape[1], on.shape[2]))[:, 0].to(on.device)
        return ((on.float() - off.float()) * inside).sum(dim=(1, 2)).div(inside.sum(dim=(1, 2))).sum()

    def loss(self, alpha: Tensor, seeds: range) -> Tensor | None:
        """Returns what is to become small for these images; None if none of them shows the class."""
        with torch.no_grad():
            ws = self._space.ws(self._space.draw(seeds))
            images, x = seen(self._space, self._layer, ws)
            here = (self._segmenter.segment(images) == self._class).float()[:, None].to(x.device)
            shares = F.adaptive_avg_pool2d(here, (x.shape[2], x.shape[3]))[:, 0]
            most = shares.flatten(1).max(dim=1)
            shown = most.values > 0
            if not bool(shown.any()):
                return None
            full = F.one_hot(most.indices, shares[0].numel()).to(x).unflatten(1, tuple(x.shape[2:]))
            empty = _random_cells(x, seeds.start, shares == 0)
        off = self._probability(alpha, ws[shown], full[shown], inserted=False)
        on = self._probability(alpha, ws, empty, inserted=True)
        return off.mean() - on.mean()

    def _probability(self, alpha: Tensor, ws: Tensor, cells: Tensor, inserted: bool) -> Tensor:
        """Returns the mean probability of the class in cells [n, h, w] after the change, [n]."""
        images = self._space.synthesize(ws, self._change(alpha, cells, inserted))
        told = self._segmenter.probabilities(images)[:, self._class]
        inside = F.adaptive_max_pool2d(cells[:, None], (told.shape[1], told.shape[2]))[:, 0].to(told.device)
        return ((told * inside).sum(dim=(1, 2)) / inside.sum(dim=(1, 2))).to(cells.device)

    def _change(self, alpha: Tensor, cells: Tensor, inserted: bool) -> dict[str, ActivationEdit]:
        values = self._values if inserted else torch.zeros_like(self._values)
        margin = 4 * [self._space.generator.margin(self._layer)]

        def change(x: Tensor) -> Tensor:
            share = alpha[:, None, None] * F.pad(cells, margin)[:, None]
            return x * (1 - share) + values[:, None, None] * share

        return {self._layer: change}


def _batches(space: LatentSpace, seeds: range) -> Iterator[tuple[int, Tensor]]:
    """Yields how many images are done with each batch, and its vectors."""
    size = batch_size(space.generator)
    for first in range(0, len(seeds), size):
        part = seeds[first : first + size]
        yield first + len(part), space.draw(part)


def _random_cells(x: Tensor, seed: int, allowed: Tensor | None = None) -> Tensor:
    """Returns one cell of each activation [n, units, h, w] as a mask [n, h, w]; image i depends on seed + i alone."""
    rows = []
    for i in range(len(x)):
        chance = torch.ones(x.shape[2:]) if allowed is None or not allowed[i].any() else allowed[i].float().cpu()
        at = torch.multinomial(chance.flatten(), 1, generator=torch.Generator().manual_seed(seed + i))
        rows.append(F.one_hot(at[0], chance.numel()).view(chance.shape))
    return torch.stack(rows).to(x)

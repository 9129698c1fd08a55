"""Repairs: units that draw faults, found from marked images and limited in all images that are drawn.

Bau et al., "GAN Dissection" (ICLR 2019), sec. 4.3, switch off the units that light where a person sees faults. Here
units of most networks draw good things too, so none is switched off. It is limited, in each part of the image, to what
nine of ten good images reach there. Example::

    space = ss.LatentSpace(G, "z", truncation=1.0)
    repair = ss.Repair.fit(space, judge.embed_images, bad, good)      # latents of bad and of good images
    images = space.repaired(repair).images(vectors)
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Self

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from spaceseed.arguments import check_choice, check_integer, check_tensor, check_type
from spaceseed.batches import Progress, batch_size, one_of
from spaceseed.dissection.sample import within
from spaceseed.errors import DissectionError
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import ActivationEdit, Generator, check_model
from spaceseed.ops.discriminant import logistic
from spaceseed.ops.validation import p_value
from spaceseed.recipes.edits import MAX_UNITS, UnitEdit, activation_edits
from spaceseed.tensor_file import TensorFile
from spaceseed.untrusted import Line

Features = Callable[[Tensor], Tensor]

FEWEST = 5  # marks of each kind
DRAWS = 400  # unmarked images that are looked at too
COARSE = 16  # cells on a side: later layers draw details, in which few faults begin
CELLS = 8  # on a side of the limits, so that recipes stay short
MAX_LAYERS = 8
MAX_FOUND = 32  # units of a layer
REACHED = 0.9  # share of good images that stay below the limit of a cell
CHANCE = 0.1  # bound on the probability of such marks if nothing can be learned from them
DOUBT = 0.7  # log odds within which an image seems neither bad nor good: twice as likely one as the other
SURE = 3.0  # standard errors by which a unit must tell bad from good


@dataclass(frozen=True, eq=False)
class Repair:
    """Units that are limited in all images.

    Attributes:
        model: id of the model; "" for a network without a card.
        sha256: hash of its weights' file; "" in the same case.
        edits: the limits, those of each layer.
        marks: number of bad and of good images that were marked.
        before, after: share of random images that seem bad to the classifier that was learned from the marks. The units
            were found with it, so it proves nothing: compare with another judge.
    """

    model: str
    sha256: str
    edits: tuple[UnitEdit, ...]
    marks: tuple[int, int]
    before: float
    after: float

    def __str__(self) -> str:
        """The name in recipes."""
        digest = hashlib.sha256()
        for edit in self.edits:
            digest.update(edit.layer.encode() + edit.values.double().numpy().tobytes())
        return f"repair of {self.count} units, {digest.hexdigest()[:8]}"

    @property
    def count(self) -> int:
        """The number of units."""
        return sum(len(edit.units) for edit in self.edits)

    def check(self, generator: Generator) -> None:
        """Checks that the repair belongs to this generator.

        Raises:
            DissectionError: it belongs to another one.
        """
        check_model(generator, self.model, self.sha256, "This repair belongs to", DissectionError)
        for edit in self.edits:
            shape = generator.shape(edit.layer) if edit.layer in generator.layers else ()
            if not shape or max(edit.units) >= shape[0]:
                raise DissectionError("This repair belongs to units that this model does not have.")

    @classmethod
    @torch.no_grad()
    def fit(
        cls,
        space: LatentSpace,
        features: Features,
        bad: Tensor,
        good: Tensor,
        layers: Sequence[str] | None = None,
        *,
        seed: int = 0,
        progress: Progress = lambda _: None,
    ) -> Self:
        """Finds the units that draw what is bad.

        A linear classifier of the features learns from the marks and looks at 400 random images, so that units are
        compared in many images even if few are marked, and wrong marks do little harm. A unit is found if its mean
        activation tells the images that seem bad from those that seem good by three standard errors; of each layer the
        32 that tell most are limited.

        Args:
            space: the space of the marks. Images have its truncation and labels. A repair of it does not count.
            features: from images [n, 3, H, W] to features [n, d], such as a judge's `embed_images`.
            bad: latents [n, dims] of bad images, vectors of `space`; 5 or more.
            good: those of good images, [m, dims]; 5 or more.
            layers: up to 8 of the generator's layers; if None, the last one of each size up to 16 x 16 cells.
            seed: of the first random image; the others follow.
            progress: called with the share that is done.

        Raises:
            ArgumentError: there is no such layer, or a shape does not fit.
            DissectionError: there are too few marks, the bad images do not look different from the good ones, or no
                unit tells them apart.
        """
        space = check_type("space", space, LatentSpace, "a LatentSpace").repaired(None)
        generator = space.generator
        bad, good = (check_tensor(name, x, ["n", space.dims]) for name, x in (("bad", bad), ("good", good)))
        seed = check_integer("seed", seed, 0)
        chosen = _coarse(generator) if layers is None else list(layers)[:MAX_LAYERS]
        for layer in chosen:
            check_choice("layer", layer, dict.fromkeys(generator.layers))
        if min(len(bad), len(good)) < FEWEST:
            raise DissectionError(f"A repair needs {FEWEST} bad and {FEWEST} good images at least: mark some more.")
        marks, marked = (len(bad), len(good)), len(bad) + len(good)
        random = space.draw(range(seed, seed + DRAWS))
        look = _Look(space, features, torch.cat([bad.to(random.device), good.to(random.device), random]))
        steps = len(chosen) + 2
        seen = look.features({}, one_of(progress, 0, steps))
        center, spread = seen.mean(dim=0), seen.std(dim=0).clamp(min=1e-9)
        seen = (seen - center) / spread
        if p_value(logistic, seen[: len(bad)], seen[len(bad) : marked]) > CHANCE:
            raise DissectionError("The bad images do not look different from the good ones: mark more of both.")
        judge = logistic(seen[: len(bad)], seen[len(bad) : marked])
        odds = judge.score(seen)
        card = generator.card
        model, sha256 = (card.id, card.sha256) if card else ("", "")
        edits = []
        for i, layer in enumerate(chosen):
            means, peaks = look.activations(layer, one_of(progress, i + 1, steps))
            units = telling(means[odds > DOUBT], means[odds < -DOUBT])
            if len(units):
                limits = peaks[odds < -DOUBT][:, units].quantile(REACHED, dim=0)
                edits.append(_limit(layer, tuple(units.tolist()), limits, sha256))
        before = float((odds[marked:] > 0).double().mean())
        repair = cls(model, sha256, tuple(edits), marks, before, after=1.0)
        if edits:
            repair = replace(repair, edits=tuple(edit.model_copy(update={"name": str(repair)}) for edit in edits))
            rest = replace(look, vectors=random)
            seen = rest.features(activation_edits(generator, repair.edits), one_of(progress, steps - 1, steps))
            repair = replace(repair, after=float((judge.score((seen - center) / spread) > 0).double().mean()))
        progress(1.0)
        if repair.after >= before:
            raise DissectionError("No unit tells the bad images from the good ones: mark more, or other faults.")
        return repair

    def save(self, path: str | Path) -> None:
        """Writes a .safetensors file that `open` reads."""
        layers = tuple(_Layer(name=edit.layer, units=edit.units) for edit in self.edits)
        header = _Header(
            model=self.model, sha256=self.sha256, layers=layers, marks=self.marks, before=self.before, after=self.after
        )
        _FILE.write(path, header, {edit.layer: edit.values.double() for edit in self.edits})

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Reads a file that `save` wrote.

        Raises:
            DissectionError: the file is damaged, or holds no repair.
            OSError: the file does not exist or cannot be read.
        """
        header, tensors = _FILE.read(path)
        fields = dict(header)
        layers = fields.pop("layers")
        try:
            edits = tuple(_limit(each.name, each.units, tensors[each.name], header.sha256) for each in layers)
        except ValueError as error:
            raise _FILE.damaged from error
        if len({edit.layer for edit in edits}) < len(edits) or any(edit.values.numel() > MAX_VALUES for edit in edits):
            raise _FILE.damaged
        repair = cls(edits=edits, **fields)
        return replace(repair, edits=tuple(edit.model_copy(update={"name": str(repair)}) for edit in edits))


def _limit(layer: str, units: tuple[int, ...], limits: Tensor, sha256: str) -> UnitEdit:
    return UnitEdit(layer=layer, units=units, values=limits, how="limit", sha256=sha256)


def telling(bad: Tensor, good: Tensor) -> Tensor:
    """Returns the units whose mean activation is greater in bad images, by three standard errors; the surest first.

    Args:
        bad: mean activations in bad images, [n, units].
        good: in good ones, [m, units].

    Returns:
        int64, at most 32 numbers of units.
    """
    if min(len(bad), len(good)) < 2:
        return torch.empty(0, dtype=torch.int64)
    a, b = bad.double(), good.double()
    error = (a.var(dim=0) / len(a) + b.var(dim=0) / len(b)).sqrt().clamp(min=1e-12)
    lead = (a.mean(dim=0) - b.mean(dim=0)) / error
    order = lead.argsort(descending=True, stable=True)[:MAX_FOUND]
    return order[lead[order] > SURE]


def _coarse(generator: Generator) -> list[str]:
    """Returns the last layer of each size up to 16 x 16 cells; the first layer if all are larger."""
    by_size = {generator.shape(layer)[1:]: layer for layer in generator.layers}
    small = [layer for size, layer in by_size.items() if max(size) - 2 * generator.margin(layer) <= COARSE]
    return small[:MAX_LAYERS] or [generator.layers[0]]


@dataclass(frozen=True)
class _Look:
    """The images of vectors [n, dims], looked at in several ways."""

    space: LatentSpace
    see: Features
    vectors: Tensor

    def features(self, edits: Mapping[str, ActivationEdit], progress: Progress) -> Tensor:
        """Returns features [n, d], float64, of the images drawn with these edits."""
        found: list[Tensor] = []
        for part in self.vectors.split(batch_size(self.space.generator)):
            told = self.see(self.space.synthesize(self.space.ws(part), edits))
            found.append(check_tensor("features(images)", told, [len(part), "d"]).double().cpu())
            progress(sum(map(len, found)) / len(self.vectors))
        return torch.cat(found)

    def activations(self, layer: str, progress: Progress) -> tuple[Tensor, Tensor]:
        """Returns the mean activation of each unit, [n, units], and the greatest in each cell, [n, units, cells]."""
        means: list[Tensor] = []
        peaks: list[Tensor] = []
        generator = self.space.generator
        for part in self.vectors.split(batch_size(generator)):
            x = generator.activations(self.space.ws(part), layer, **self.space.options)
            x = within(x, generator.margin(layer)).float().cpu()
            means.append(x.mean(dim=(2, 3)))
            peaks.append(F.adaptive_max_pool2d(x, min(CELLS, x.shape[2])).flatten(2))
            progress(sum(map(len, means)) / len(self.vectors))
        return torch.cat(means), torch.cat(peaks)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Layer(_Record):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    units: Annotated[tuple[Annotated[int, Field(ge=0, lt=MAX_UNITS)], ...], Field(min_length=1, max_length=MAX_FOUND)]


class _Header(_Record):
    """The header of a file of a repair."""

    model: Line
    sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")]
    layers: Annotated[tuple[_Layer, ...], Field(min_length=1, max_length=MAX_LAYERS)]
    marks: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]
    before: Annotated[float, Field(ge=0, le=1)]
    after: Annotated[float, Field(ge=0, le=1)]


MAX_VALUES = MAX_FOUND * CELLS**2
_FILE = TensorFile(
    "repair",
    _Header,
    lambda header: tuple(layer.name for layer in header.layers),
    torch.float64,
    max_bytes=10**7,
    error=DissectionError,
)

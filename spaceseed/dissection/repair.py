"""Repairs: units that draw faults, found from marked images and limited in all images that are drawn.

Bau et al., "GAN Dissection" (ICLR 2019), sec. 4.3, switch off the units that light where a person sees faults. Here
units of most networks draw good things too, so none is switched off. It is limited, in each cell of its layer, to what
nine of ten good images reach there. Example::

    space = ss.LatentSpace(G, "z", truncation=1.0)
    repair = ss.Repair.fit(space, judge.embed_images, bad, good)      # latents of bad and of good images
    images = space.repaired(repair).images(vectors)
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from spaceseed.arguments import check_choice, check_integer, check_tensor, check_type
from spaceseed.batches import Progress, batch_size, one_of
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
MAX_CELLS = 16  # on a side: later layers draw details, and their limits would make recipes large
MAX_FOUND = 32  # units
REACHED = 0.9  # share of good images that stay below the limit of a cell
CHANCE = 0.1  # bound on the probability of such marks if nothing can be learned from them
SURE = 3.0  # standard errors by which a unit must tell bad from good
TRIED = 128  # images of each kind that a layer's repair is tried on


@dataclass(frozen=True, eq=False)
class Repair:
    """Units of one layer that are limited in all images.

    Attributes:
        model: id of the model; "" for a network without a card.
        sha256: hash of its weights' file; "" in the same case.
        layer: the layer.
        units: the units.
        limits: [units, cells], the most that each may be in each cell of the layer.
        marks: number of bad and of good images that were marked.
        before, after: share of the images tried that look bad to a classifier learned from the marks. It chose the
            layer, so it proves nothing: compare other images with another judge.
    """

    model: str
    sha256: str
    layer: str
    units: tuple[int, ...]
    limits: Tensor
    marks: tuple[int, int]
    before: float
    after: float

    def __str__(self) -> str:
        """The name in recipes."""
        digest = hashlib.sha256(self.limits.double().numpy().tobytes()).hexdigest()[:8]
        return f"repair of {len(self.units)} units in {self.layer}, {digest}"

    @property
    def edit(self) -> UnitEdit:
        """The change that each image gets."""
        return UnitEdit(
            name=str(self), layer=self.layer, units=self.units, values=self.limits, how="limit", sha256=self.sha256
        )

    def check(self, generator: Generator) -> None:
        """Checks that the repair belongs to this generator.

        Raises:
            DissectionError: it belongs to another one.
        """
        check_model(generator, self.model, self.sha256, "This repair belongs to", DissectionError)
        if self.layer not in generator.layers:
            raise DissectionError("This repair belongs to a layer that this model does not have.")

    @classmethod
    @torch.no_grad()
    def fit(
        cls,
        space: LatentSpace,
        features: Features,
        bad: Tensor,
        good: Tensor,
        layer: str | None = None,
        *,
        seed: int = 0,
        progress: Progress = lambda _: None,
    ) -> Self:
        """Finds the units that draw what is bad.

        A linear classifier of the features learns from the marks and looks at 400 random images, so that units are
        compared in many images even if few are marked. A unit is found if its mean activation tells bad from good
        images by three standard errors; of these the 32 that tell most are limited. The layer is the one whose repair
        leaves the fewest bad images.

        Args:
            space: the space of the marks. Images have its truncation and labels.
            features: from images [n, 3, H, W] to features [n, d], such as a judge's `embed_images`.
            bad: latents [n, dims] of bad images, vectors of `space`; 5 or more.
            good: those of good images, [m, dims]; 5 or more.
            layer: one of the generator's layers; the best one of at most 16 x 16 cells if None.
            seed: of the first random image; the others follow.
            progress: called with the share that is done.

        Raises:
            ArgumentError: there is no such layer, or a shape does not fit.
            DissectionError: there are too few marks, the bad images do not look different from the good ones, or no
                unit tells them apart.
        """
        check_type("space", space, LatentSpace, "a LatentSpace")
        generator = space.generator
        bad, good = (check_tensor(name, x, ["n", space.dims]) for name, x in (("bad", bad), ("good", good)))
        seed = check_integer("seed", seed, 0)
        if layer is not None:
            check_choice("layer", layer, dict.fromkeys(generator.layers))
        if min(len(bad), len(good)) < FEWEST:
            raise DissectionError(f"A repair needs {FEWEST} bad and {FEWEST} good images at least: mark some more.")
        vectors = torch.cat([bad.to(generator.device), good.to(generator.device),
                             space.draw(range(seed, seed + DRAWS))])  # fmt: skip
        look = _Look(space, features, vectors)
        layers = [layer] if layer is not None else look.coarse()
        steps = 2 * len(layers) + 1
        embedded = look.features({}, None, one_of(progress, 0, steps))
        marks = len(bad) + len(good)
        center, spread = embedded.mean(dim=0), embedded.std(dim=0).clamp(min=1e-9)
        scaled = (embedded - center) / spread
        examples = scaled[: len(bad)], scaled[len(bad) : marks]
        if p_value(logistic, *examples) > CHANCE:
            raise DissectionError("The bad images do not look different from the good ones: mark more of both.")
        judge = logistic(*examples)
        seems_bad = judge.score(scaled) > 0
        seems_bad[:marks] = torch.arange(marks) < len(bad)
        # The bad and the good images on which repairs are tried, in the proportion of the random ones.
        share = float(seems_bad[marks:].double().mean())
        rows = [seems_bad.nonzero()[-TRIED:, 0], (~seems_bad).nonzero()[-TRIED:, 0]]
        card = generator.card
        best: Self | None = None
        for i, name in enumerate(layers):
            x = look.activations(name, one_of(progress, 2 * i + 1, steps))
            units = telling(x[seems_bad], x[~seems_bad])
            if not len(units):
                continue
            limits = x[~seems_bad][:, units].flatten(2).quantile(REACHED, dim=0)
            tried = cls(
                model=card.id if card else "", sha256=card.sha256 if card else "", layer=name,
                units=tuple(units.tolist()), limits=limits.cpu(), marks=(len(bad), len(good)), before=share, after=1.0,
            )  # fmt: skip
            changes, left = activation_edits([tried.edit]), []
            for part in rows:
                again = look.features(changes, part, one_of(progress, 2 * i + 2, steps))
                left.append(float((judge.score((again - center) / spread) > 0).double().mean()))
            after = share * left[0] + (1 - share) * left[1]
            if best is None or after < best.after:
                best = cls(**{**vars(tried), "after": after})
        progress(1.0)
        if best is None or best.after >= share:
            raise DissectionError("No unit tells the bad images from the good ones: mark more, or other faults.")
        return best

    def save(self, path: str | Path) -> None:
        """Writes a .safetensors file that `open` reads."""
        header = _Header(**{name: getattr(self, name) for name in _Header.model_fields})
        _FILE.write(path, header, {"limits": self.limits.double()})

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Reads a file that `save` wrote.

        Raises:
            DissectionError: the file is damaged, or holds no repair.
            OSError: the file does not exist or cannot be read.
        """
        header, tensors = _FILE.read(path)
        limits = tensors["limits"].float()
        if limits.ndim != 2 or len(limits) != len(header.units) or limits.shape[1] > MAX_CELLS**2:
            raise _FILE.damaged
        repair = cls(limits=limits, **dict(header))
        try:
            repair.edit  # noqa: B018 - raises if it cannot be an edit
        except ValueError as error:
            raise _FILE.damaged from error
        return repair


def telling(bad: Tensor, good: Tensor) -> Tensor:
    """Returns the units whose mean activation is greater in bad images, by three standard errors; the surest first.

    Args:
        bad: activations of bad images, [n, units, h, w].
        good: of good ones, [m, units, h, w].

    Returns:
        int64, at most 32 numbers of units.
    """
    if min(len(bad), len(good)) < 2:
        return torch.empty(0, dtype=torch.int64)
    a, b = bad.mean(dim=(2, 3)).double(), good.mean(dim=(2, 3)).double()
    error = (a.var(dim=0) / len(a) + b.var(dim=0) / len(b)).sqrt().clamp(min=1e-12)
    lead = (a.mean(dim=0) - b.mean(dim=0)) / error
    order = lead.argsort(descending=True, stable=True)[:MAX_FOUND]
    return order[lead[order] > SURE]


@dataclass(frozen=True)
class _Look:
    """The images of vectors [n, dims], looked at in several ways."""

    space: LatentSpace
    see: Features
    vectors: Tensor

    def coarse(self) -> list[str]:
        """Returns the layers of few cells; the first one if all have more."""
        generator, ws = self.space.generator, self.space.ws(self.vectors[:1])
        sides: dict[str, int] = {}
        for name in generator.layers:
            sides[name] = generator.activations(ws, name, **self.space.options).shape[-1]
        return [name for name, side in sides.items() if side <= MAX_CELLS] or [generator.layers[0]]

    def features(self, edits: Mapping[str, ActivationEdit], rows: Tensor | None, progress: Progress) -> Tensor:
        """Returns features [n, d], float64, of all images or of some, drawn with these edits."""
        vectors = self.vectors if rows is None else self.vectors[rows.to(self.vectors.device)]
        found = []
        for part in vectors.split(batch_size(self.space.generator)):
            told = self.see(self.space.synthesize(self.space.ws(part), edits))
            found.append(check_tensor("features(images)", told, [len(part), "d"]).double().cpu())
            progress(sum(map(len, found)) / len(vectors))
        return torch.cat(found)

    def activations(self, layer: str, progress: Progress) -> Tensor:
        """Returns the activations of all images, [n, units, h, w], on the CPU."""
        found: list[Tensor] = []
        for part in self.vectors.split(batch_size(self.space.generator)):
            ws = self.space.ws(part)
            found.append(self.space.generator.activations(ws, layer, **self.space.options).cpu())
            progress(sum(map(len, found)) / len(self.vectors))
        return torch.cat(found)


class _Header(BaseModel):
    """The header of a file of a repair."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    model: Line
    sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")]
    layer: Annotated[str, Field(min_length=1, max_length=100)]
    units: Annotated[tuple[Annotated[int, Field(ge=0, lt=MAX_UNITS)], ...], Field(min_length=1, max_length=MAX_FOUND)]
    marks: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]
    before: Annotated[float, Field(ge=0, le=1)]
    after: Annotated[float, Field(ge=0, le=1)]


_FILE = TensorFile("repair", _Header, ("limits",), torch.float64, max_bytes=10**7, error=DissectionError)

"""Recipes: everything that recreates one image, and how the image was found.

Example::

    recipe = Recipe.of(G, z, truncation=0.7, name="Ada", found=Found(by="search", prompt="red hair"))
    recipe.save("ada.png")                        # the image with the recipe inside; .json and .npz hold no image
    x = Recipe.open("ada.png").render()           # the same image, bit for bit, on the same device
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat, field_validator, model_validator
from torch import Tensor

from spaceseed.arguments import check_integer, check_type
from spaceseed.errors import ArgumentError
from spaceseed.images import to_uint8
from spaceseed.models.generators.generator import Generator, ModelCard
from spaceseed.models.generators.options import synthesis_options
from spaceseed.models.zoo import loading
from spaceseed.recipes import files as recipe_files
from spaceseed.recipes.edits import AnyEdit, Edit, UnitEdit, activation_edits
from spaceseed.recipes.fields import (
    MAX_ITEMS,
    MAX_LAYERS,
    Floats,
    RecipeError,
    Record,
    Seed,
    Setting,
    damage_means,
)
from spaceseed.recipes.files import MAX_RECIPE_BYTES
from spaceseed.untrusted import Line, Text, clean_text
from spaceseed.version import __version__

__all__ = ["Edit", "Found", "Recipe", "RecipeError", "UnitEdit", "open_any"]

FORMAT: Final = 1
MAX_STEM_BYTES = 120  # file systems allow 255, and suffixes and numbers are added
MAX_MIN_SIDE = recipe_files.MAX_PNG_SIDE // 2  # enlarged by whole numbers, an image gets less than twice as wide
# The fields that determine the pixels, and so the id.
PIXEL_FIELDS = (
    "model", "sha256", "space", "latent", "labels", "truncation", "truncation_cutoff", "noise", "noise_seed", "edits",
    "transform",
)  # fmt: skip


class Found(Record):
    """How an image was found. Every attribute may be unknown.

    Attributes:
        by: the method: a typed or random seed, a search, breeding, steering along directions, or projection of a
            picture.
        prompt: the text that was searched for.
        judge: id of the network that scored.
        optimizer: name of the optimizer's class.
        settings: settings of the optimizer and the search.
        score: score by the judge; higher is better.
        generation: generation of the search or breeding.
        parents: ids of the recipes that it was bred from.
        has: parts of the prompt that the judge saw in the image, as texts such as "red hair" or "no glasses".
        lacks: those that it did not see.
        avoided: the filter that the draw kept to, as its `str` says it.
    """

    by: Literal["seed", "search", "breed", "steer", "project"] | None = None
    prompt: Text | None = None
    judge: Line | None = None
    optimizer: Line | None = None
    settings: dict[Line, Setting] = Field(default_factory=dict, max_length=MAX_ITEMS)
    score: FiniteFloat | None = None
    generation: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    parents: Annotated[tuple[Line, ...], Field(max_length=MAX_ITEMS)] = ()
    has: Annotated[tuple[Line, ...], Field(max_length=MAX_ITEMS)] = ()
    lacks: Annotated[tuple[Line, ...], Field(max_length=MAX_ITEMS)] = ()
    avoided: Line | None = None


class Recipe(Record):
    """Everything that recreates one image. Free text is cleaned and cut, not refused.

    Attributes:
        format: version of this schema.
        spaceseed: version of the package that made the recipe.
        model: the generator's id in the zoo.
        sha256: hash of the weights' file, hexadecimal.
        space: the space of `latent`. In "w" and "ws" the latent is stored before truncation.
        latent: float32 [z_dim], [w_dim] or [num_ws, w_dim].
        labels: float32 [num_classes], for conditional models in space z.
        truncation: psi of `w_avg + psi * (w - w_avg)`, -10 to 10.
        truncation_cutoff: number of style layers that are truncated, from the first; all if None.
        noise: the generator's noise mode.
        noise_seed: seed of "random" noise; None with other noise modes.
        edits: steps along directions, which act in order after truncation, and then edits of units, which act in order
            during the synthesis.
        transform: float32 [3, 3], translation and rotation of the image, for families that support it.
        seed: the integer seed that gives this z, if there is one.
        name: a name that the finder gave.
        found: how it was found.
    """

    format: Literal[1] = FORMAT
    spaceseed: Line = __version__
    model: Annotated[Line, Field(min_length=1)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    space: Literal["z", "w", "ws"] = "z"
    latent: Floats
    labels: Floats | None = None
    truncation: Annotated[float, Field(ge=-10, le=10)] = 1.0
    truncation_cutoff: Annotated[int, Field(ge=0, le=MAX_LAYERS)] | None = None
    noise: Literal["const", "none", "random"] = "const"
    noise_seed: Seed | None = None
    edits: Annotated[tuple[AnyEdit, ...], Field(max_length=MAX_ITEMS)] = ()
    transform: Floats | None = None
    seed: Seed | None = None
    name: Line = ""
    found: Found = Found()

    @field_validator("edits")
    @classmethod
    def _in_order(cls, edits: tuple[AnyEdit, ...]) -> tuple[AnyEdit, ...]:
        """Puts steps before edits of units, as they act, and these in the order of their layers' names.

        Edits of different layers may change places, so recipes that differ in this alone have the same id.
        """
        return tuple(sorted(edits, key=lambda edit: edit.layer if isinstance(edit, UnitEdit) else ""))

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.latent.ndim != (2 if self.space == "ws" else 1):
            raise ValueError(f"This recipe's latent has the wrong shape for the space {self.space!r}.")
        if self.labels is not None and (self.labels.ndim != 1 or self.space != "z"):
            raise ValueError("This recipe's labels must be one row of numbers, and its latent must be in space z.")
        if any(edit.vector.ndim != 1 for edit in self.steps):
            raise ValueError("This recipe has an edit whose direction has the wrong shape.")
        if any(edit.sha256 not in ("", self.sha256) for edit in self.edits):
            raise ValueError("This recipe has an edit that belongs to other weights than the recipe.")
        if self.transform is not None and self.transform.shape != (3, 3):
            raise ValueError("This recipe's transform must be a matrix of 3 x 3 numbers.")
        if (self.noise == "random") != (self.noise_seed is not None):
            raise ValueError("A recipe needs a noise seed if its noise is random, and must not have one otherwise.")
        return self

    @classmethod
    def of(cls, generator: Generator, latent: Tensor, **fields: Any) -> Self:
        """Returns the recipe of a latent of this generator.

        Args:
            generator: a generator from the zoo, because the recipe needs its card.
            latent: of the shape for `space`; stored as float32.
            **fields: any other attributes.

        Raises:
            ArgumentError: `generator` is not a Generator, or has no card.
            RecipeError: an attribute has a value that is not allowed.
        """
        check_type("generator", generator, Generator, "a Generator, such as load returns")
        return cls.of_card(generator.card, latent, **fields)

    @classmethod
    def of_card(cls, card: ModelCard | None, latent: Tensor, **fields: Any) -> Self:
        """Returns the recipe of a latent of the generator with this card. Arguments and errors are those of `of`."""
        if card is None:
            raise ArgumentError("generator.card", None, "a ModelCard, which generators from the zoo have")
        return cls(model=card.id, sha256=card.sha256, latent=latent, **fields)

    def replace(self, **fields: Any) -> Self:
        """Returns a copy with some attributes changed. Unlike `model_copy`, it checks them as the constructor does."""
        return type(self)(**(dict(self) | fields))

    @property
    def steps(self) -> tuple[Edit, ...]:
        """The edits that are steps along directions."""
        return tuple(edit for edit in self.edits if isinstance(edit, Edit))

    @property
    def unit_edits(self) -> tuple[UnitEdit, ...]:
        """The edits of units."""
        return tuple(edit for edit in self.edits if isinstance(edit, UnitEdit))

    @property
    def edited(self) -> bool:
        """Whether somebody changed this image. A repair, which changes all images of a model, does not count."""
        return any(isinstance(edit, Edit) or edit.how == "set" or edit.mask is not None for edit in self.edits)

    @property
    def id(self) -> str:
        """16 hexadecimal digits, equal for all recipes with the same pixels. Name and history do not matter."""
        fields = self.model_dump(mode="json", include=set(PIXEL_FIELDS))
        for edit in fields["edits"]:
            del edit["name"]
        if self.transform is None:  # recipes from before this field keep their ids
            del fields["transform"]
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def stem(self) -> str:
        """File name without suffix: the name, reduced to letters and digits of any script, or the id if it is empty."""
        words = unicodedata.normalize("NFC", self.name.lower())
        # Combining marks are kept: Hindi and Thai write vowels with them.
        kept = "".join(char if unicodedata.category(char)[0] in "LMN" else "-" for char in words)
        slug = re.sub("-+", "-", kept).encode()[:MAX_STEM_BYTES].decode(errors="ignore")
        return slug.strip("-") or self.id

    def ws(self, generator: Generator) -> Tensor:
        """Returns styles [1, num_ws, w_dim] on the generator's device: mapped, truncated, moved along directions.

        Raises:
            RecipeError: the recipe belongs to another model, its shapes do not fit this one, or its numbers are so
                large that styles are not finite.
        """
        self._check(generator)
        latent = self.latent[None].to(generator.device)
        with torch.no_grad():
            if self.space == "z":
                labels = None if self.labels is None else self.labels[None].to(generator.device)
                ws = generator.map(latent, labels, self.truncation, self.truncation_cutoff)
            else:
                ws = latent[:, None].expand(-1, generator.num_ws, -1) if self.space == "w" else latent
                ws = generator.truncate(ws, self.truncation, self.truncation_cutoff).clone()
            for edit in self.steps:
                ws = edit.apply(_finite(ws))
        return _finite(ws)

    def render(self, generator: Generator | None = None) -> Tensor:
        """Draws the image, in a batch of one. The batch in which it was found makes no difference.

        Args:
            generator: the recipe's generator, if it is loaded; otherwise it is loaded from the zoo.

        Returns:
            [1, 3, H, W] float32, nominally in [-1, 1], not clipped.

        Raises:
            RecipeError: the model is not in the zoo, is another one or has other weights, or shapes do not fit it.
        """
        generator = self.load_generator() if generator is None else generator
        ws = self.ws(generator)
        with torch.no_grad():
            return _finite(generator.synthesize(ws, **self.synthesis_options(generator)))

    def synthesis_options(self, generator: Generator) -> dict[str, Any]:
        """Returns the arguments of `generator.synthesize` besides the styles."""
        options = synthesis_options(generator, self.truncation, self.noise, self.noise_seed, self.transform)
        return options | ({"edits": activation_edits(generator, self.unit_edits)} if self.unit_edits else {})

    def load_generator(self) -> Generator:
        """Loads the recipe's model from the zoo.

        Raises:
            RecipeError: the zoo has no such model.
            DownloadError: it cannot be downloaded.
        """
        # Only an id from the catalogue is loaded: an untrusted recipe must not choose what is downloaded.
        if self.model not in [card.id for card in loading.list_models()]:
            raise RecipeError(f"This recipe needs the model {self.model!r}, which is not among the models here.")
        return loading.load(self.model)

    def to_json(self) -> str:
        """Returns the recipe as JSON. The id is in it, as a checksum of the fields that determine the pixels.

        Raises:
            RecipeError: it is longer than `from_json` accepts.
        """
        return self._json(exclude=())

    @classmethod
    def from_json(cls, text: str | bytes, latent: NDArray[np.float32] | None = None) -> Self:
        """Reads the JSON of `to_json`, also from untrusted sources.

        Args:
            text: JSON. Its "id" may be missing, but must not be wrong.
            latent: the latent, if the file stores it apart.

        Raises:
            RecipeError: the text is too long, not a recipe, of a newer format, changed, or has a value out of range.
        """
        if len(text) > MAX_RECIPE_BYTES:
            raise RecipeError(f"This recipe is too large: the limit is {MAX_RECIPE_BYTES // 10**6} MB.")
        with damage_means("This recipe is damaged: it cannot be read."):
            fields = json.loads(text)
        if not isinstance(fields, dict) or not isinstance(fields.get("format"), int):
            raise RecipeError("This file holds no recipe.")
        if fields["format"] > FORMAT:
            number = clean_text(str(fields["format"])[:40], 20)
            raise RecipeError(
                f"This recipe has format {number}, from a newer spaceseed; this one reads format {FORMAT}."
            )
        claimed = fields.pop("id", None)
        with damage_means("This recipe is damaged: it says something that no recipe says."):
            recipe = cls(**(fields if latent is None else fields | {"latent": latent}))
        if claimed not in (None, recipe.id):
            raise RecipeError("This recipe was damaged or changed after it was saved.")
        return recipe

    def to_bytes(self, suffix: str, generator: Generator | None = None, min_side: int = 1) -> bytes:
        """Returns the contents of a file with this suffix. Arguments and exceptions are those of `save`."""
        if suffix == ".json":
            return self.to_json().encode()
        if suffix == ".npz":
            return recipe_files.pack_npz(self._json(exclude=["latent"]), self.latent.numpy())
        if suffix == ".png":
            side = check_integer("min_side", min_side, 1, MAX_MIN_SIDE)
            return recipe_files.pack_png(self.to_json(), to_uint8(self.render(generator))[0], side)
        raise RecipeError(
            f"A recipe's file ends in {', '.join(recipe_files.SUFFIXES)}, not in {clean_text(suffix, 20)!r}."
        )

    def save(self, path: str | Path, generator: Generator | None = None, min_side: int = 1) -> None:
        """Writes a file that `open` reads.

        Args:
            path: ends in .png (the rendered image with the recipe inside), .json or .npz.
            generator: renders the PNG, as in `render`.
            min_side: a PNG with shorter sides, in pixels, is enlarged: each pixel becomes a square of equal pixels.
                At most 4096.

        Raises:
            ArgumentError: min_side is out of range.
            RecipeError: the suffix is another one, or the image cannot be rendered.
        """
        Path(path).write_bytes(self.to_bytes(Path(path).suffix.lower(), generator, min_side))

    @classmethod
    def open(cls, path: str | Path) -> "Recipe":
        """Reads a .png, .json, .npz or .zip file with one recipe.

        Raises:
            RecipeError: the file cannot be used, or is a ZIP with several recipes.
            OSError: the file does not exist or cannot be read.
        """
        recipes = open_any(path)
        if len(recipes) > 1:
            raise RecipeError(f"This ZIP file holds {len(recipes)} recipes, not one.")
        return recipes[0]

    def _json(self, exclude: Sequence[str]) -> str:
        fields = self.model_dump(mode="json", exclude=set(exclude))
        text = json.dumps({"id": self.id} | fields, ensure_ascii=False, allow_nan=False, indent=1)
        if len(text.encode()) > MAX_RECIPE_BYTES:
            raise RecipeError(f"This recipe is too large to save: the limit is {MAX_RECIPE_BYTES // 10**6} MB.")
        return text

    def _check(self, generator: Generator) -> None:
        card = generator.card
        if card is None or card.id != self.model:
            other = repr(card.id) if card else "a network without a card"
            raise RecipeError(f"This recipe was made with the model {self.model!r}, not with {other}.")
        if card.sha256 != self.sha256:
            raise RecipeError(f"This recipe was made with other weights of {self.model!r} than those loaded here.")
        sizes = {"z": [generator.z_dim], "w": [generator.w_dim], "ws": [generator.num_ws, generator.w_dim]}
        classes = 0 if self.labels is None else len(self.labels)
        fits = (
            list(self.latent.shape) == sizes[self.space]
            and classes == (generator.num_classes if self.space == "z" else 0)
            and (self.truncation_cutoff or 0) <= generator.num_ws
            and (self.noise == "const" or "noise" in generator.options)
            and (self.transform is None or "transform" in generator.options)
            and all(len(edit.vector) == generator.w_dim and edit.layers[-1] < generator.num_ws for edit in self.steps)
            and all(edit.layer in (*generator.layers, *generator.styles) for edit in self.unit_edits)
        )
        if not fits:
            raise RecipeError(f"This recipe does not fit the model {self.model!r}.")
        for unit_edit in self.unit_edits:
            unit_edit.check(generator.shape(unit_edit.layer))


def _finite(numbers: Tensor) -> Tensor:
    if not bool(numbers.isfinite().all()):
        raise RecipeError("This recipe has numbers so large that its image cannot be drawn.")
    return numbers


def open_any(path: str | Path) -> list[Recipe]:
    """Reads all recipes in a .png, .json, .npz or .zip file.

    Returns:
        One recipe, or those of a ZIP in its order.

    Raises:
        RecipeError: the file cannot be used. In a ZIP, one bad recipe is enough.
        OSError: the file does not exist or cannot be read.
    """
    return recipe_files.read(Path(path), lambda content: Recipe.from_json(*content))

"""Links that reopen one find: "?model=avatars&seed=42&truncation=0.7" where that says it all, else "?find=..."."""

import base64
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from spaceseed.models.generators.generator import MAX_SEED, latents_from_seeds
from spaceseed.recipes.recipe import Recipe, RecipeError

MAX_LINK = 12_000  # characters; servers refuse longer ones
MAX_UNPACKED = 100_000
MAX_MODEL = 100  # characters of a model's id
DAMAGED = "This link is damaged or cut off: ask for it again, or for the file."


@dataclass(frozen=True)
class SeedLink:
    """A link to the image of an integer seed.

    Attributes:
        model: id of the model; "" for the one that the app begins with.
        seed: the integer.
        truncation: psi; None for what suits the model.
    """

    model: str
    seed: int
    truncation: float | None


def write_query(recipe: Recipe) -> str | None:
    """Returns the query part of a link to a find; None if it would be too long."""
    if recipe.seed is not None and recipe.space == "z":
        latent = latents_from_seeds([recipe.seed], len(recipe.latent))[0]
        plain = Recipe(model=recipe.model, sha256=recipe.sha256, latent=latent, truncation=recipe.truncation)
        if plain.id == recipe.id:
            return "?" + urlencode({"model": recipe.model, "seed": recipe.seed, "truncation": recipe.truncation})
    fields = recipe.model_dump(mode="json", exclude_defaults=True) | {"format": recipe.format}
    packed = base64.urlsafe_b64encode(zlib.compress(json.dumps(fields).encode(), 9)).decode().rstrip("=")
    return f"?find={packed}" if len(packed) <= MAX_LINK else None


def read_query(query: Mapping[str, str]) -> Recipe | SeedLink | None:
    """Reads what `write_query` wrote, which may come from a stranger; returns None if there is nothing to read.

    Raises:
        RecipeError: one sentence that says what is wrong with the link.
    """
    if "find" in query:
        return _unpack(query["find"])
    if "seed" not in query:
        return None
    if not re.fullmatch("[0-9]{1,10}", query["seed"]) or int(query["seed"]) > MAX_SEED:
        raise RecipeError(f"This link holds no seed: a seed is a whole number from 0 to {MAX_SEED}.")
    return SeedLink(query.get("model", "")[:MAX_MODEL], int(query["seed"]), _truncation(query.get("truncation")))


def _truncation(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        truncation = float(text)
    except ValueError:
        truncation = float("nan")
    if not 0 <= truncation <= 1.5:
        raise RecipeError("This link's truncation is out of range: it goes from 0 to 1.5.")
    return truncation


def _unpack(packed: str) -> Recipe:
    if len(packed) > MAX_LINK:
        raise RecipeError(DAMAGED)
    try:
        data = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(data, MAX_UNPACKED)
    except (ValueError, zlib.error) as error:
        raise RecipeError(DAMAGED) from error
    if not unpacker.eof:
        raise RecipeError(DAMAGED)
    return Recipe.from_json(text)

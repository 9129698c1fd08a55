"""Links that reopen one find: "?seed=42&truncation=0.7" where that says it all, else "?find=" and a packed recipe."""

import base64
import json
import re
import zlib
from collections.abc import Mapping
from urllib.parse import urlencode

from spaceseed.models.generator import MAX_SEED, Generator, latents_from_seeds
from spaceseed.recipe import Found, Recipe, RecipeError

MAX_LINK = 12_000  # characters; servers refuse longer ones
MAX_UNPACKED = 100_000
DAMAGED = "This link is damaged or cut off: ask for it again, or for the file."


def write_query(generator: Generator, recipe: Recipe) -> str | None:
    """Writes the query part of a link to a find of this generator; None if it would be too long."""
    if recipe.seed is not None:
        plain = _from_seed(generator, recipe.seed, recipe.truncation)
        if plain.id == recipe.id:
            return "?" + urlencode({"seed": recipe.seed, "truncation": recipe.truncation})
    fields = recipe.model_dump(mode="json", exclude_defaults=True) | {"format": recipe.format}
    packed = base64.urlsafe_b64encode(zlib.compress(json.dumps(fields).encode(), 9)).decode().rstrip("=")
    return f"?find={packed}" if len(packed) <= MAX_LINK else None


def read_query(generator: Generator, query: Mapping[str, str]) -> Recipe | None:
    """Reads what `write_query` wrote, even if from a stranger; None if there is nothing to read.

    Raises:
        RecipeError: one sentence that says what is wrong with the link.
    """
    if "find" in query:
        return _unpack(query["find"])
    if "seed" not in query:
        return None
    if not re.fullmatch("[0-9]{1,10}", query["seed"]) or int(query["seed"]) > MAX_SEED:
        raise RecipeError(f"This link holds no seed: a seed is a whole number from 0 to {MAX_SEED}.")
    try:
        truncation = float(query.get("truncation", 0.7))
    except ValueError:
        truncation = float("nan")
    if not 0 <= truncation <= 1.5:
        raise RecipeError("This link's truncation is out of range: it goes from 0 to 1.5.")
    return _from_seed(generator, int(query["seed"]), truncation)


def _from_seed(generator: Generator, seed: int, truncation: float) -> Recipe:
    return Recipe.of(
        generator,
        latents_from_seeds([seed], generator.z_dim)[0],
        truncation=truncation,
        seed=seed,
        name=f"seed {seed}",
        found=Found(by="seed"),
    )


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

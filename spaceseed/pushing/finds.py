"""Finds as a dataset: pictures that the Hub's viewer shows, with the recipes that draw them again."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from spaceseed.arguments import check_integer
from spaceseed.batches import Progress
from spaceseed.errors import ArgumentError, UploadError
from spaceseed.models.generators.generator import ModelCard
from spaceseed.models.zoo import loading
from spaceseed.pushing.cards import MARK, Weights, dataset_card
from spaceseed.pushing.repository import Content, Pushed, Repository, check_repo_id, push
from spaceseed.recipes.recipe import Recipe
from spaceseed.untrusted import clean_text

MAX_FINDS = 500  # in one push
METADATA = "images/metadata.jsonl"
README = "README.md"

Row = dict[str, Any]


def push_finds(
    recipes: Iterable[Recipe],
    repo_id: str,
    *,
    token: str | None = None,
    private: bool = True,
    draw: Callable[[Recipe], Content | None] | None = None,
    cards: Mapping[str, ModelCard] | None = None,
    progress: Progress = lambda _: None,
) -> Pushed:
    """Pushes finds to a dataset on the Hub, with one commit. What it holds already stays there.

    Each find becomes `images/ID.png`, with its recipe inside, and `recipes/ID.json`. `images/metadata.jsonl` gets a
    line for each image, and README.md says what drew them, under which licence. A README.md that somebody else has
    written is left as it is.

    Args:
        recipes: 1 to 500.
        repo_id: "name", which belongs to the token's owner, or "owner/name". It is created if it does not exist.
        token: of whoever pushes. It is used for this call and not kept. If None, the one that `hf auth login` or
            HF_TOKEN has left on this machine.
        private: a new dataset is seen by its owner alone. One that exists must not be public then.
        draw: returns the PNG of a recipe, or None to push its JSON alone. If None, the zoo draws all.
        cards: of the models, by id; those of `list_models()` if None.
        progress: called with the share of the images that are drawn. It may raise an exception to end the work; no
            request has been made before the share is 1.

    Returns:
        Where they are.

    Raises:
        ArgumentError: the Hub does not allow this name, or there are too many recipes or none, or what is no recipe.
        RecipeError: an image cannot be drawn.
        UploadError: the Hub cannot be reached or refuses. Nothing is changed then.
    """
    check_repo_id(repo_id)
    given = list(recipes) if isinstance(recipes, Iterable) else [recipes]
    if not all(isinstance(recipe, Recipe) for recipe in given):
        raise ArgumentError("recipes", recipes, "recipes")
    finds = {recipe.id: recipe for recipe in given}
    check_integer("len(recipes)", len(finds), 1, MAX_FINDS)
    known = {card.id: card for card in loading.list_models()} if cards is None else cards
    rows = {name: _row(recipe, known.get(recipe.model)) for name, recipe in finds.items()}
    draw, files, seen = draw or _drawn_by_the_zoo(), dict[str, Content](), list[Row]()
    for done, (name, recipe) in enumerate(finds.items()):
        progress(done / len(finds))
        picture = draw(recipe)
        files[f"recipes/{name}.json"] = recipe.to_bytes(".json")
        if picture is not None:
            files[f"images/{name}.png"] = picture
            seen.append(rows[name])
    progress(1.0)

    def contents(repository: Repository) -> dict[str, Content]:
        merged = _merged(repository.read(METADATA), seen)
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in merged)
        added = files | ({METADATA: lines.encode(errors="replace")} if merged else {})
        if README not in repository.sizes or MARK in repository.read(README):
            weights = _weights([*merged, *rows.values()], known)
            added[README] = dataset_card(repository.name, len(merged), weights, example=min(files)).encode()
        return added

    message = f"Add {len(finds)} find{'' if len(finds) == 1 else 's'}"
    return push("dataset", repo_id, contents, message, token=token, private=private)


def _drawn_by_the_zoo() -> Callable[[Recipe], bytes]:
    generators = {}

    def draw(recipe: Recipe) -> bytes:
        if recipe.model not in generators:
            generators[recipe.model] = recipe.load_generator()
        return recipe.to_bytes(".png", generators[recipe.model])

    return draw


def _row(recipe: Recipe, card: ModelCard | None) -> Row:
    """Returns the line of metadata.jsonl; the viewer shows each key as a column."""
    return {
        "file_name": f"{recipe.id}.png",
        "text": recipe.name or recipe.found.prompt or recipe.id,
        "model": recipe.model,
        "seed": recipe.seed,
        "prompt": recipe.found.prompt,
        "score": recipe.found.score,
        "truncation": recipe.truncation,
        "found_by": recipe.found.by,
        "licence": card.licence if card else "unknown",
        "weights_sha256": recipe.sha256,
    }


def _merged(text: str, rows: list[Row]) -> list[Row]:
    """Returns the lines of an earlier metadata.jsonl, with new ones after them or in their places."""
    try:
        earlier = [json.loads(line, parse_constant=_refuse) for line in text.splitlines() if line.strip()]
        named = {str(row["file_name"]): row for row in earlier}
    except (ValueError, KeyError, TypeError, RecursionError):
        named = None
    if named is None:
        raise UploadError(f"{METADATA} of this dataset is not one of spaceseed: choose another name.")
    return list((named | {row["file_name"]: row for row in rows}).values())


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON.")


def _weights(rows: list[Row], cards: Mapping[str, ModelCard]) -> list[Weights]:
    """Returns what drew the images; an earlier line may come from anywhere."""
    keys = dict.fromkeys(
        tuple(clean_text(str(row.get(key) or "unknown"), 100) for key in ("model", "weights_sha256", "licence"))
        for row in rows
    )
    return [Weights(model, sha256, licence, cards.get(model)) for model, sha256, licence in keys]

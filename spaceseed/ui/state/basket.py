"""The basket's ways in and out: what is kept, files to download and to drop, what the browser keeps between visits."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.files import write_zip
from spaceseed.recipes.recipe import Recipe, RecipeError, open_any
from spaceseed.ui.kit.cores import use_cores
from spaceseed.ui.kit.files import served, still_served
from spaceseed.ui.kit.messages import inform, warn
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import MAX_FINDS, Session

SUFFIXES = (".png", ".json", ".npz")
MAX_SAVED = 2_000_000  # characters; browsers keep about 5 MB for a site


def keep(visitor: Session, recipes: Sequence[Recipe]) -> int:
    """Puts finds into the basket, and says so; returns a number that announces the change."""
    kept, problem = visitor.keep(recipes)
    if problem:
        warn(problem)
    else:
        inform(f"Kept {kept} in Found seeds." if kept else "Kept already: look into Found seeds.")
    return visitor.changed()


def file(recipe: Recipe, suffix: str, generator: Generator | None = None) -> str:
    """Writes a find where the browser may fetch it, named after it; returns the path.

    Args:
        recipe: the find.
        suffix: ".png", which needs the generator, ".json" or ".npz".
        generator: the find's own.
    """
    return served(recipe.stem + suffix, lambda path: recipe.save(path, generator))


def png(networks: Networks, visitor: Session, recipe: Recipe) -> str:
    """The path of a find's PNG, at full resolution, drawn once a visit.

    Raises:
        RecipeError: its model cannot be loaded, or does not fit it.
    """
    path = visitor.files.get(recipe)
    if path is None or not still_served(path):
        generator = networks.generator_of(recipe)
        use_cores(generator)
        path = visitor.files[recipe] = file(recipe, ".png", generator)
    return path


def zip_file(networks: Networks, visitor: Session, recipes: Sequence[Recipe]) -> str:
    """Writes finds as one ZIP and returns its path: PNGs, and JSON of those whose model is not here."""

    def entries() -> Iterator[tuple[str, bytes]]:
        for number, recipe in enumerate(recipes, start=1):
            if networks.at_hand(recipe.model):
                yield f"{number:03d}-{recipe.stem}.png", Path(png(networks, visitor, recipe)).read_bytes()
            else:
                yield f"{number:03d}-{recipe.stem}.json", recipe.to_json().encode()

    return served("spaceseed-finds.zip", lambda path: write_zip(path, entries()))


def restore(networks: Networks, visitor: Session, paths: Sequence[str]) -> tuple[int, list[str]]:
    """Puts the finds of dropped files into the basket.

    Returns:
        how many went in, and a sentence for each file that could not be used or found no room.
    """
    kept, problems = 0, []
    for path in map(Path, paths[:MAX_FINDS]):
        try:
            recipes = open_any(path)
            for recipe in recipes[:MAX_FINDS]:
                networks.check(recipe)
        except (RecipeError, OSError) as error:
            sentence = str(error) if isinstance(error, RecipeError) else "This file cannot be read."
            problems.append(f"{path.name}: {sentence}")
            continue
        added, problem = visitor.keep(recipes)
        kept += added
        if problem:
            problems.append(problem)
            break
    return kept, problems


def to_browser(visitor: Session) -> list[str]:
    """The finds as JSON, for the browser to keep: the newest, as many as it has room for."""
    texts: list[str] = []
    size = 0
    for recipe in reversed(visitor.finds.values()):
        texts.append(recipe.to_json())
        size += len(texts[-1])
        if size > MAX_SAVED:
            return texts[-2::-1]
    return texts[::-1]


def from_browser(networks: Networks, visitor: Session, saved: Any) -> int:
    """Puts what `to_browser` wrote back into the basket; returns how many entries could not be used."""
    entries = saved[:MAX_FINDS] if isinstance(saved, list) else []
    lost = 0
    for text in entries:
        try:
            recipe = Recipe.from_json(text if isinstance(text, str) else "")
            networks.check(recipe)
            visitor.keep([recipe])
        except RecipeError:
            lost += 1
    return lost

"""The basket's way out and back in: files to download, files dropped, what the browser keeps between visits."""

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from spaceseed.models.generator import Generator
from spaceseed.recipe import Recipe, RecipeError, open_any, save_zip
from spaceseed.ui.pictures import jpegs, keep_file
from spaceseed.ui.session import MAX_FINDS, Session

SUFFIXES = (".png", ".json", ".npz")
MAX_SAVED = 2_000_000  # characters; browsers keep about 5 MB for a site


def files(generator: Generator, recipe: Recipe) -> list[str]:
    """Writes a find as PNG, JSON and NPZ.

    Returns:
        paths of the three, named after the find.
    """
    stem = re.sub(r"[^a-z0-9]+", "-", recipe.name.lower()).strip("-")[:60] or recipe.id
    return [_written(stem + suffix, lambda path: recipe.save(path, generator)) for suffix in SUFFIXES]


def zip_file(generator: Generator, recipes: Sequence[Recipe]) -> str:
    """Writes finds as one ZIP of PNGs; returns its path."""
    return _written("spaceseed-finds.zip", lambda path: save_zip(recipes, path, generator))


def picture(generator: Generator, visitor: Session, recipe: Recipe) -> str:
    """The path of a find's picture, drawn once a visit.

    Raises:
        RecipeError: the recipe is not of this generator.
    """
    path = visitor.pictures.get(recipe.id)
    if path is None or not Path(path).exists():
        [path] = jpegs(recipe.render(generator))
        visitor.pictures[recipe.id] = path
    return path


def restore(generator: Generator, visitor: Session, paths: Sequence[str]) -> tuple[int, list[str]]:
    """Puts the finds of dropped files into the basket.

    Returns:
        how many went in, and a sentence for each file that could not be used or found no room.
    """
    kept, problems = 0, []
    for path in map(Path, paths[:MAX_FINDS]):
        try:
            recipes = open_any(path)
            for recipe in recipes[:MAX_FINDS]:
                picture(generator, visitor, recipe)  # shows whether it can be drawn here
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


def from_browser(generator: Generator, visitor: Session, saved: Any) -> int:
    """Puts what `to_browser` wrote back into the basket; returns how many entries could not be used."""
    entries = saved[:MAX_FINDS] if isinstance(saved, list) else []
    lost = 0
    for text in entries:
        try:
            recipe = Recipe.from_json(text if isinstance(text, str) else "")
            recipe.ws(generator)  # of this model, and of its shapes
            visitor.keep([recipe])
        except RecipeError:
            lost += 1
    return lost


def _written(name: str, write: Callable[[Path], None]) -> str:
    """Lets `write` make a file, and moves it to where the browser may fetch it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return keep_file(path.read_bytes(), name)

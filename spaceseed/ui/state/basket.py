"""What a visitor keeps, and its ways in and out: files, and what the browser stores between visits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.files import write_zip
from spaceseed.recipes.recipe import Recipe, RecipeError, open_any
from spaceseed.ui.kit.cores import use_cores
from spaceseed.ui.kit.files import served, still_served
from spaceseed.ui.kit.messages import inform, warn
from spaceseed.ui.kit.storage import Changes
from spaceseed.ui.state.networks import Networks

SUFFIXES = (".png", ".json", ".npz")
LARGE = 512  # pixels
MAX_FINDS = 200
MAX_SAVED = 2_000_000  # characters; browsers keep about 5 MB for a site


@dataclass
class Basket:
    """The finds that one visitor keeps.

    Attributes:
        finds: by the recipes' ids, oldest first, at most 200.
        shown: id of the find that the visitor looks at; "" for none.
        files: a find to the path of its PNG, as far as it is drawn.
        stored: what the browser keeps of this basket, as far as is known: ids to JSON.
        removed: what was removed last, and can come back: all finds as they were before.
    """

    finds: dict[str, Recipe] = field(default_factory=dict)
    shown: str = ""
    files: dict[Recipe, str] = field(default_factory=dict)
    stored: dict[str, str] = field(default_factory=dict)
    removed: dict[str, Recipe] = field(default_factory=dict)
    _changes: int = 0

    @property
    def current(self) -> Recipe | None:
        """The find that the visitor looks at."""
        return self.finds.get(self.shown)

    @property
    def place(self) -> int:
        """The place of that find among all; 0 if there is none."""
        return list(self.finds).index(self.shown) if self.shown in self.finds else 0

    def add(self, recipes: Sequence[Recipe]) -> tuple[int, str | None]:
        """Puts finds in, leaving out pictures that are in it already, and looks at the last of them.

        Returns:
            how many went in, and a sentence for the visitor if some found no room.
        """
        new = {recipe.id: recipe for recipe in recipes if recipe.id not in self.finds}
        room = MAX_FINDS - len(self.finds)
        self.finds.update(list(new.items())[:room])
        self.shown = next((recipe.id for recipe in reversed(recipes) if recipe.id in self.finds), self.shown)
        if len(new) <= room:
            return len(new), None
        lost = len(new) - room
        return room, f"The basket holds {MAX_FINDS} finds, so {lost} did not fit: download some and remove them."

    def remove(self, recipes: Sequence[Recipe]) -> None:
        """Takes finds out, and looks at the newest one if the one looked at is among them."""
        self.removed = dict(self.finds)
        for recipe in recipes:
            del self.finds[recipe.id]
        if self.shown not in self.finds:
            self.shown = next(reversed(self.finds), "")

    def bring_back(self) -> int:
        """Puts what was removed last back in its place, as far as there is room; returns how many finds that are."""
        lost = [name for name in self.removed if name not in self.finds][: MAX_FINDS - len(self.finds)]
        names = dict.fromkeys(name for name in self.removed if name in self.finds or name in lost)
        kept = self.finds
        self.finds = {name: kept.get(name, self.removed[name]) for name in names} | kept
        self.removed = {}
        self.shown = lost[-1] if lost else self.shown
        return len(lost)

    def changed(self) -> int:
        """Returns a number that was not returned before: as the value of a `gr.State` it announces a change."""
        self._changes += 1
        return self._changes


def keep(basket: Basket, recipes: Sequence[Recipe]) -> int:
    """Puts finds into the basket and tells the visitor; returns a number that announces the change."""
    kept, problem = basket.add(recipes)
    if problem:
        warn(problem)
    else:
        inform(f"Kept {kept} in Found seeds." if kept else "Kept already: look into Found seeds.")
    return basket.changed()


def file(recipe: Recipe, suffix: str, generator: Generator | None = None) -> str:
    """Writes a find where the browser may fetch it, named after it; returns the path.

    Args:
        recipe: the find.
        suffix: ".png", which needs the generator, ".json" or ".npz".
        generator: the find's own.
    """
    return served(recipe.stem + suffix, lambda path: recipe.save(path, generator))


def large_png(networks: Networks, recipe: Recipe) -> str:
    """Writes a find's PNG enlarged, for pages and chats that would blur a small one; returns the path.

    Raises:
        RecipeError: its model cannot be loaded, or does not fit it.
    """
    generator = networks.generator_of(recipe)
    use_cores(generator)
    return served(f"{recipe.stem}-large.png", lambda path: recipe.save(path, generator, min_side=LARGE))


def png(networks: Networks, basket: Basket, recipe: Recipe) -> str:
    """Returns the path of a find's PNG at full resolution, which is drawn once a visit.

    Raises:
        RecipeError: its model cannot be loaded, or does not fit it.
    """
    path = basket.files.get(recipe)
    if path is None or not still_served(path):
        generator = networks.generator_of(recipe)
        use_cores(generator)
        path = basket.files[recipe] = file(recipe, ".png", generator)
    return path


def zip_file(networks: Networks, basket: Basket, recipes: Sequence[Recipe]) -> str:
    """Writes finds as one ZIP and returns its path: PNGs, and JSON of those whose model is not here."""

    def entries() -> Iterator[tuple[str, bytes]]:
        for recipe in recipes:
            if networks.at_hand(recipe.model):
                yield f"{recipe.stem}.png", Path(png(networks, basket, recipe)).read_bytes()
            else:
                yield f"{recipe.stem}.json", recipe.to_bytes(".json")

    return served("spaceseed-finds.zip", lambda path: write_zip(path, entries()))


def restore(networks: Networks, basket: Basket, paths: Sequence[str]) -> tuple[int, list[str]]:
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
        added, problem = basket.add(recipes)
        kept += added
        if problem:
            problems.append(problem)
            break
    return kept, problems


def to_browser(basket: Basket) -> Changes:
    """Returns what the browser must change to keep the newest finds, as many as it has room for.

    Finds that another window has put into the browser stay there.
    """
    texts: dict[str, str] = {}
    size = 0
    for name, recipe in reversed(basket.finds.items()):
        text = recipe.to_json()
        size += len(text)
        if size > MAX_SAVED:
            break
        texts[name] = text
    put = {name: text for name, text in reversed(texts.items()) if basket.stored.get(name) != text}
    drop = [name for name in basket.stored if name not in texts]
    basket.stored = dict(reversed(texts.items()))
    return Changes(put, drop)


def from_browser(networks: Networks, basket: Basket, texts: Sequence[str]) -> int:
    """Puts what the browser kept back into the basket; returns how many texts could not be used."""
    lost = 0
    for text in texts[:MAX_FINDS]:
        try:
            recipe = Recipe.from_json(text)
            networks.check(recipe)
            basket.add([recipe])
            basket.stored[recipe.id] = text
        except RecipeError:
            lost += 1
    return lost

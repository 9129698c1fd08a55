"""A mixing grid: finds crossed with finds (Karras et al. 2019, fig. 3)."""

from dataclasses import dataclass

from spaceseed.mixing.styles import mix
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe


@dataclass(frozen=True)
class Mixture:
    """A grid that was asked for: finds of one model, and the style layers that come from the columns."""

    model: str
    rows: tuple[Recipe, ...]
    columns: tuple[Recipe, ...]
    layers: tuple[int, ...]

    def child(self, generator: Generator, row: int, column: int) -> Recipe:
        """Returns the child in one place; where a find is crossed with itself, that find."""
        base, other = self.rows[row], self.columns[column]
        if base.id == other.id:
            return base
        names = [(find.name or find.id).partition(" · ")[0] for find in (base, other)]
        return mix(generator, base, other, self.layers).replace(name=" x ".join(names))

    def children(self, generator: Generator) -> list[list[Recipe]]:
        """Returns all children, row by row."""
        return [[self.child(generator, r, c) for c in range(len(self.columns))] for r in range(len(self.rows))]

"""A mixing grid: finds crossed with finds (Karras et al. 2019, fig. 3); and a film from find to find."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from spaceseed.mixing.styles import mix
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Found, Recipe


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


@dataclass(frozen=True, eq=False)
class Film:
    """A film that was made.

    Attributes:
        path: of its file.
        fps: frames a second.
        first: the find with whose noise, motion and edits of units all frames are drawn.
        ws: styles [frames, num_ws, w_dim] of the frames.
    """

    path: Path
    fps: int
    first: Recipe
    ws: Tensor

    def frame(self, generator: Generator, moment: float) -> Recipe:
        """Returns the recipe of the frame at a moment, in seconds; past the end that of the last one."""
        number = min(max(int(moment * self.fps), 0), len(self.ws) - 1)
        ws, truncation = self.ws[number], 1.0
        # The styles are truncated already. Families that synthesize by the truncation need it, and so styles before it.
        if "truncation" in generator.options and self.first.truncation:
            truncation = self.first.truncation
            ws = generator.truncate(ws[None].to(generator.device), 1 / truncation)[0].cpu()
        return self.first.replace(
            space="ws",
            latent=ws,
            labels=None,
            seed=None,
            edits=self.first.unit_edits,
            truncation=truncation,
            truncation_cutoff=None,
            name=f"frame {number + 1}",
            found=Found(by="steer", parents=(self.first.id,)),
        )

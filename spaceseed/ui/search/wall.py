"""The wall: the seeds that a search starts from, to look at, choose and breed from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from spaceseed.evolution.breeding import MAX_COUNT
from spaceseed.evolution.finds import Origin
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.ui.kit.picker import Gallery, Picked, PickGallery, Tile
from spaceseed.ui.kit.pictures import Jpeg
from spaceseed.ui.state.examples import waiting
from spaceseed.ui.state.session import Session

PLACES = 24
WALL_SIDE = 256  # pixels; its pictures are small
TITLE = "Best seeds: click those you like"
WAITING = "The best seeds will stand here"
TRY_EXAMPLE = "Try an example prompt"
NO_SEEDS = "This search starts from other images than those of seeds."


@dataclass
class Wall:
    """The seeds of one search.

    Attributes:
        key: tells this wall from those of other searches.
        rows: each seed, best first as far as is known, and its place in the first generation.
        origin: makes the recipes of the first generation's seeds, by their places.
    """

    key: str
    rows: dict[int, int]
    origin: Origin | None = None
    _paths: dict[int, str] = field(default_factory=dict)
    _finds: dict[int, str] = field(default_factory=dict)

    @property
    def seeds(self) -> list[int]:
        """The seeds that are shown, best first."""
        return list(self.rows)[:PLACES]

    def sort(self, scores: Tensor) -> None:
        """Sorts the seeds by the scores [n] of the first generation."""
        self.rows = dict(sorted(self.rows.items(), key=lambda item: -float(scores[item[1]])))

    def add(self, pictures: Mapping[int, Jpeg]) -> None:
        """Adds pictures, by their places in the first generation."""
        self._paths |= {row: picture.path for row, picture in pictures.items()}

    def draw(self, visitor: Session, stopped: bool = False) -> Gallery:
        """Returns what to show.

        Args:
            visitor: who sees it.
            stopped: whether no more will be drawn.
        """
        missing = "not drawn" if stopped else ""
        tiles = [
            Tile(
                self._id(seed),
                self._paths.get(self.rows[seed]),
                f"seed {seed}",
                missing=missing,
                find=self._find(visitor, seed),
            )
            for seed in self.seeds
        ]
        return Gallery(TITLE if tiles else NO_SEEDS, tiles, key=self.key)

    def chosen(self, picked: Picked) -> list[int]:
        """Returns the seeds that the visitor marked, best first."""
        return [seed for seed in self.seeds if picked.marks.get(self._id(seed)) == 1]

    def _find(self, visitor: Session, seed: int) -> str:
        if seed not in self._finds and self.origin is not None:
            recipe = self.origin.recipe(self.rows[seed])
            self._finds[seed] = visitor.thumbnails.show(recipe.replace(seed=seed, name=f"seed {seed}"))
        return self._finds.get(seed, "")

    def _id(self, seed: int) -> str:
        return f"{self.key}-{seed}"


def create_wall() -> PickGallery:
    """Lays out the wall, empty yet as large as it will be."""
    empty = waiting(TRY_EXAMPLE, PLACES)
    return PickGallery(
        value=Gallery(WAITING, [], empty=empty) if empty else None,
        ternary=False,
        marked="chosen",
        sign="\u2713",
        waiting=PLACES,
        elem_id="search-wall",
    )


def breed_from_seeds(visitor: Session, seeds: Sequence[int]) -> None:
    """Puts seeds on the breeding page, first and marked as liked."""
    taken = list(seeds)[: MAX_COUNT - 1]
    visitor.breeding.restart_from(latents_from_seeds(taken, visitor.breeding.z_dim), taken)

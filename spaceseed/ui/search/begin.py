"""The first generation of a search: its seeds are found and drawn, and shown at once."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from spaceseed.atlas.atlas import Atlas
from spaceseed.batches import batch_size, batches
from spaceseed.evolution.find import START, first_seeds, natural_embeddings, random_seeds
from spaceseed.evolution.finds import Origin
from spaceseed.evolution.objectives import EmbeddingObjective, WeightedSum
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.recipes.recipe import Found
from spaceseed.ui.kit.cores import use_cores
from spaceseed.ui.search.climb import Climb
from spaceseed.ui.search.job import Job
from spaceseed.ui.search.settings import SearchSettings
from spaceseed.ui.search.wall import Wall
from spaceseed.ui.state.session import Session

if TYPE_CHECKING:
    from spaceseed.models.judges.clip import Judge


@dataclass(frozen=True)
class Beginning:
    """The first generation, as far as it is drawn.

    Attributes:
        wall: its seeds.
        drawn: its images, in batches.
        count: how many there will be.
        climb: the search that starts from them; None until it can.
    """

    wall: Wall
    drawn: list[Tensor]
    count: int
    climb: Climb | None = None

    @property
    def status(self) -> str:
        """A line that says how far it is."""
        if self.climb is not None:
            return "Searching from here for better ones..."
        return f"Drawing the first images: {sum(map(len, self.drawn))} of {self.count}"


@torch.no_grad()
def begin(generator: Generator, judge: "Judge", atlas: Atlas | None, job: Job, visitor: Session) -> Iterator[Beginning]:
    """Draws the first generation of a search.

    With an atlas its best seeds are shown as they come. Without one the seeds are random, and sorted once all are
    drawn; their images are then also what the phrases of the wish are measured by.

    Yields:
        how it stands, after each batch of images, and at the end with the search for `climb` to run. Nothing more is
        yielded once it was stopped or another search of this visitor has taken its place.

    Raises:
        FilterError: the filter teaches nothing in this space.
    """
    use_cores(generator)
    space, settings, size = job.space(generator), job.settings, batch_size(generator)
    by_seeds = job.liked is None and settings.warm_start > 0
    count = settings.warm_start if by_seeds else START
    seeds = others = random_seeds(settings.seed, count)
    asked = None
    if atlas is not None or not by_seeds:
        asked = job.objective(judge, lambda: natural_embeddings(space, judge, atlas, others))
        if by_seeds and settings.origin == "Best seeds":
            seeds = _best_seeds(asked[0], atlas, settings, count)
    if job.liked is not None:
        start: Tensor | None = job.relatives(space)
    else:
        start = space.draw(seeds) if by_seeds else None
    first = settings.optimizer(space, start).ask()
    wall = _wall(job, space, seeds, first) if by_seeds else Wall(secrets.token_hex(4), {})
    drawn: list[Tensor] = []
    for vectors in batches(first, size):
        if job.ticket.stopped or visitor.ticket is not job.ticket:
            return
        use_cores(generator)
        drawn.append(space.images(vectors))
        yield Beginning(wall, drawn, len(first))
    if by_seeds and not (atlas is not None and settings.origin == "Best seeds"):
        embeddings = torch.cat([judge.embed_images(images) for images in drawn])
        asked = asked or job.objective(judge, lambda: embeddings)
        wall.sort(asked[0].of_embeddings(embeddings))
    assert asked is not None
    yield Beginning(wall, drawn, len(first), Climb(job, *asked, wall, start, size, drawn))


def _best_seeds(objective: EmbeddingObjective, atlas: Atlas | None, settings: SearchSettings, count: int) -> list[int]:
    """Returns the seeds of the first generation; those of a trade-off are the best of each wish in turn."""
    wishes = objective.parts if settings.trades_off and isinstance(objective, WeightedSum) else (objective,)
    ranked = [first_seeds(wish, atlas, settings.seed, count) for wish in wishes]
    return list(dict.fromkeys(seed for equals in zip(*ranked, strict=True) for seed in equals))[:count]


def _wall(job: Job, space: LatentSpace, seeds: list[int], first: Tensor) -> Wall:
    z = job.view.space(space.generator, "z", space.truncation)
    origin = Origin.of(z, list(z.draw(seeds)), Found(by="seed"))
    return Wall(secrets.token_hex(4), _rows(space, seeds, first), origin)


def _rows(space: LatentSpace, seeds: list[int], first: Tensor) -> dict[int, int]:
    """Returns the place of each seed in the first generation, without those that the space's filter has replaced."""
    plain = space.from_z(latents_from_seeds(seeds, space.generator.z_dim))
    kept = (plain == first[: len(seeds)]).all(dim=1).tolist()
    return {seed: row for row, (seed, same) in enumerate(zip(seeds, kept, strict=True)) if same}

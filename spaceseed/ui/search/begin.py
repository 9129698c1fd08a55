"""The beginning of a search: what its first images are, and how they come on the wall."""

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from spaceseed.atlas.atlas import Atlas
from spaceseed.evolution.find import START, first_seeds, natural_embeddings, random_seeds
from spaceseed.evolution.finds import Origin
from spaceseed.evolution.objectives import EmbeddingObjective, WeightedSum
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.recipes.recipe import Found
from spaceseed.ui.kit.cores import use_cores
from spaceseed.ui.kit.jobs import pulled
from spaceseed.ui.search.climb import LEASES, Climb
from spaceseed.ui.search.hunt import Asked, Drawn, Hunt, Known
from spaceseed.ui.search.job import Job
from spaceseed.ui.search.settings import SearchSettings
from spaceseed.ui.search.wall import Wall
from spaceseed.ui.state import gpu
from spaceseed.ui.state.gpu import LeaseError
from spaceseed.ui.state.session import Session

if TYPE_CHECKING:
    from spaceseed.models.judges.clip import Judge


def begin(generator: Generator, judge: "Judge", atlas: Atlas | None, job: Job, visitor: Session) -> Iterator[Climb]:
    """Draws the first generation of a search.

    With an atlas its best seeds are shown as they come. Without one the seeds are random, and sorted once all are
    drawn; their images are then also what the phrases of the wish are measured by.

    Yields:
        the search as it stands: now and then, and at the end when `climb` can run it. Nothing more is yielded once it
        was stopped or another search of this visitor has taken its place.

    Raises:
        FilterError: the filter teaches nothing in this space.
        LeaseError: no GPU is lent, or not for long enough.
    """
    use_cores(generator)
    state = prepare(generator, judge, atlas, job)
    for _ in range(LEASES):
        pace, steps = state.steps(visitor)
        try:
            for step in pulled(steps) if gpu.lends() else steps:
                if isinstance(step, Drawn | Known):
                    state.begin(step)
                elif not state.drawn:
                    state.status = "Waiting for a GPU..."
                if pace.given_up:  # a GPU may still be waited for
                    return
                yield state
                if state.asked is not None:
                    return
            wanted = not pace.given_up
        finally:
            pace.closed = state.asked is None
        if not wanted:
            return
        state.renew()  # its lease ended before all was drawn
    raise LeaseError(gpu.LOST)


@torch.no_grad()
def prepare(generator: Generator, judge: "Judge", atlas: Atlas | None, job: Job) -> Climb:
    """Chooses the first generation of a search; nothing is drawn yet."""
    space, settings = job.space(generator), job.settings
    by_seeds = job.liked is None and settings.warm_start > 0
    count = settings.warm_start if by_seeds else START
    seeds = others = random_seeds(settings.seed, count)
    asked = None
    if atlas is not None:
        asked = Asked(*job.objective(judge, lambda: natural_embeddings(space, judge, atlas, ())))
        if by_seeds and settings.origin == "Best seeds":
            seeds = _best_seeds(asked.objective, atlas, space, settings, count)
    if job.liked is not None:
        start: Tensor | None = job.relatives(space)
    else:
        start = space.draw(seeds) if by_seeds else None
    optimizer = settings.optimizer(space, start)
    first = optimizer.ask()
    wall = _wall(job, space, seeds, first) if by_seeds else Wall(secrets.token_hex(4), {})
    hunt = Hunt(
        space,
        judge,
        job,
        optimizer,
        asked,
        others=() if by_seeds or atlas is not None else tuple(others),
        rows=tuple(wall.rows.values()),
        sorts=by_seeds and not (atlas is not None and settings.origin == "Best seeds"),
        latest=None,
        termination=settings.termination,
    )
    state = Climb(job, wall, hunt, start, len(first))
    state.plan()
    return state


def _best_seeds(
    objective: EmbeddingObjective, atlas: Atlas, space: LatentSpace, settings: SearchSettings, count: int
) -> list[int]:
    """Returns the seeds of the first generation; those of a trade-off are the best of each wish in turn."""
    wishes = objective.parts if settings.trades_off and isinstance(objective, WeightedSum) else (objective,)
    ranked = [first_seeds(wish, atlas, settings.seed, count, space) for wish in wishes]
    return list(dict.fromkeys(seed for equals in zip(*ranked, strict=True) for seed in equals))[:count]


def _wall(job: Job, space: LatentSpace, seeds: list[int], first: Tensor) -> Wall:
    z = job.view.space(space.generator, "z", space.truncation)
    avoided = None if space.avoid is None else str(space.avoid)
    origin = Origin.of(z, list(z.draw(seeds)), Found(by="seed", avoided=avoided))
    return Wall(secrets.token_hex(4), _rows(space, seeds, first), origin)


def _rows(space: LatentSpace, seeds: list[int], first: Tensor) -> dict[int, int]:
    """Returns the place of each seed in the first generation, without those that the space's filter has replaced."""
    plain = space.from_z(latents_from_seeds(seeds, space.generator.z_dim))
    kept = (plain == first[: len(seeds)]).all(dim=1).tolist()
    return {seed: row for row, (seed, same) in enumerate(zip(seeds, kept, strict=True)) if same}

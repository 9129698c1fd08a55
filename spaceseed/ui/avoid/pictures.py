"""A filter seen at work: images from good to bad, and the images of the same seeds without and with it."""

from collections.abc import Iterator
from typing import Any

import torch

from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.ui.avoid.learning import with_filter
from spaceseed.ui.kit.cores import is_slow
from spaceseed.ui.kit.faces import captioned
from spaceseed.ui.state.examples import subject_of
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.workspace import Workspace

FACES, FACES_SLOW = 12, 4
# Images of the strip, and random draws that they are taken from.
STEPS, DRAWS = 7, 64


def pictures(networks: Networks, visitor: Session) -> Iterator[list[Any]]:
    """Draws both galleries, and a strip from good to bad.

    Yields:
        the galleries without and with the filter, a line about them, and the strip, as more is drawn; nothing of it
        without a filter.
    """
    yield from visitor.tasks.newest(
        "avoid pictures", _pictures(networks.generator(visitor.model), visitor.workspace, visitor)
    )


@torch.no_grad()
def _pictures(generator: Generator, workspace: Workspace, visitor: Session) -> Iterator[list[Any]]:
    avoiding = workspace.avoiding
    if avoiding.learned is None:
        yield [[], [], "", []]
        return
    avoid, count = avoiding.learned.filter, faces_compared(generator)
    space = workspace.view.space(generator, avoid.space)
    seeds = range(avoiding.first_seed, avoiding.first_seed + count)
    before, after = (it.draw(seeds).cpu() for it in (space, space.restricted(avoid)))
    changed = (before != after).any(dim=1).tolist()
    words = [
        [f"seed {seed}" + (f" · {word}" if new else "") for seed, new in zip(seeds, changed, strict=True)]
        for word in ("out", "new")
    ]
    drawn = subject_of(generator.card).many
    told = f"{sum(changed)} of {count} {drawn} are replaced; the others are the same."
    draws = space.from_z(latents_from_seeds(range(seeds.start, seeds.start + DRAWS), generator.z_dim)).cpu()
    row = draws[avoid.discriminant.score(draws).cpu().argsort()[torch.linspace(0, DRAWS - 1, STEPS).long()]]
    captions = [f"{chance:.0%}" for chance in avoid.probability(row).tolist()]
    if avoid.how == "shift":  # refuses none
        captions = ["good", *[""] * (STEPS - 2), "bad"]
    shown, text = torch.cat([before, after, row]), [*words[0], *words[1], *captions]
    finds = [visitor.thumbnails.show(space.recipe(vector)) for vector in shown]
    without, with_it, strip = slice(count), slice(count, 2 * count), slice(2 * count, None)
    for paths in visitor.thumbnails.draw_all(space, shown, finds):
        yield [
            captioned(paths[without], text[without], finds[without]),
            captioned(paths[with_it], text[with_it], finds[with_it]),
            told,
            captioned(paths[strip], text[strip], finds[strip]),
        ]


def other_seeds(networks: Networks, visitor: Session) -> Iterator[list[Any]]:
    """Compares the next seeds."""
    with_filter(visitor).first_seed += faces_compared(networks.generator(visitor.model))
    yield from pictures(networks, visitor)


def faces_compared(generator: Generator) -> int:
    """Returns how many images each of the two galleries shows."""
    return FACES_SLOW if is_slow(generator) else FACES

"""The wall of the Avoid tab: images that are proposed to the visitor, who marks them as bad or good."""

import secrets
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import gradio as gr
import torch
from torch import Tensor

from spaceseed.evolution.breeding import BAD, LIKED
from spaceseed.filters.looking import Look
from spaceseed.filters.marking import ENOUGH, propose
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.recipes.recipe import Found
from spaceseed.ui.avoid.learning import embedded
from spaceseed.ui.kit.cores import is_slow, use_cores
from spaceseed.ui.kit.picker import Gallery, Picked, Tile
from spaceseed.ui.state.avoiding import FEWEST, VISITOR, Avoiding
from spaceseed.ui.state.examples import subject_of, waiting
from spaceseed.ui.state.networks import BUNDLED, Networks
from spaceseed.ui.state.session import Session

if TYPE_CHECKING:
    from spaceseed.models.judges.clip import Judge

IMAGES, IMAGES_SLOW = 12, 6
# Images to choose from: seeds of an atlas, or ones that are drawn and looked at.
KNOWN, DRAWN = 3_000, 100
FIRST_SEEDS = 100_000
# Marks of each kind that the choice depends on; their images are drawn anew.
MOST = 30
# Marks of each kind that make a filter that can be trusted in clear cases.
RECOMMENDED = 10
BEGIN = "Show me images to mark"
EXPLAINED = (
    "Mark a few images as bad or good. The app learns from them what is bad, and then keeps away from it: "
    "in Breed, in Search and in films."
)


def wall(networks: Networks, visitor: Session) -> Iterator[list[Any]]:
    """Draws the images to mark.

    Yields:
        the gallery, at once and again as more is drawn, and the button that shows others.
    """
    yield from visitor.tasks.newest("avoid wall", _wall(networks.generator(visitor.model), visitor))


def show_others(networks: Networks, visitor: Session) -> Iterator[list[Any]]:
    """Proposes the next images; yields as `wall`."""
    yield from visitor.tasks.newest("avoid wall", _others(networks, visitor))


def note(_: Networks, visitor: Session, picked: Picked) -> list[Any]:
    """Takes the marks that were made on the wall.

    Returns:
        what `marks_told` shows.
    """
    avoiding = visitor.workspace.avoiding
    if avoiding.wall and picked.key == _key(visitor):
        latents = latents_from_seeds(list(avoiding.wall), visitor.breeding.z_dim)
        for seed, z, known in zip(avoiding.wall, latents, avoiding.marks_of(latents), strict=True):
            kind = picked.marks.get(_id(seed), 0)
            if kind != known:
                avoiding.change(z, kind)
    return marks_told(visitor)


def marks_told(visitor: Session) -> list[Any]:
    """Returns how many marks there are, in a sentence, and whether what shows them is visible."""
    avoiding = visitor.workspace.avoiding
    bad, good = (len(avoiding.of_kind(kind)) for kind in (BAD, LIKED))
    return [missing(bad, good), gr.Column(visible=bool(avoiding.marks))]


def missing(bad: int, good: int) -> str:
    """Returns a sentence about so many bad and good marks, and how many more are needed."""
    if not bad and not good:
        return f"Nothing is marked yet: {RECOMMENDED} bad and {RECOMMENDED} good ones are enough to begin."
    lacking = {"bad": RECOMMENDED - bad, "good": RECOMMENDED - good}
    more = " and ".join(f"{count} more {kind}" for kind, count in lacking.items() if count > 0)
    if not more:
        return f"{bad} bad, {good} good: enough to learn from, and more teach more."
    ones = "ones" if sum(max(0, count) for count in lacking.values()) > 1 else "one"
    able = "; you can learn from these already." if min(bad, good) >= FEWEST else "."
    return f"{bad} bad, {good} good: mark {more} {ones} to begin{able}"


def _wall(generator: Generator, visitor: Session) -> Iterator[list[Any]]:
    workspace, avoiding = visitor.workspace, visitor.workspace.avoiding
    if not avoiding.wall:
        count = _count(generator)
        yield [Gallery(EXPLAINED, [], empty=waiting(BEGIN, count)), gr.Button(visible=False)]
        return
    avoiding.turn += 1
    space, seeds = workspace.view.space(generator), list(avoiding.wall)
    latents = latents_from_seeds(seeds, generator.z_dim)
    marks = {_id(seed): kind for seed, kind in zip(seeds, avoiding.marks_of(latents), strict=True) if kind}
    title = f"Click the {subject_of(generator.card).many} that are good once, the bad ones twice"
    finds = [
        visitor.thumbnails.show(space.recipe(z, seed=seed, name=f"seed {seed}", found=Found(by="seed")))
        for seed, z in zip(seeds, latents, strict=True)
    ]
    key = _key(visitor)
    for paths in visitor.thumbnails.draw_all(space, latents, finds):
        tiles = [
            Tile(_id(seed), path, f"seed {seed}", find=find)
            for seed, path, find in zip(seeds, paths, finds, strict=True)
        ]
        yield [Gallery(title, tiles, marks, key=key), gr.Button(visible=True)]


def _others(networks: Networks, visitor: Session) -> Iterator[list[Any]]:
    generator, avoiding = networks.generator(visitor.model), visitor.workspace.avoiding
    boxes = [Tile(f"place {i}", None, "") for i in range(_count(generator))]
    yield [Gallery("Choosing images that teach much…", boxes, key="choosing"), gr.Button(visible=False)]
    avoiding.wall = tuple(_chosen(networks, generator, visitor))
    avoiding.shown.update(avoiding.wall)
    yield from _wall(generator, visitor)


@torch.no_grad()
def _chosen(networks: Networks, generator: Generator, visitor: Session) -> list[int]:
    """Returns the seeds of the next images: those whose marks teach most, as far as the model's judge is at hand."""
    avoiding, space = visitor.workspace.avoiding, visitor.workspace.view.space(generator)
    count, judge, first = _count(generator), _judge(networks, visitor.model), secrets.randbelow(FIRST_SEEDS)
    new = _new(range(first, first + DRAWN), avoiding, generator)
    if judge is None:
        return new[:count]
    use_cores(generator)
    look = Look(space, partial(embedded, generator, judge))
    atlas, _ = networks.atlases.atlas(generator, judge, space.labels)
    if atlas is not None and len(known := _new(atlas.seeds[:KNOWN], avoiding, generator)) > count:
        new, features = known, atlas.embeddings(KNOWN)[[seed - atlas.seeds.start for seed in known]]
    elif is_slow(generator):
        return new[:count]
    else:
        features = look.at(latents_from_seeds(new, generator.z_dim))
    bad = good = features[:0]
    marks = [_marked(avoiding, kind) for kind in (BAD, LIKED)]
    if not is_slow(generator) and min(map(len, marks)) >= ENOUGH:
        bad, good = (look.at(torch.stack(latents)) for latents in marks)
    return [new[i] for i in propose(features, bad, good, count, seed=len(avoiding.shown))]


def _judge(networks: Networks, model: str) -> "Judge | None":
    """Returns the model's judge if nothing has to be downloaded for it."""
    return networks.judge(model) if networks.judge_name(model) == BUNDLED else networks.loaded_judge(model)


def _new(seeds: range, avoiding: Avoiding, generator: Generator) -> list[int]:
    """Returns the seeds that were neither shown nor marked."""
    kinds = avoiding.marks_of(latents_from_seeds(seeds, generator.z_dim))
    return [seed for seed, kind in zip(seeds, kinds, strict=True) if not kind and seed not in avoiding.shown]


def _marked(avoiding: Avoiding, kind: int) -> list[Tensor]:
    """Returns each z [z_dim] of what the visitor marked last."""
    own = (mark.latent for mark in avoiding.of_kind(kind).values() if mark.by == VISITOR and mark.space == "z")
    return list(islice(own, MOST))


def _count(generator: Generator) -> int:
    return IMAGES_SLOW if is_slow(generator) else IMAGES


def _key(visitor: Session) -> str:
    return f"{visitor.model} wall {visitor.workspace.avoiding.turn}"


def _id(seed: int) -> str:
    return f"seed {seed}"

"""Builds the files of an atlas. The work may end at any moment, and is continued later."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from spaceseed.arguments import check_tensor, check_type
from spaceseed.atlas import shards
from spaceseed.atlas.codes import encode
from spaceseed.atlas.shards import MAX_SEEDS, Make, Shard, files_of, read_shards
from spaceseed.batches import Progress, batch_size
from spaceseed.errors import ArgumentError, AtlasError
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import MAX_SEED, Generator

if TYPE_CHECKING:  # open_clip takes seconds to import
    from spaceseed.models.judges.clip import Judge

SAVE_SECONDS = 30.0


def build_shards(
    generator: Generator,
    judge: "Judge",
    seeds: range,
    folder: Path,
    truncation: float,
    labels: Tensor | None,
    progress: Progress,
) -> None:
    """Draws and embeds the images of seeds, and writes the files of their atlas: see `Atlas.build`."""
    seeds = _checked(seeds)
    space = LatentSpace(generator, "z", truncation, labels=labels)
    if not hasattr(judge, "embed_images"):
        raise ArgumentError("judge", type(judge).__name__, "a CLIP model, such as load_judge returns")
    if not judge.name:
        raise ArgumentError("judge.name", judge.name, "a name, which judges from load_judge have")
    dims = judge.embed_text("").shape[1]
    make = Make.of(generator, judge.name, space.truncation, space.labels)
    empty = Shard(make, seeds.start, torch.empty(0, dims, dtype=torch.int8))
    folder.mkdir(parents=True, exist_ok=True)

    def embed(batch: range) -> Tensor:
        embeddings = judge.embed_images(space.images(space.draw(batch)))
        return encode(check_tensor("embed_images(images)", embeddings, [len(batch), dims])).cpu()

    last = _last(folder, empty) or empty
    for first in range(last.first, seeds.stop, shards.SHARD):
        _grow(
            last if first == last.first else replace(empty, first=first),
            min(shards.SHARD, seeds.stop - first),
            embed,
            batch_size(generator),
            lambda shard: shard.write(folder),
            lambda seed: progress((seed - seeds.start) / len(seeds)),
        )
    progress(1.0)


def _checked(seeds: range) -> range:
    allowed = f"a range of 1 to {MAX_SEEDS:,} seeds from 0 to {MAX_SEED}, with step 1"
    check_type("seeds", seeds, range, allowed)
    if seeds.step != 1 or not 1 <= len(seeds) <= MAX_SEEDS or seeds.start < 0 or seeds.stop - 1 > MAX_SEED:
        raise ArgumentError("seeds", seeds, allowed)
    return seeds


def _last(folder: Path, wanted: Shard) -> Shard | None:
    """Returns the last shard of the atlas in a folder, which is the one to continue; None if there is none.

    Raises:
        AtlasError: the folder's atlas is damaged, or does not begin as `wanted`.
    """
    last = None
    for shard in read_shards(files_of(folder)):
        if last is None:
            _check_same(shard, wanted)
        last = shard
    return last


def _check_same(here: Shard, wanted: Shard) -> None:
    pairs = [(name, getattr(here.make, name), getattr(wanted.make, name)) for name in Make.model_fields]
    pairs += [("first seed", here.first, wanted.first), ("dims", here.codes.shape[1], wanted.codes.shape[1])]
    for name, is_here, is_wanted in pairs:
        if is_here != is_wanted:
            what = "other labels" if name == "labels" else f"{name} = {is_here}, not {is_wanted}"
            raise AtlasError(f"The folder holds an atlas with {what}; build this one in another folder.")


@torch.no_grad()
def _grow(
    shard: Shard,
    count: int,
    embed: Callable[[range], Tensor],
    size: int,
    save: Callable[[Shard], None],
    progress: Callable[[int], None],
) -> None:
    """Completes a shard of `count` seeds. It is saved every half minute, and when an exception ends the work.

    Args:
        shard: the seeds that are done.
        count: number of seeds of the complete shard.
        embed: returns the codes of some seeds.
        size: number of seeds for each call of `embed`.
        save: called with what is done so far.
        progress: called with the next seed.
    """
    if len(shard.codes) >= count:
        return
    # An incomplete batch is drawn again, because batches that are split in another way round differently.
    parts = [shard.codes[: len(shard.codes) // size * size]]
    done = saved = len(parts[0])
    time_saved = time.monotonic()
    try:
        while done < count:
            progress(shard.first + done)
            batch = range(shard.first + done, shard.first + min(done + size, count))
            parts.append(embed(batch))
            done += len(batch)
            if time.monotonic() - time_saved > SAVE_SECONDS:
                save(replace(shard, codes=torch.cat(parts)))
                saved, time_saved = done, time.monotonic()
    finally:
        if done > saved:
            save(replace(shard, codes=torch.cat(parts)))

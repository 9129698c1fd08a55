"""GAN dissection: where each unit of a layer is lit, compared with what the image shows there.

Bau et al., "GAN Dissection" (ICLR 2019), sec. 3.1. A unit's activation is enlarged to the image and thresholded. Its
overlap with a class is intersection over union of all pixels of the sample.
"""

import hashlib
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from spaceseed.arguments import check_choice, check_integer, check_number, check_type
from spaceseed.batches import Progress, batch_size, one_of
from spaceseed.dissection.draft import Draft, Make
from spaceseed.dissection.sample import Observed, fractions, observed, places, upsampled
from spaceseed.dissection.styles import tally_styles
from spaceseed.dissection.units import UnitTable
from spaceseed.errors import ArgumentError, DissectionError
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import MAX_SEED, Generator
from spaceseed.models.judges.segmenter import Segmenter
from spaceseed.ops.agreement import agreeing_levels, overlap, tally, top_levels
from spaceseed.recipes.edits import MAX_UNITS

MAX_COUNT = 100_000
PLACES = 256  # of an image, that choose the levels
HIGH = 0.005  # share of the places that exceed `UnitTable.high`
SAVE_SECONDS = 30.0
MAX_CELLS = 2**26  # enlarged activations at once: 256 MB


@torch.no_grad()
def dissect(
    generator: Generator,
    segmenter: Segmenter,
    layer: str,
    count: int = 1000,
    *,
    seed: int = 0,
    truncation: float = 1.0,
    labels: Tensor | None = None,
    share: float | None = None,
    draft: str | Path | None = None,
    progress: Progress = lambda _: None,
) -> UnitTable:
    """Finds what each unit of a layer draws.

    Levels are chosen on a quarter as many other images, at 256 random places of each. For a layer in
    `generator.styles`, each channel is changed by one standard deviation in turn instead, and where the image changes
    is compared with its classes; this draws an image for each channel and seed, so a few dozen seeds have to do.

    Args:
        generator: the generator.
        segmenter: sees the classes.
        layer: one of `generator.layers` or `generator.styles`.
        count: number of images, 1 to 100,000.
        seed: of the first image; the others follow. Levels use the seeds after these.
        truncation: psi of the images, -2 to 2.
        labels: [num_classes], for conditional models.
        share: the share of places where a unit counts as lit, above 0 to 1. By default each unit has its own: the
            level of greatest mutual information, see `agreeing_levels`.
        draft: a file that keeps what is done every half minute. If it exists, the work goes on from there. It is
            deleted at the end.
        progress: called with the share that is done.

    Returns:
        The table of the layer's units.

    Raises:
        ArgumentError: there is no such layer, a number is out of range, or labels do not fit.
        DissectionError: the segmenter finds nothing but background, or the draft is damaged or of other work.
        OSError: the draft cannot be read or written.
    """
    space = LatentSpace(generator, "z", truncation, labels=labels)
    check_type("segmenter", segmenter, Segmenter, "a Segmenter, such as load_segmenter returns")
    check_choice("layer", layer, dict.fromkeys((*generator.layers, *generator.styles)))
    count = check_integer("count", count, 1, MAX_COUNT)
    more = -(-count // 4)
    seed = check_integer("seed", seed, 0, MAX_SEED - count - more)
    if generator.shape(layer)[0] > MAX_UNITS:
        raise ArgumentError("layer", layer, f"one of at most {MAX_UNITS:,} units")
    if share is not None:
        check_number("share", share, 0, 1, above=True)
    card = generator.card
    make = Make(
        model=card.id if card else "", sha256=card.sha256 if card else "", layer=layer,
        segmenter=segmenter.name or "", classes=segmenter.classes, count=count, seed=seed,
        truncation=space.truncation, labels=() if space.labels is None else tuple(space.labels.tolist()), share=share,
        networks="" if draft is None else _digest(generator, segmenter.network),
    )  # fmt: skip
    seeds = range(seed, seed + count)
    if draft is not None and not Path(draft).absolute().parent.is_dir():
        raise ArgumentError("draft", str(draft), "a file in a folder that exists")
    drafts = _Drafts(None if draft is None else Path(draft), generator.device)
    sums = drafts.open(make)
    if sums is None:
        levels = range(seeds.stop, seeds.stop + more)
        sums = _start(space, segmenter, make, levels, one_of(progress, 0, 5))
    step = tally_styles if layer in generator.styles else _tally
    size = batch_size(generator)
    for part in observed(space, segmenter, layer, seeds[sums.done :], size):
        step(space, part, sums)
        sums.rank(part.seeds, _strongest(part.x))
        sums.done += len(part.seeds)
        drafts.save(sums)
        progress(0.2 + 0.8 * sums.done / count)
    drafts.close()
    return _table(sums, styles=layer in generator.styles)


def _start(space: LatentSpace, segmenter: Segmenter, make: Make, seeds: range, progress: Progress) -> Draft:
    """Chooses the levels of all units on the images of seeds. Returns a draft without images."""
    found, classes = [], []
    for part in observed(space, segmenter, make.layer, seeds):
        side = part.labels.shape[-1]
        for seed, x, its_labels in zip(part.seeds, part.x, part.labels, strict=True):
            at = places(seed, PLACES, side).to(x.device)
            found.append(x[:, None] if x.ndim == 1 else upsampled(x[None], side)[0].flatten(1)[:, at])
            classes.append(its_labels.flatten()[at])
        progress((part.seeds[-1] + 1 - seeds.start) / len(seeds))
    samples, labels = torch.cat(found, dim=1).float(), torch.cat(classes)
    if not bool((labels != 0).any()):
        raise DissectionError(
            f"The segmenter {segmenter.name or 'given'} finds nothing but {segmenter.classes[0]} in the images of this "
            "model: choose one for what the model draws."
        )
    if make.layer in space.generator.styles:
        levels = samples.std(dim=1) if samples.shape[1] > 1 else torch.ones(len(samples), device=samples.device)
    elif make.share is not None:
        levels = top_levels(samples, make.share)
    else:
        levels = agreeing_levels(samples, labels, len(make.classes))
    return Draft.empty(make, levels, top_levels(samples, HIGH))


def _tally(_space: LatentSpace, part: Observed, sums: Draft) -> None:
    """Adds the pixels of some images."""
    classes, side = len(sums.make.classes), part.labels.shape[-1]
    chunk = max(1, MAX_CELLS // (part.x.shape[1] * side * side))
    shares = fractions(part.labels, classes, (part.x.shape[2], part.x.shape[3]))
    for x, its_labels in zip(part.x.split(chunk), part.labels.split(chunk), strict=True):
        lit = upsampled(x, side) > sums.levels[:, None, None]
        both, lit_pixels, area = tally(lit.transpose(0, 1).flatten(1), its_labels.flatten(), classes)
        sums.both += both
        sums.lit += lit_pixels
        sums.area += area
    for x, cells in zip(part.x.double(), shares.double(), strict=True):
        sums.activation += x.flatten(1) @ cells.flatten(1).T
        sums.weight += cells.sum(dim=(1, 2))


def _strongest(x: Tensor) -> Tensor:
    """Returns the greatest activation of each unit in each image, [n, units]."""
    return x if x.ndim == 2 else x.amax(dim=(2, 3))


def _table(sums: Draft, styles: bool) -> UnitTable:
    make = sums.make
    iou = sums.both / sums.done if styles else overlap(sums.both, sums.lit, sums.area)
    return UnitTable(
        **{name: getattr(make, name) for name in Make.model_fields if name in UnitTable.__dataclass_fields__},
        iou=iou.float().cpu(),
        thresholds=sums.levels.cpu(),
        values=(sums.activation / sums.weight.clamp(min=1e-9)).float().cpu(),
        high=sums.high.cpu(),
        seeds=sums.seeds.cpu(),
    )


def _digest(*networks: nn.Module) -> str:
    """Returns a hash of the weights of networks."""
    digest = hashlib.sha256()
    for network in networks:
        for name, tensor in network.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


class _Drafts:
    """Keeps what is done in a file, if there is to be one."""

    def __init__(self, path: Path | None, device: torch.device) -> None:
        self._path, self._device, self._saved = path, device, time.monotonic()

    def open(self, make: Make) -> Draft | None:
        if self._path is None or not self._path.exists():
            return None
        draft = Draft.open(self._path, self._device)
        if draft.make != make:
            raise DissectionError("The draft holds the beginning of other work: choose another file.")
        return draft

    def save(self, draft: Draft) -> None:
        if self._path is not None and time.monotonic() - self._saved > SAVE_SECONDS:
            draft.save(self._path)
            self._saved = time.monotonic()

    def close(self) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)

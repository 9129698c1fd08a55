"""The proof on the Avoid tab: how far draws are from real images, without the filter and with it."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from spaceseed.batches import Progress, batch_size
from spaceseed.errors import DownloadError
from spaceseed.latent_space import LatentSpace
from spaceseed.metrics.features import ClassifierFeatures, Features, FeatureSet, collect, real_avatars
from spaceseed.metrics.report import Figure, figures
from spaceseed.models.judges.classifier import load_classifier
from spaceseed.ui.avoid.learning import NEEDED
from spaceseed.ui.kit.cores import use_cores
from spaceseed.ui.kit.jobs import STOPPED, DownloadProgress, StoppedError, busy, idle, run
from spaceseed.ui.kit.messages import HintError
from spaceseed.ui.kit.numbers import whole
from spaceseed.ui.state import gpu
from spaceseed.ui.state.avoiding import TASK, Learned, vectors
from spaceseed.ui.state.networks import BUNDLED, Networks
from spaceseed.ui.state.session import Session

LOGGER = logging.getLogger(__name__)
IMAGES, IMAGES_SLOW, MIN_IMAGES, MAX_IMAGES = 500, 50, 50, 2_000
# So many good examples stand for real images where there are none.
MIN_REFERENCE = 50
# Seeds that nobody meets elsewhere.
FIRST_SEED = 3_500_000_000
# What the figures measure, in plain words.
PLAIN = {
    "Frechet distance": "Distance from them",
    "Kernel distance": "Distance, measured otherwise",
    "Precision": "Share that looks like them",
    "Recall": "Share of their variety",
}
WITH_FEATURES = 0.95  # of the work: the rest is arithmetic


@dataclass
class Measuring:
    """One measurement under way.

    Attributes:
        space: whose draws are measured.
        learned: the filter.
        count: draws.
        progress: told the share done.
    """

    space: LatentSpace
    learned: Learned
    count: int
    progress: Progress

    @torch.no_grad()
    def pairs(self, features: Features, reference: FeatureSet | Tensor) -> tuple[tuple[Figure, Figure], ...]:
        """Returns figures without and with the filter, from the same seeds.

        Args:
            features: a judge's view.
            reference: what it saw in real images, or vectors [m, dims] of images to take their place.
        """
        seeds = range(FIRST_SEED, FIRST_SEED + self.count)
        before, after = (it.draw(seeds).cpu() for it in (self.space, self.space.restricted(self.learned.filter)))
        changed = (before != after).any(dim=1)
        extra = reference if isinstance(reference, Tensor) else before[:0]
        parts = [before, after[changed], extra]
        seen = self._features(torch.cat(parts), features)
        plain, replaced, models = seen.split([len(part) for part in parts])
        filtered = plain.clone()
        filtered[changed] = replaced
        real = reference if isinstance(reference, FeatureSet) else FeatureSet(features.name, models)
        return tuple(zip(*(figures(real, FeatureSet(features.name, rows)) for rows in (plain, filtered)), strict=True))

    def _features(self, vectors: Tensor, features: Features) -> Tensor:
        rows, size = [], batch_size(self.space.generator)
        for part in vectors.split(size):
            use_cores(self.space.generator)
            rows.append(collect([self.space.images(part)], features).values)
            self.progress(WITH_FEATURES * len(rows) * size / len(vectors))
        return torch.cat(rows)


def measure(networks: Networks, visitor: Session, count: Any) -> Iterator[list[Any]]:
    """Measures how real draws look, without the filter and with it.

    Yields:
        a line and its stop button.
    """
    learned, workspace = visitor.workspace.avoiding.learned, visitor.workspace
    if learned is None:
        raise HintError(NEEDED)
    count = whole(count, MIN_IMAGES, MAX_IMAGES, "Images")
    model, generator = visitor.model, networks.generator(visitor.model)
    bundled = networks.is_bundled(model)
    if not bundled and (learned.good is None or len(learned.good) < MIN_REFERENCE):
        raise ValueError(
            f"There are no real images of this model to compare with, and {MIN_REFERENCE} good examples "
            "are needed to stand for them: find some by words and learn again."
        )
    space = workspace.view.space(generator, learned.filter.space)
    download = DownloadProgress("the network that compares images")

    def work(progress: Progress) -> tuple[tuple[Figure, Figure], ...]:
        if not bundled:
            _fetch_inception(download)
        # Without the filter, with it, and the good examples.
        seconds = gpu.seconds_to_draw(generator, 2 * count + len(learned.good or ()))
        return gpu.call(partial(_measured, space, learned, count, bundled), progress, seconds)

    def line(done: float) -> str:
        return f"Drawing and measuring: {done:.0%}" if done or bundled else download.line

    try:
        for state in run(visitor.tasks, TASK, work, line):
            if isinstance(state, str):
                yield busy(state)
            elif workspace.avoiding.learned is learned:
                real = "rendered avatars" if bundled else "images marked good"
                hint = " Truncation costs variety, too: at 1 the filter shows alone." if space.truncation < 1 else ""
                workspace.avoiding.figures = state
                workspace.avoiding.told = verdict(state, "real ones" if bundled else "those marked good")
                workspace.avoiding.conditions = (
                    f"{count:,} images of the same seeds without and with the filter, truncation {space.truncation:g}, "
                    f"against {state[0][0].reference:,} {real}; in brackets 95 % intervals.{hint}"
                )
        yield idle("")
    except StoppedError:
        yield idle(STOPPED)


def _measured(
    space: LatentSpace, learned: Learned, count: int, bundled: bool, progress: Progress
) -> tuple[tuple[Figure, Figure], ...]:
    measuring = Measuring(space, learned, count, progress)
    if bundled:
        return measuring.pairs(ClassifierFeatures(load_classifier(BUNDLED)), real_avatars(space.generator.resolution))
    from spaceseed.models.judges.inception import load_inception  # noqa: PLC0415 - seconds to import

    assert learned.good is not None
    return measuring.pairs(load_inception(space.generator.device), vectors(space, learned.good))


def _fetch_inception(download: DownloadProgress) -> None:
    from spaceseed.models.judges.inception import inception_file  # noqa: PLC0415 - seconds to import

    try:
        inception_file(download)
    except DownloadError as error:
        LOGGER.warning("Inception cannot be loaded: %s", error)
        raise DownloadError("The network that compares images cannot be downloaded now.") from error


def verdict(pairs: tuple[tuple[Figure, Figure], ...], real: str) -> str:
    """Returns in sentences whether images are better with the filter, and whether that is sure.

    It is sure where the intervals do not overlap.

    Args:
        pairs: figures without and with the filter; the Frechet distance first, the recall last.
        real: what the images were compared with.
    """
    (without, with_it), *_, (varied, varied_with) = pairs
    where = "closer to" if with_it.value < without.value else "farther from"
    told = f"With the filter images are {where} {real}"
    if with_it.high < without.low or without.high < with_it.low:
        told = f"{told}, and that is more than chance."
    else:
        told = f"{told}, but that may be chance: measure more images to be sure."
    return told + " They are less varied." * (varied_with.high < varied.low)


def table(pairs: tuple[tuple[Figure, Figure], ...]) -> list[list[str]]:
    """Returns rows of words: the figure's name, its value without and with the filter, and N."""
    return [[_named(a), _words(a), _words(b), f"{a.count:,}"] for a, b in pairs]


def _named(figure: Figure) -> str:
    plain = PLAIN.get(figure.name.partition(",")[0])
    return f"{plain} ({figure.name})" if plain else figure.name


def _words(figure: Figure) -> str:
    return f"{figure.value:.3g} ({figure.low:.3g} to {figure.high:.3g})"

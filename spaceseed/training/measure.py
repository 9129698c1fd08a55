"""Metrics of a generator during training, compared with its training images."""

import torch
from torch import Tensor

from spaceseed.batches import batch_size
from spaceseed.metrics.distances import frechet_distance, precision_recall
from spaceseed.metrics.features import Features, collect
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.training.data.images import ImageSet
from spaceseed.training.networks.projected import imagenet_features

# Seeds that are not used to choose settings.
FIRST_SEED = 3_000_000
COUNT = 1_000


class ImageNetFeatures:
    """Features [N, 320] of an ImageNet classifier. They suit any images, but none especially well."""

    name = "ImageNet features"

    def __call__(self, images: Tensor) -> Tensor:
        return imagenet_features(images)


class Comparison:
    """Frechet distance, precision and recall of a generator's images, without truncation, against real ones.

    The distance depends on the features and the number of images, so both are part of each metric's name.

    Args:
        images: the real images, of which `count` are drawn.
        features: the features for the comparison.
        count: number of real and of generated images; all real ones if there are fewer.
        labelled: whether to use the real images' labels, for a conditional generator.
    """

    def __init__(self, images: ImageSet, features: Features, count: int = COUNT, *, labelled: bool = False) -> None:
        rows = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))[:count]
        side = images.images.shape[1]
        self.features = features
        self.real = collect((images.batch(part, side)[0] for part in rows.split(50)), features)
        self.labels = images.labels.vectors(rows) if labelled and images.labels else None

    def __call__(self, generator: Generator) -> dict[str, float]:
        real, about = self.real.values, f"{self.real.name}, N = {len(self.real.values)}"
        z = latents_from_seeds(range(FIRST_SEED, FIRST_SEED + len(real)), generator.z_dim)
        drawn = collect((self._draw(generator, z, part) for part in self._parts(generator)), self.features).values
        precision, recall = precision_recall(real, drawn)
        return {
            f"Frechet distance, {about}": frechet_distance(real, drawn),
            f"Precision, {about}": precision,
            f"Recall, {about}": recall,
        }

    def _parts(self, generator: Generator) -> tuple[Tensor, ...]:
        return torch.arange(len(self.real.values)).split(batch_size(generator))

    def _draw(self, generator: Generator, z: Tensor, rows: Tensor) -> Tensor:
        labels = None if self.labels is None else self.labels[rows].to(generator.device)
        return generator.synthesize(generator.map(z[rows].to(generator.device), labels))

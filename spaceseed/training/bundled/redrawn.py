"""A measure of broken faces for the bundled generator.

Some faces are bad drawings: two hair colours, blurred outlines, a beard that merges with glasses. So a classifier
reads the attributes of a face, a perfect face is rendered with them, and both are compared. The faces with the lowest
scores look broken to people. Two other scores work less well. Faces with low realism in a classifier's features
(Kynkaanniemi et al. 2019, eq. 4) are mostly rare combinations, drawn well. Faces that the classifier is uncertain
about are ambiguous.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from spaceseed.images import from_uint8
from spaceseed.models.judges.classifier import Classifier
from spaceseed.training.bundled.avatars import Avatar, render

# Minimum score of a face that is not broken, by the side of the images. A tenth of the faces of the first bundled
# generator, at truncation 1, scored less. Renders score 0.98 or more.
LIMITS = {32: 0.7612, 64: 0.6909}
BATCH = 50
WINDOW = 7
# K_1^2 and K_2^2 of the paper, for values from 0 to 1.
BRIGHTNESS, CONTRAST = 0.01**2, 0.03**2


class Redrawn:
    """Scores faces by their similarity to a perfect drawing with the same attributes.

    Args:
        reader: reads the attributes.
    """

    def __init__(self, reader: Classifier) -> None:
        self.reader = reader

    def __call__(self, images: Tensor) -> Tensor:
        """Returns the structural similarity [n], up to 1, of images [n, 3, side, side] and their redrawings."""
        drawn = np.stack([render(Avatar(**words), images.shape[-1]) for words in self.reader.words(images)])
        return similarity(images.clamp(-1, 1), from_uint8(drawn))


def similarity(a: Tensor, b: Tensor) -> Tensor:
    """Returns the mean structural similarity [n] of images [n, 3, H, W] in [-1, 1] (Wang et al. 2004, eq. 13).

    Both are blurred first, because a generator's softer edges do not make a face broken.
    """
    a, b = (F.avg_pool2d(F.pad((x + 1) / 2, (1, 1, 1, 1), mode="replicate"), 3, 1) for x in (a, b))
    mean_a, mean_b, aa, bb, ab = (F.avg_pool2d(x, WINDOW, 1) for x in (a, b, a * a, b * b, a * b))
    brightness = (2 * mean_a * mean_b + BRIGHTNESS) / (mean_a.square() + mean_b.square() + BRIGHTNESS)
    variances = aa - mean_a.square() + bb - mean_b.square()
    return (brightness * (2 * (ab - mean_a * mean_b) + CONTRAST) / (variances + CONTRAST)).mean(dim=(1, 2, 3))


@torch.no_grad()
def broken(images: Tensor, reader: Classifier) -> float:
    """Returns the share of broken faces in images [n, 3, side, side], where the side is one of `LIMITS`."""
    rate = Redrawn(reader)
    scores = torch.cat([rate(batch) for batch in images.split(BATCH)])
    return float((scores < LIMITS[images.shape[-1]]).float().mean())


def sureness(classifier: Classifier, images: Tensor) -> Tensor:
    """Returns the mean log probability [n] of a classifier's own predictions."""
    return torch.stack([p.max(dim=1).values.log() for p in classifier.probabilities(images).values()]).mean(dim=0)

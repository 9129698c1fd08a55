"""What makes a bundled face a broken one, in numbers.

Some are drawings gone wrong: hair of two colours, smudged outlines, a beard that melts into glasses. So a judge
names the attributes that it sees in a face, has a flawless one drawn with them, and compares the two. The worst by this
score look broken to the eye. The worst by two other scores often do not: those furthest from all renders in a
classifier's features (realism, Kynkaanniemi et al. 2019, eq. 4) are mostly rare combinations, neatly drawn, and those
it is unsure about are ambiguous.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from spaceseed.images import from_uint8
from spaceseed.models.judges.classifier import Classifier
from spaceseed.training.bundled.avatars import Avatar, render

# By the side of the images, what a face that is not broken comes to at least. A tenth of the faces of the generator
# that was bundled at first, at truncation 1, came to less; renders come to 0.98 and more.
LIMITS = {32: 0.7612, 64: 0.6909}
BATCH = 50
WINDOW = 7
# K_1^2 and K_2^2 of the paper, for values from 0 to 1.
BRIGHTNESS, CONTRAST = 0.01**2, 0.03**2


class Redrawn:
    """Rates faces by how like a flawless drawing they are.

    Args:
        reader: names the attributes to draw.
    """

    def __init__(self, reader: Classifier) -> None:
        self.reader = reader

    def __call__(self, images: Tensor) -> Tensor:
        """Returns the structural similarity [n], up to 1, of images [n, 3, side, side] and their clean drawings."""
        drawn = np.stack([render(Avatar(**words), images.shape[-1]) for words in self.reader.words(images)])
        return similarity(images.clamp(-1, 1), from_uint8(drawn))


def similarity(a: Tensor, b: Tensor) -> Tensor:
    """Returns the mean structural similarity [n] of images [n, 3, H, W] in [-1, 1] (Wang et al. 2004, eq. 13).

    Both are smoothed first: that a generator's edges are softer than a drawing's does not make a face broken.
    """
    a, b = (F.avg_pool2d(F.pad((x + 1) / 2, (1, 1, 1, 1), mode="replicate"), 3, 1) for x in (a, b))
    mean_a, mean_b, aa, bb, ab = (F.avg_pool2d(x, WINDOW, 1) for x in (a, b, a * a, b * b, a * b))
    brightness = (2 * mean_a * mean_b + BRIGHTNESS) / (mean_a.square() + mean_b.square() + BRIGHTNESS)
    variances = aa - mean_a.square() + bb - mean_b.square()
    return (brightness * (2 * (ab - mean_a * mean_b) + CONTRAST) / (variances + CONTRAST)).mean(dim=(1, 2, 3))


@torch.no_grad()
def broken(images: Tensor, reader: Classifier) -> float:
    """Returns the share of broken faces among images [n, 3, side, side], the side being one of `LIMITS`."""
    rate = Redrawn(reader)
    scores = torch.cat([rate(batch) for batch in images.split(BATCH)])
    return float((scores < LIMITS[images.shape[-1]]).float().mean())


def sureness(classifier: Classifier, images: Tensor) -> Tensor:
    """Returns the mean log probability [n] that a classifier gives its own readings."""
    return torch.stack([p.max(dim=1).values.log() for p in classifier.probabilities(images).values()]).mean(dim=0)

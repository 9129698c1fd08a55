"""How well units of a network agree with classes of pixels (Bau et al. 2017; Bau et al. 2019, sec. 3.1).

A unit is lit where its activation is above its level. Example::

    levels = agreeing_levels(samples, labels, classes=9)     # samples [units, n]: activations at n pixels
    lit = samples > levels[:, None]
    iou = overlap(*tally(lit, labels, 9))
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from spaceseed.arguments import check_integer, check_number, check_tensor

SHARES = 10 ** torch.linspace(-3, 0, 100, dtype=torch.float64)[:-1]  # of the pixels, that levels leave lit
QUANTILE = 0.005  # share lit of a unit that agrees with nothing (Bau et al. 2017)
MIN_AGREEMENT = 0.8  # share of pixels that are lit and of the class, or neither
MIN_SHARE = 1e-3  # of the pixels; rarer classes choose no level


def tally(lit: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Counts pixels.

    Args:
        lit: boolean [units, n].
        labels: int64 [n], the class of each pixel.
        classes: number of classes.

    Returns:
        float64: lit pixels of each class [units, classes], lit pixels [units], pixels of each class [classes].
    """
    one_hot = F.one_hot(labels, classes)
    # Counts of a batch are exact in float32, which is several times as fast.
    return (lit.float() @ one_hot.float()).double(), lit.sum(dim=1).double(), one_hot.sum(dim=0).double()


def overlap(both: Tensor, lit: Tensor, area: Tensor) -> Tensor:
    """Returns intersection over union, from counts of pixels.

    Args:
        both: lit pixels of each class, [units, classes].
        lit: lit pixels, [units].
        area: pixels of each class, [classes].

    Returns:
        [units, classes], 0 to 1; 0 where there is neither.
    """
    return both / (lit[:, None] + area - both).clamp(min=1)


def top_levels(samples: Tensor, share: float) -> Tensor:
    """Returns the levels [units] that leave this share of samples [units, n] lit, 0 to 1."""
    samples = check_tensor("samples", samples, ["units", "n"])
    share = check_number("share", share, 0, 1)
    rank = min(int(share * samples.shape[1]), samples.shape[1] - 1)
    return samples.topk(rank + 1, dim=1).values[:, -1]


def agreeing_levels(samples: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Chooses the level of each unit where it tells most of some class.

    That is the greatest mutual information of "lit" and "of the class", divided by their joint entropy, over 99 levels
    and all classes. Only levels above 0 count, where lit and class agree at over 80 % of the pixels, and classes with
    at least 0.1 % of them. A unit without any gets the level of the top 0.5 %.

    Args:
        samples: activations, [units, n].
        labels: class of each sample, int64 [n].
        classes: number of classes.

    Returns:
        [units].

    Raises:
        ArgumentError: a shape does not fit.
    """
    samples = check_tensor("samples", samples, ["units", "n"])
    classes = check_integer("classes", classes, 1)
    n = samples.shape[1]
    ranks = (SHARES * n).long().clamp(max=n - 1).unique()
    ordered = samples.sort(dim=1, descending=True).values[:, ranks]
    levels = top_levels(samples, QUANTILE)
    best = torch.zeros_like(levels, dtype=torch.float64)
    for level in ordered.unbind(dim=1):
        both, lit, area = tally(samples > level[:, None], labels, classes)
        told = _information(both / n, lit[:, None] / n, area / n)
        told[:, area < MIN_SHARE * n] = 0
        told[level <= 0] = 0
        most = told.amax(dim=1)
        levels = torch.where(most > best, level, levels)
        best = torch.maximum(best, most)
    return levels


def _information(both: Tensor, lit: Tensor, area: Tensor) -> Tensor:
    """Returns mutual information over joint entropy, from shares of pixels; 0 where they agree too seldom."""
    joint = torch.stack([both, lit - both, area - both, 1 - lit - area + both])
    one, other = torch.stack([lit, 1 - lit]), torch.stack([area, 1 - area])
    entropy = _entropy(joint)
    told = (_entropy(one) + _entropy(other) - entropy) / entropy.clamp(min=1e-12)
    return told.where(joint[0] + joint[3] > MIN_AGREEMENT, 0)


def _entropy(shares: Tensor) -> Tensor:
    return -torch.special.xlogy(shares, shares.clamp(min=1e-30)).sum(dim=0)

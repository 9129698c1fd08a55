"""Losses of generator and discriminator. D(x) is a logit; higher is more real."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class GameLoss:
    """The two losses of a game. Both are means over all logits, of any shape.

    Attributes:
        generator: from D(G(z)) to the generator's loss.
        discriminator: from D(x) and D(G(z)) to the discriminator's loss.
        undecided: the middle between the discriminator's targets for real and for generated images.
    """

    generator: Callable[[Tensor], Tensor]
    discriminator: Callable[[Tensor, Tensor], Tensor]
    undecided: float = 0.0


def _cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    return F.softplus(-real).mean() + F.softplus(fake).mean()


LOSSES = {
    # Goodfellow et al. 2014, eq. 1: log(1 - sigmoid(D)). Its gradient is small if the discriminator is certain.
    "minimax": GameLoss(lambda fake: -F.softplus(fake).mean(), _cross_entropy),
    # Goodfellow et al. 2014, sec. 3: -log sigmoid(D), with a large gradient there. E-GAN calls it heuristic mutation.
    "nonsaturating": GameLoss(lambda fake: F.softplus(-fake).mean(), _cross_entropy),
    # Mao et al. 2017, eq. 9, without its factors 1/2, which do not affect Adam.
    "leastsquares": GameLoss(
        lambda fake: (fake - 1).square().mean(),
        lambda real, fake: (real - 1).square().mean() + fake.square().mean(),
        undecided=0.5,
    ),
    # Lim & Ye 2017; Miyato et al. 2018, eqs. 16 and 17.
    "hinge": GameLoss(lambda fake: -fake.mean(), lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean()),
}


def label_loss(classes: Tensor, labels: Tensor, sizes: Sequence[int]) -> Tensor:
    """Returns the loss of ACGAN (Odena et al. 2017, eq. 3): the sum of the groups' mean cross entropies.

    Args:
        classes: logits of the auxiliary classifier, [N, sum of sizes].
        labels: one-hot by group, [N, sum of sizes]. A group that is all zero has no label and does not count.
        sizes: sizes of the groups.

    Returns:
        The sum, a scalar; 0 if there are no labels.
    """
    total = classes.new_zeros(())
    for logits, wanted in zip(classes.split(list(sizes), 1), labels.split(list(sizes), 1), strict=True):
        losses = -(wanted * logits.log_softmax(dim=1)).sum(dim=1)
        total = total + losses.sum() / wanted.sum().clamp(min=1)
    return total


def gradient_penalty(logits: Tensor, images: Tensor) -> Tensor:
    """Returns R1 (Mescheder et al. 2018, eq. 9) without its weight gamma / 2: the mean squared norm of dD/dx.

    Args:
        logits: [N, k] of `images`.
        images: [N, 3, R, R], which require gradients.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.float().square().sum(dim=(1, 2, 3)).mean()

"""The discriminators together: their certainty controls adaptive augmentation."""

import pytest
import torch

from spaceseed.training.config import Config
from spaceseed.training.critics import Critics
from spaceseed.training.losses import LOSSES
from spaceseed.training.machine import Machine
from spaceseed.training.networks.discriminator import Output
from spaceseed.training.networks.pairs import build


# The middle between the discriminator's targets for real and for generated images.
@pytest.mark.parametrize(
    ("name", "undecided"), [("minimax", 0.0), ("nonsaturating", 0.0), ("hinge", 0.0), ("leastsquares", 0.5)]
)
def test_ada_augments_where_real_images_are_told_from_generated_ones(name, undecided):
    config = Config(network="dcgan", resolution=8, z_dim=4, batch=4, objective=name, augment="ada", r1_gamma=0.0)
    images = torch.zeros(4, 3, 8, 8)
    for offset, augments in ((0.2, True), (-0.2, False)):
        pair = build("dcgan", 8, z_dim=4, capacity=0.05)
        critics = Critics(config, pair, (), Machine("float32"), torch.Generator().manual_seed(0))
        logits = torch.full((4, 1), undecided + offset, requires_grad=True)
        critics.members[0].output = lambda seen, labels, logits=logits: Output(logits)
        for _ in range(critics.adaptive.interval):
            critics.step(images, None, critics.see(images, None), LOSSES[name], 1.0)
        assert (critics.probability > 0) is augments

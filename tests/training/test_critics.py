"""The discriminators together: how sure they are decides how much is augmented."""

import pytest
import torch

from spaceseed.training.config import Config
from spaceseed.training.critics import Jury
from spaceseed.training.losses import OBJECTIVES
from spaceseed.training.machine import Machine
from spaceseed.training.networks.discriminator import Verdict
from spaceseed.training.networks.pairs import build


# Half-way between what a discriminator is to say of real and of generated images.
@pytest.mark.parametrize(
    ("name", "undecided"), [("minimax", 0.0), ("nonsaturating", 0.0), ("hinge", 0.0), ("leastsquares", 0.5)]
)
def test_ada_augments_where_real_images_are_told_from_generated_ones(name, undecided):
    config = Config(network="dcgan", resolution=8, z_dim=4, batch=4, objective=name, augment="ada", r1_gamma=0.0)
    images = torch.zeros(4, 3, 8, 8)
    for offset, augments in ((0.2, True), (-0.2, False)):
        pair = build("dcgan", 8, z_dim=4, capacity=0.05)
        jury = Jury(config, pair, (), Machine("float32"), torch.Generator().manual_seed(0))
        logits = torch.full((4, 1), undecided + offset, requires_grad=True)
        jury.members[0].judge = lambda seen, labels, logits=logits: Verdict(logits)
        for _ in range(jury.adaptive.interval):
            jury.step(images, None, jury.see(images, None), OBJECTIVES[name], 1.0)
        assert (jury.probability > 0) is augments

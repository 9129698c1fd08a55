"""A hand-made generator whose units draw known shapes, and a segmenter that sees them without error."""

import torch
from torch import nn

from spaceseed.models.generators.generator import DirectGenerator, ModelCard
from spaceseed.models.judges.segmenter import Segmenter

SIDE = 16
CLASSES = ("nothing", "red", "green")
RED, GREEN, IDLE, BOTH = range(4)


class Shapes(DirectGenerator):
    """A red square in the upper half of an image, and in some images a green one in the lower half.

    Units of "shapes", 8 x 8: RED and GREEN draw the squares, IDLE draws nothing but noise that no colour shows, and
    BOTH is lit where one of the others is, without effect. The styles are the brightness of red, that of green, and
    one without effect.
    """

    z_dim = w_dim = 4
    resolution = SIDE
    layers = ("shapes",)
    styles = ("colours",)
    card = ModelCard("shapes", "Shapes", "oracle", SIDE, "none", "", "test", 1, "cd" * 32, None, False)

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def compute_images(self, ws, tap):
        z = ws[:, 0]
        x = torch.zeros(len(z), 4, 8, 8)
        for i, row in enumerate(z):
            left = int((row[0] * 10).long() % 6)
            x[i, RED, 1:3, left : left + 2] = 1
            if row[1] > 0:
                x[i, GREEN, 5:7, left : left + 2] = 2
            x[i, IDLE] = torch.randn(8, 8, generator=torch.Generator().manual_seed(int((row[2] * 1e4).abs())))
        x[:, BOTH] = x[:, RED] + x[:, GREEN] / 2
        x = tap("shapes", x)
        colours = tap("colours", 1 + 0.1 * torch.stack([z[:, 0], z[:, 1], z[:, 2]], dim=1))
        drawn = torch.stack([x[:, RED] * colours[:, :1, None], x[:, GREEN] * colours[:, 1:2, None] / 2], dim=1)
        drawn = torch.cat([drawn, torch.zeros(len(z), 1, 8, 8)], dim=1)
        return drawn.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3) * 2 - 1


class Colours(nn.Module):
    """Sees red where red is on, and green where green is."""

    def forward(self, images):
        red, green = images[:, 0], images[:, 1]
        return 20 * torch.stack([torch.zeros_like(red), red, green], dim=1)


def colours(**fields):
    return Segmenter(Colours(), CLASSES, **{"name": "colours"} | fields)

"""How fast this machine draws, and how many of its cores that takes."""

import os

import torch

from spaceseed.devices import default_device
from spaceseed.models.generators.generator import Generator, ModelCard

# Cores wait for each other longer than the layers of smaller networks take.
THREADED_RESOLUTION = 128


def is_slow(model: Generator | ModelCard) -> bool:
    """Returns whether one image takes a good part of a second, or more."""
    return model.resolution > THREADED_RESOLUTION and default_device().type == "cpu"


def use_cores(generator: Generator) -> None:
    """Gives a large network all cores, and a small one a single core.

    Call it before each batch: the setting is shared by all threads. Measured on two cores: 12 images of 64 px take
    43 ms on one and 660 ms on both; one of 256 px 585 and 327 ms.
    """
    torch.set_num_threads((os.cpu_count() or 1) if generator.resolution >= THREADED_RESOLUTION else 1)

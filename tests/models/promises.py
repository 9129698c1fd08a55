"""What a generator of any family promises of its images."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from spaceseed.models.generators.generator import Generator


def check_batches(generator: Generator, ws: Tensor, **options: Any) -> None:
    """Fails if an image depends on those that are drawn with it."""
    together = generator.synthesize(ws, **options)
    alone = torch.cat([generator.synthesize(row[None], **options) for row in ws])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def check_gradients(generator: Generator, ws: Tensor) -> None:
    """Fails if a row of ws gets no gradient from the images."""
    leaf = ws.clone().requires_grad_(True)
    generator.synthesize(leaf).square().sum().backward()
    assert leaf.grad is not None
    assert bool((leaf.grad.abs().sum(dim=(0, 2)) > 0).all())


def check_edits(generator: Generator, ws: Tensor) -> dict[str, Tensor]:
    """Fails unless edits receive the activations of every layer, and the image stays where they change nothing.

    Returns:
        the activations, by their layers.
    """
    received: dict[str, Tensor] = {}
    keep = {layer: partial(received.setdefault, layer) for layer in generator.layers}
    assert torch.equal(generator.synthesize(ws, edits=keep), generator.synthesize(ws))
    assert tuple(received) == tuple(generator.layers)
    for layer, activations in received.items():
        assert torch.equal(generator.activations(ws, layer), activations)
    return received

"""What a generator of any family promises of its images."""

from typing import Any

import torch
from torch import Tensor

from spaceseed.models.generator import Generator


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

"""Small augmentations that keep the attributes of a face, so that judges tolerate the artifacts of generators."""

import torch
from torch.nn import functional as F


def augment(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Moves, blurs or sharpens, tints each image by a small random amount, and adds noise.

    Args:
        images: [N, 3, H, W] in [-1, 1].
        generator: on the images' device.

    Returns:
        [N, 3, H, W] in [-1, 1].
    """
    return degraded(moved(images, motions(images, generator)), generator)


def motions(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Draws a small turn, zoom and shift for each image: [N, 2, 3], for `moved`."""
    angle, zoom = _uniform(images, generator, -0.07, 0.07), _uniform(images, generator, 0.95, 1.05)
    cos, sin = zoom * torch.cos(angle), zoom * torch.sin(angle)
    x, y = _uniform(images, generator, -0.06, 0.06), _uniform(images, generator, -0.06, 0.06)
    return torch.stack([cos, -sin, x, sin, cos, y], dim=1).view(-1, 2, 3)


def moved(maps: torch.Tensor, motion: torch.Tensor) -> torch.Tensor:
    """Moves images or other maps [N, C, H, W] by motions [N, 2, 3]."""
    grid = F.affine_grid(motion, list(maps.shape), align_corners=False)
    return F.grid_sample(maps, grid, padding_mode="border", align_corners=False)


def degraded(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Blurs or sharpens and tints each image, and adds noise, as `augment`. Nothing moves."""
    kernel = torch.tensor([1.0, 2.0, 1.0], device=images.device)
    kernel = (torch.outer(kernel, kernel) / 16).expand(3, 1, 3, 3)
    blurred = F.conv2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), kernel, groups=3)
    images = torch.lerp(images, blurred, _uniform(images, generator, -0.5, 1.0, 1, 1, 1))

    images = (
        images * _uniform(images, generator, 0.93, 1.07, 3, 1, 1)
        + _uniform(images, generator, -0.06, 0.06, 3, 1, 1)
        + _uniform(images, generator, -0.06, 0.06, 1, 1, 1)
    )
    noise = torch.randn(images.shape, generator=generator, device=images.device)
    return (images + noise * _uniform(images, generator, 0.0, 0.08, 1, 1, 1)).clamp(-1, 1)


def _uniform(images: torch.Tensor, generator: torch.Generator, low: float, high: float, *shape: int) -> torch.Tensor:
    """Draws numbers [N, *shape] from low to high, for N images."""
    return torch.rand(len(images), *shape, generator=generator, device=images.device) * (high - low) + low

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
    count, device = len(images), images.device

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return torch.rand(count, *shape, generator=generator, device=device) * (high - low) + low

    angle, zoom = uniform(-0.07, 0.07), uniform(0.95, 1.05)
    cos, sin = zoom * torch.cos(angle), zoom * torch.sin(angle)
    motion = torch.stack([cos, -sin, uniform(-0.06, 0.06), sin, cos, uniform(-0.06, 0.06)], dim=1).view(count, 2, 3)
    grid = F.affine_grid(motion, list(images.shape), align_corners=False)
    images = F.grid_sample(images, grid, padding_mode="border", align_corners=False)

    kernel = torch.tensor([1.0, 2.0, 1.0], device=device)
    kernel = (torch.outer(kernel, kernel) / 16).expand(3, 1, 3, 3)
    blurred = F.conv2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), kernel, groups=3)
    images = torch.lerp(images, blurred, uniform(-0.5, 1.0, 1, 1, 1))

    images = images * uniform(0.93, 1.07, 3, 1, 1) + uniform(-0.06, 0.06, 3, 1, 1) + uniform(-0.06, 0.06, 1, 1, 1)
    noise = torch.randn(images.shape, generator=generator, device=device)
    return (images + noise * uniform(0.0, 0.08, 1, 1, 1)).clamp(-1, 1)

"""Paths between two latents.

    path = slerp(a, b, torch.linspace(0, 1, 9))      # a, b: [dims] -> [9, dims]
    middles = slerp(a, b, 0.5)                       # a, b: [n, dims] -> [n, dims]

A straight line between two draws of N(0, I) passes through points of norm sqrt(d / 2), where the prior has no mass in
high dimensions. The arc of `slerp` stays on the shell (White 2016, "Sampling Generative Networks").
"""

import torch
from torch import Tensor

# Below this sine, the plane of two directions cannot be computed in float32.
SMALL_SINE = 1e-6


def lerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """Interpolates on a straight line: (1 - t) a + t b.

    Args:
        a: start latents `[..., dims]`.
        b: end latents, of a shape that broadcasts with `a`.
        t: position on the path, 0 at `a` and 1 at `b`; a number, or one for each row (`[...]`, without `dims`).

    Returns:
        Latents `[..., dims]`.
    """
    weight = _column(t, a)
    return (1 - weight) * a + weight * b


def slerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """Interpolates on the great arc: the direction turns at constant speed, the norm changes linearly.

    The direction is Shoemake's (1985, "Animating Rotation with Quaternion Curves"), written as
    cos(t omega) u + sin(t omega) p. p is the unit vector orthogonal to u in the plane of both. Unlike
    sin((1 - t) omega) / sin(omega), it never divides by zero. Equal directions do not change. For opposite ones the
    plane is undefined, so the arc passes through the coordinate axis that is most orthogonal to `a`.

    Args:
        a: start latents `[..., dims]`.
        b: end latents, of a shape that broadcasts with `a`.
        t: position on the path, 0 at `a` and 1 at `b`; a number, or one for each row (`[...]`, without `dims`).

    Returns:
        Latents `[..., dims]`. If `a` and `b` have the same norm, the result has it too.
    """
    weight = _column(t, a)
    norm_a, norm_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    u, v = _unit(a), _unit(b)
    cosine = (u * v).sum(dim=-1, keepdim=True)
    across = _reject(v, u)
    sine = across.norm(dim=-1, keepdim=True)
    # Rejected twice: for nearly opposite directions, a part along u is left after the first time.
    p = torch.where(sine > SMALL_SINE, _unit(_reject(_unit(across), u)), _orthogonal(u))
    angle = weight * torch.atan2(sine, cosine)
    return ((1 - weight) * norm_a + weight * norm_b) * (angle.cos() * u + angle.sin() * p)


def _column(t: float | Tensor, like: Tensor) -> Tensor:
    return torch.as_tensor(t, dtype=like.dtype, device=like.device)[..., None]


def _unit(x: Tensor) -> Tensor:
    unit: Tensor = torch.nn.functional.normalize(x, dim=-1)
    return unit


def _orthogonal(u: Tensor) -> Tensor:
    """Returns a unit vector orthogonal to each `u`, from the coordinate axis where `u` is smallest."""
    axis = torch.zeros_like(u).scatter(-1, u.abs().argmin(dim=-1, keepdim=True), 1.0)
    return _unit(_reject(axis, u))


def _reject(x: Tensor, u: Tensor) -> Tensor:
    """Returns the part of x that is orthogonal to the unit vector u."""
    return x - (x * u).sum(dim=-1, keepdim=True) * u

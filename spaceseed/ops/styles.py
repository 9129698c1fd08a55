"""Styles of two images crossed, layer by layer."""

from collections.abc import Iterable

import torch
from torch import Tensor

from spaceseed.arguments import check_integers


def crossed(ws: Tensor, others: Tensor, layers: int | Iterable[int]) -> Tensor:
    """Takes some style layers from others.

    Args:
        ws: [N, num_ws, w_dim], or [1, ...] for all others.
        others: give `layers`; of the same shape, or [1, ...] for all ws.
        layers: style layers, or a single one.

    Returns:
        [N, num_ws, w_dim].

    Raises:
        ArgumentError: there is no such layer.
    """
    taken = torch.zeros(ws.shape[1], dtype=torch.bool, device=ws.device)
    taken[check_integers("layers", layers, 0, ws.shape[1] - 1)] = True
    return torch.where(taken[:, None], others, ws)

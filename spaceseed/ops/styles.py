"""Style mixing on tensors."""

from collections.abc import Iterable

import torch
from torch import Tensor

from spaceseed.arguments import check_integers


def crossed(ws: Tensor, others: Tensor, layers: int | Iterable[int]) -> Tensor:
    """Replaces some style layers by those of others.

    Args:
        ws: [N, num_ws, w_dim], or [1, ...] if the same for all others.
        others: the source of `layers`; of the same shape, or [1, ...] if the same for all ws.
        layers: one style layer, or several.

    Returns:
        [N, num_ws, w_dim].

    Raises:
        ArgumentError: there is no such layer.
    """
    taken = torch.zeros(ws.shape[1], dtype=torch.bool, device=ws.device)
    taken[check_integers("layers", layers, 0, ws.shape[1] - 1)] = True
    return torch.where(taken[:, None], others, ws)

"""SeFa: closed-form directions from the weights that read a latent.

Shen and Zhou 2021, "Closed-Form Factorization of Latent Semantics in GANs": the directions that change A n most are the
eigenvectors of A^T A with the largest eigenvalues (eq. 7)::

    vectors, values = factorize(torch.cat([G.style_weights(layer) for layer in range(8)]))
"""

import torch
from torch import Tensor


def factorize(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Returns eigenvectors of A^T A, where the rows of A are scaled to unit length as in the authors' code.

    Args:
        weights: A [features, dims]; rows of zeros have no effect.

    Returns:
        Unit vectors [dims, dims], one in each row, strongest first, each with its largest coordinate positive; and
        their eigenvalues [dims].
    """
    rows = torch.nn.functional.normalize(weights.double(), dim=1)
    values, vectors = torch.linalg.eigh(rows.T @ rows)
    return fix_signs(vectors.flip(1).T).to(weights.dtype), values.flip(0).to(weights.dtype)


def fix_signs(vectors: Tensor) -> Tensor:
    """Flips rows [n, dims] so that the coordinate of largest size is positive, because eigenvectors have no sign."""
    largest = vectors.gather(1, vectors.abs().argmax(dim=1, keepdim=True))
    return vectors * torch.where(largest < 0, -1.0, 1.0)

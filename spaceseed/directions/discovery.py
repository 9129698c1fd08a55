"""Finds directions without labels, with SeFa or GANSpace."""

from collections.abc import Iterable

import torch
from torch import Tensor

from spaceseed.arguments import check_choice, check_integer, check_layers, check_type
from spaceseed.batches import Progress, batches, one_of
from spaceseed.directions.sets import MAX_COUNT, DirectionSet
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import MAX_SEED, Generator
from spaceseed.ops.pca import IncrementalPCA, regress
from spaceseed.ops.sefa import factorize

METHODS = ("sefa", "ganspace")
SAMPLES = 10_000
BATCH = 500


@torch.no_grad()
def find_directions(
    generator: Generator,
    method: str = "sefa",
    layers: int | Iterable[int] | None = None,
    count: int = 10,
    *,
    samples: int = SAMPLES,
    labels: Tensor | None = None,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> DirectionSet:
    """Finds directions without labels.

    Args:
        generator: the generator.
        method: "sefa", from the weights that read the style layers (Shen & Zhou 2021), or "ganspace", from the
            principal components of w. Without a mapping network GANSpace uses those of the first activation, regressed
            back to z (Härkönen et al. 2020).
        layers: the style layers to move, or one; SeFa also reads their weights. All if None.
        count: number of directions.
        samples: number of draws for principal components and scales; at least twice the count.
        labels: [num_classes], for conditional models: the class of the draws.
        seed: seed of the draws.
        progress: called with the share of the work that is done, 0 to 1. It may raise an exception to end the work.

    Returns:
        The directions, strongest first.

    Raises:
        ArgumentError: an argument is out of range.
    """
    check_type("generator", generator, Generator, "a Generator, such as load returns")
    check_choice("method", method, dict.fromkeys(METHODS))
    chosen = check_layers("layers", range(generator.num_ws) if layers is None else layers, generator.num_ws)
    dims = generator.w_dim if generator.has_mapping else generator.z_dim
    check_integer("count", count, 1, min(dims, MAX_COUNT))
    check_integer("samples", samples, 2 * count)  # fewer give bad estimates of the components
    check_integer("seed", seed, 0, MAX_SEED)
    space = LatentSpace(generator, truncation=1.0, labels=labels)
    z = torch.randn(samples, generator.z_dim, generator=torch.Generator().manual_seed(seed))
    w = draw_w(space, z, progress if method == "sefa" else one_of(progress, 0, 2))
    if method == "sefa":
        weights = torch.cat([generator.style_weights(layer)[:, :dims] for layer in chosen])
        vectors, title = factorize(weights)[0], "SeFa"
    else:
        vectors, title = _principal(generator, w, one_of(progress, 1, 2)), "GANSpace"
    vectors = torch.nn.functional.pad(vectors[:count].cpu(), (0, generator.w_dim - vectors.shape[1]))
    names = tuple(f"{title} {i + 1}" for i in range(len(vectors)))
    return DirectionSet.of(generator, method, vectors, names, w.cpu(), chosen)


@torch.no_grad()
def draw_w(space: LatentSpace, z: Tensor, progress: Progress = lambda _: None) -> Tensor:
    """Returns w [n, w_dim] of z [n, z_dim], truncated as in `space`; or z itself without a mapping network."""
    return torch.cat([space.ws(part)[:, 0].clone() for part in batches(z, BATCH, progress)])  # a view keeps all layers


def _principal(generator: Generator, w: Tensor, progress: Progress) -> Tensor:
    """Returns unit vectors [k, dims] by GANSpace, from draws of w [n, w_dim]."""
    if generator.has_mapping:
        pca = IncrementalPCA(generator.w_dim)
        for part in batches(w, BATCH, progress):
            pca.add(part)
        return pca.components()[0]

    def activations(part: Tensor) -> Tensor:
        ws = part[:, None].expand(-1, generator.num_ws, -1)
        return generator.activations(ws, generator.layers[0]).flatten(1)

    pca = IncrementalPCA(2 * generator.z_dim)
    for part in batches(w, BATCH, one_of(progress, 0, 2)):
        pca.add(activations(part))
    # Activations are computed twice: to keep them for 10,000 draws may take more than a gigabyte.
    parts = batches(w, BATCH, one_of(progress, 1, 2))
    coordinates = torch.cat([pca.coordinates(activations(part)) for part in parts])
    latents = w[:, : generator.z_dim]
    return regress(coordinates, latents - latents.mean(dim=0))

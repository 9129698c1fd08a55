import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.errors import ArgumentError
from spaceseed.ops.pca import CHUNK, IncrementalPCA, regress


def samples(n, dims, seed, rank=None):
    """Returns rows with a mean that is not zero, along `rank` axes, each with half the variation of the one before."""
    rng = torch.Generator().manual_seed(seed)
    rank = rank or dims
    basis = torch.linalg.qr(torch.randn(dims, rank, generator=rng)).Q.T
    return torch.randn(n, rank, generator=rng) * 0.5 ** torch.arange(rank) @ basis + 3


def fitted(rows, batch, rank):
    pca = IncrementalPCA(rank)
    for part in rows.split(batch):
        pca.add(part)
    return pca


def test_components_are_those_of_a_whole_svd():
    rows = samples(3 * CHUNK + 17, 6, seed=0)
    components, deviations = fitted(rows, 100, rank=6).components()
    _, singular, right = torch.linalg.svd(rows - rows.mean(dim=0), full_matrices=False)
    torch.testing.assert_close(deviations, singular / (len(rows) - 1) ** 0.5, rtol=1e-4, atol=1e-6)
    assert ((components * right).sum(dim=1).abs() > 0.9999).all()


@given(st.integers(1, 900), st.integers(0, 99))
def test_the_result_does_not_depend_on_the_batches(batch, seed):
    rows = samples(2 * CHUNK + 5, 5, seed)
    whole, parts = fitted(rows, len(rows), 3).components(), fitted(rows, batch, 3).components()
    assert all(torch.equal(a, b) for a, b in zip(whole, parts, strict=True))


def test_more_dimensions_than_samples_leave_what_the_samples_span():
    rows = samples(CHUNK + 100, 2000, seed=1, rank=4)
    components, deviations = fitted(rows, 64, rank=40).components()
    assert components.shape == (4, 2000)
    torch.testing.assert_close(components @ components.T, torch.eye(4), atol=1e-4, rtol=0)
    centred = rows - rows.mean(dim=0)
    torch.testing.assert_close(centred @ components.T @ components, centred, atol=1e-3, rtol=0)
    torch.testing.assert_close(deviations, (centred @ components.T).std(dim=0), rtol=1e-3, atol=0)


def test_a_linear_layer_gives_back_its_right_singular_vectors():
    rng = torch.Generator().manual_seed(2)
    u, v = (torch.linalg.qr(torch.randn(n, 8, generator=rng)).Q for n in (300, 8))
    layer = u * 0.7 ** torch.arange(8) @ v.T
    z = torch.randn(20_000, 8, generator=rng)
    pca = fitted(z @ layer.T + 1, 1000, rank=8)
    directions = regress(pca.coordinates(z @ layer.T + 1), z)
    assert ((directions * v.T).sum(dim=1).abs() > 0.99).all()


def test_coordinates_are_in_standard_deviations():
    rows = samples(1000, 5, seed=3)
    coordinates = fitted(rows, 1000, 5).coordinates(rows)
    torch.testing.assert_close(coordinates.std(dim=0), torch.ones(5), atol=1e-3, rtol=0)
    torch.testing.assert_close(coordinates.mean(dim=0), torch.zeros(5), atol=1e-3, rtol=0)


def test_faults_are_named():
    with pytest.raises(ArgumentError, match="rank"):
        IncrementalPCA(0)
    with pytest.raises(ArgumentError, match="samples"):
        fitted(torch.ones(1, 3), 1, 2).components()

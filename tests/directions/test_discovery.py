"""SeFa and GANSpace: what they find, and how they report progress."""

from pathlib import Path

import numpy as np
import pytest
import torch

from spaceseed.directions.discovery import METHODS, find_directions
from spaceseed.errors import ArgumentError
from spaceseed.models.checkpoints import read_generator
from spaceseed.models.generators.biggan import BigGAN
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.zoo import loading
from spaceseed.ops.pca import CHUNK

DATA = Path(__file__).parents[1] / "data"


def test_components_of_w_are_sorted_by_their_spread(generator):
    found = find_directions(generator, "ganspace", count=6, samples=2 * CHUNK)
    assert (found.scales.diff() <= 1e-6).all()
    w = generator.map(torch.randn(5000, 8, generator=torch.Generator().manual_seed(9)))[:, 0]
    torch.testing.assert_close((w @ found.vectors.T).std(dim=0), found.scales, rtol=0.1, atol=0)


def test_one_layer_is_a_list_of_one(generator):
    one, same = (find_directions(generator, "sefa", layers=layers, count=2) for layers in (3, [3]))
    assert one.layers == same.layers == (3,)
    assert torch.equal(one.vectors, same.vectors)


def test_sefa_reads_the_layers_that_it_is_given(generator):
    one, other = (find_directions(generator, "sefa", layers=layers, count=2) for layers in ([0], [2, 3]))
    assert one.layers == (0,)
    assert other.layers == (2, 3)
    assert not torch.allclose(one.vectors, other.vectors, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"method": "magic"}, "method"),
        ({"layers": []}, "layers"),
        ({"layers": range(3, 1)}, "layers"),
        ({"layers": [4]}, "layers"),
        ({"layers": [-1]}, "layers"),
        ({"count": 0}, "count"),
        ({"count": 7}, "count"),
        ({"samples": 3}, "samples"),
        ({"count": 2.5}, "count"),
        ({"samples": "many"}, "samples"),
        ({"seed": -1}, "seed"),
        ({"layers": "01"}, "layers"),
        ({"generator": "sefa"}, "generator"),
    ],
)
def test_faults_are_named(generator, options, name):
    with pytest.raises(ArgumentError) as caught:
        find_directions(**({"generator": generator, "count": 2} | options))
    assert caught.value.name == name


@pytest.mark.parametrize("mapping", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_each_draw_is_mapped_once_and_progress_climbs_to_the_end(generator, biggan, monkeypatch, method, mapping):
    network, labels = (generator, None) if mapping else (biggan[0], torch.eye(3)[0])
    mapped, shares, map_all = [], [], network.compute_ws
    monkeypatch.setattr(network, "compute_ws", lambda z, labels: mapped.append(z) or map_all(z, labels))
    find_directions(network, method, count=2, samples=1300, labels=labels, progress=shares.append)
    assert len(torch.cat(mapped).unique(dim=0)) == len(torch.cat(mapped)) == 1300
    assert shares == sorted(set(shares))
    assert shares[0] > 0
    assert shares[-1] == 1


def test_progress_can_end_the_work(generator):
    def stop(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_directions(generator, "ganspace", count=2, progress=stop)


def test_bundled_faces_change_along_their_first_component():
    faces = loading.load("avatars", device="cpu")
    directions = find_directions(faces, "ganspace", count=1, samples=1000)
    ws = faces.map(latents_from_seeds(range(16), faces.z_dim), truncation=0.7)
    images = [faces.synthesize(directions.apply(ws, 0, amount)) for amount in (0.0, 0.5, 2.0)]
    near, far = ((image - images[0]).abs().mean() for image in images[1:])
    assert 0 < near < far


@pytest.mark.parametrize(
    ("case", "weights", "name"),
    [
        ("sefa_pggan", "genforce_pggan", "all"),
        ("sefa_stylegan", "genforce_stylegan", "all"),
        ("sefa_stylegan", "genforce_stylegan", "0_3"),
        ("sefa_stylegan2", "genforce_stylegan2", "all"),
        ("sefa_stylegan2", "genforce_stylegan2", "0_3"),
    ],
)
def test_sefa_equals_the_authors_code(case, weights, name):
    outputs = {key: torch.from_numpy(value) for key, value in np.load(DATA / case / "outputs.npz").items()}
    generator = read_generator(DATA / weights / "checkpoint.pth")
    layers = outputs[f"layers_{name}"].tolist()
    expected, separated = outputs[f"boundaries_sorted_{name}"], outputs[f"well_separated_{name}"]
    found = find_directions(generator, "sefa", layers, count=len(expected), samples=2 * len(expected))
    assert separated.sum() > len(expected) / 2
    assert ((found.vectors * expected).sum(dim=1).abs()[separated] >= 0.999).all()
    assert list(found.layers) == layers


@pytest.fixture(scope="module")
def biggan():
    """A network whose first layer multiplies z by a known matrix, with ever weaker directions."""
    torch.manual_seed(0)
    generator = BigGAN(8, 5, 3, [16, 16, 8], [True, True], num_stats=3).requires_grad_(False)
    weight = generator.synthesis.gen_z.weight
    u, v = (torch.linalg.qr(torch.randn(n, 8)).Q for n in (len(weight), 8))
    weight[:, :8] = u * 0.7 ** torch.arange(8) @ v.T
    return generator, v.T


def test_ganspace_without_a_mapping_finds_what_the_first_layer_amplifies(biggan):
    generator, expected = biggan
    found = find_directions(generator, "ganspace", count=5, labels=torch.tensor([0.5, 0.5, 0.0]))
    assert ((found.vectors[:, :8] * expected[:5]).sum(dim=1).abs() > 0.99).all()
    assert (found.vectors[:, 8:] == 0).all()


def test_sefa_reads_any_block_of_a_biggan_and_leaves_its_class(biggan):
    generator, _ = biggan
    first = find_directions(generator, "sefa", [0], count=3, labels=torch.tensor([1.0, 0.0, 0.0]))
    other = find_directions(generator, "sefa", [1, 2], count=3, labels=torch.tensor([1.0, 0.0, 0.0]))
    assert not torch.allclose(first.vectors, other.vectors, atol=1e-2)
    assert (other.vectors[:, 8:] == 0).all()

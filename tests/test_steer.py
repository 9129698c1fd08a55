from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.models import zoo
from spaceseed.models.biggan import BigGAN
from spaceseed.models.checkpoints import read_generator
from spaceseed.models.generator import ModelCard, latents_from_seeds
from spaceseed.models.stylegan2 import StyleGAN2
from spaceseed.ops.pca import CHUNK
from spaceseed.recipe import Recipe
from spaceseed.steer import METHODS, DirectionSet, find_directions

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    generator = StyleGAN2(8, 6, {4: 8, 8: 4}, mapping_layers=2).requires_grad_(False)
    generator.w_avg.normal_()
    generator.card = ModelCard("tiny", "Tiny", "StyleGAN2", 8, "none", "", "test", 1, "ab" * 32, 0.7, False)
    return generator


@pytest.fixture(scope="module", params=["sefa", "ganspace"])
def directions(generator, request):
    return find_directions(generator, request.param, count=4, samples=2 * CHUNK)


def test_directions_are_orthonormal_and_named(directions):
    torch.testing.assert_close(directions.vectors @ directions.vectors.T, torch.eye(4), atol=1e-5, rtol=0)
    assert len(set(directions.names)) == len(directions) == 4
    assert (directions.scales > 0).all()


def test_a_subset_is_some_of_the_directions(directions):
    sure = replace(directions, confidences=(0.1, 0.2, 0.3, 0.4))
    some = sure.subset([3, 1])
    assert some.names == (sure.names[3], sure.names[1])
    assert some.confidences == (0.4, 0.2)
    assert directions.subset([0]).confidences == ()
    assert torch.equal(some.vectors, sure.vectors[[3, 1]])
    assert torch.equal(some.scales, sure.scales[[3, 1]])


def test_components_of_w_are_sorted_by_their_spread(generator):
    found = find_directions(generator, "ganspace", count=6, samples=2 * CHUNK)
    assert (found.scales.diff() <= 1e-6).all()
    w = generator.map(torch.randn(5000, 8, generator=torch.Generator().manual_seed(9)))[:, 0]
    torch.testing.assert_close((w @ found.vectors.T).std(dim=0), found.scales, rtol=0.1, atol=0)


def test_sefa_reads_the_layers_that_it_is_given(generator):
    one, other = (find_directions(generator, "sefa", layers=layers, count=2) for layers in ([0], [2, 3]))
    assert one.layers == (0,)
    assert other.layers == (2, 3)
    assert not torch.allclose(one.vectors, other.vectors, atol=1e-3)


def test_a_step_and_a_recipe_with_it_draw_the_same_image(generator, directions, tmp_path):
    recipe = Recipe.of(generator, latents_from_seeds([3], 8)[0], truncation=0.7)
    edited = recipe.replace(edits=(directions.edit(1, 2.5, layers=[0, 2]), directions.edit(0, -1.0)))
    ws = directions.apply(directions.apply(recipe.ws(generator), 1, 2.5, layers=[0, 2]), 0, -1.0)
    edited.save(tmp_path / "edited.json")
    assert torch.equal(Recipe.open(tmp_path / "edited.json").ws(generator), ws)
    assert not torch.equal(ws, recipe.ws(generator))


def test_an_amount_counts_in_standard_deviations_and_leaves_its_input_alone(generator, directions):
    ws = torch.zeros(2, generator.num_ws, 6)
    moved = directions.apply(ws, 2, 3.0)
    torch.testing.assert_close(moved.norm(dim=-1), (3 * directions.scales[2]).expand(2, generator.num_ws))
    assert (ws == 0).all()


def test_a_file_brings_all_back(directions, tmp_path):
    renamed = directions.rename(1, "smile")
    renamed.save(tmp_path / "directions.safetensors")
    opened = DirectionSet.open(tmp_path / "directions.safetensors")
    assert torch.equal(opened.vectors, directions.vectors)
    assert torch.equal(opened.scales, directions.scales)
    assert opened.names == (directions.names[0], "smile", *directions.names[2:])
    assert (opened.method, opened.model, opened.sha256) == (directions.method, "tiny", "ab" * 32)


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x08\0\0\0\0\0\0\0{}      ", bytes(2000)])
def test_a_damaged_file_is_refused_in_a_sentence(tmp_path, damage):
    (tmp_path / "bad.safetensors").write_bytes(damage)
    with pytest.raises(ValueError, match="directions"):
        DirectionSet.open(tmp_path / "bad.safetensors")


@pytest.mark.parametrize(
    "changed",
    [
        {"names": ("one", "two")},
        {"confidences": (0.5,)},
        {"vectors": torch.ones(4)},
        {"vectors": torch.ones(3, 6)},
        {"vectors": torch.full((4, 6), torch.nan)},
        {"scales": torch.ones(4, 1)},
    ],
)
def test_directions_that_do_not_fit_each_other_are_refused(directions, tmp_path, changed):
    replace(directions, **changed).save(tmp_path / "bad.safetensors")
    with pytest.raises(ValueError, match="holds no directions, or is damaged"):
        DirectionSet.open(tmp_path / "bad.safetensors")


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
    ],
)
def test_faults_are_named(generator, options, name):
    with pytest.raises(ArgumentError) as caught:
        find_directions(generator, **({"count": 2} | options))
    assert caught.value.name == name


def test_a_step_that_does_not_exist_is_named(generator, directions):
    ws = torch.zeros(1, generator.num_ws, 6)
    for index, layers, name in [(4, None, "index"), (-1, None, "index"), (0, [], "layers"), (0, [4], "layers")]:
        with pytest.raises(ArgumentError) as caught:
            directions.apply(ws, index, 1.0, layers)
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
    faces = zoo.load("avatars", device="cpu")
    directions = find_directions(faces, "ganspace", count=1, samples=1000)
    ws = faces.map(latents_from_seeds(range(16), faces.z_dim), truncation=0.7)
    images = [faces.synthesize(directions.apply(ws, 0, amount)) for amount in (0.0, 0.5, 2.0)]
    near, far = ((image - images[0]).abs().mean() for image in images[1:])
    assert 0 < near < far


def test_a_step_can_leave_other_directions_alone(generator):
    found = find_directions(generator, "sefa", count=3)
    skewed = DirectionSet.of(
        generator, "svm", torch.nn.functional.normalize(found.vectors + found.vectors.roll(1, 0), dim=1),
        found.names, generator.map(torch.randn(50, 8))[:, 0],
    )  # fmt: skip
    ws = torch.zeros(1, generator.num_ws, 6)
    moved = skewed.apply(ws, 0, 2.0, keep=[1, 2])[0, 0]
    torch.testing.assert_close(skewed.vectors[1:] @ moved, torch.zeros(2), atol=1e-5, rtol=0)
    assert skewed.vectors[0] @ moved > 0
    with pytest.raises(ArgumentError, match="span"):
        skewed.apply(ws, 0, 2.0, keep=[0])


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
    """A network whose first layer turns z by a known matrix, each direction weaker than the one before."""
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

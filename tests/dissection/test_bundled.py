from dataclasses import replace

import pytest
import torch

from spaceseed.dissection.bundled import bundled_layers, unit_table
from spaceseed.errors import ArgumentError
from spaceseed.models.zoo.loading import load
from tests.dissection.oracle import Shapes

MODELS = ("avatars", "avatars-pggan")


@pytest.fixture(scope="module", params=MODELS)
def generator(request):
    return load(request.param, device="cpu")


def test_all_layers_have_a_table_that_fits(generator):
    layers = bundled_layers(generator)
    assert layers[: len(generator.layers)] == generator.layers
    ws = generator.map(torch.randn(1, generator.z_dim, generator=torch.Generator().manual_seed(0)))
    for layer in layers:
        table = unit_table(generator, layer)
        table.check(generator)
        assert table.layer == layer
        assert len(table) == generator.activations(ws, layer).shape[1]
        assert "glasses" in table.classes


def test_styles_that_vary_have_a_table():
    generator = load("avatars", device="cpu")
    assert set(bundled_layers(generator)) & set(generator.styles)


def test_other_weights_have_none(generator):
    other = Shapes()
    assert bundled_layers(other) == ()
    other.card = replace(generator.card, sha256="ab" * 32)
    assert bundled_layers(other) == ()
    with pytest.raises(ArgumentError, match="layer"):
        unit_table(other, "shapes")


def test_a_layer_that_does_not_exist_is_named(generator):
    with pytest.raises(ArgumentError, match="layer"):
        unit_table(generator, "b999")

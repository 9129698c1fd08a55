"""Properties of all families. A new family is one line in `tests.models.families.FAMILIES`."""

from functools import partial

import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.generators.mapping import MappedGenerator
from tests.models.families import FAMILIES, small


@pytest.fixture(scope="module", params=FAMILIES)
def generator(request):
    return small(request.param)


def labels_of(generator, count=1):
    return torch.eye(generator.num_classes)[:count] if generator.num_classes else None


def styles(generator, count, **options):
    return generator.map(latents_from_seeds(range(count), generator.z_dim), labels_of(generator, count), **options)


def test_sizes_are_those_that_it_tells(generator):
    ws = styles(generator, 2)
    assert ws.shape == (2, generator.num_ws, generator.w_dim)
    assert generator.w_avg.shape == (generator.w_dim,)
    images = generator.synthesize(ws)
    assert images.shape == (2, 3, generator.resolution, generator.resolution)
    assert images.isfinite().all()


def test_an_image_does_not_depend_on_its_batch(generator):
    ws = styles(generator, 3, truncation=0.5)
    alone = torch.cat([generator.synthesize(row[None]) for row in ws])
    torch.testing.assert_close(generator.synthesize(ws), alone, atol=1e-5, rtol=1e-5)


def test_memory_order_does_not_matter(generator):
    ws = styles(generator, 2)
    usual = generator.synthesize(ws)
    other = generator.to(memory_format=torch.channels_last).synthesize(ws)
    generator.to(memory_format=torch.contiguous_format)
    torch.testing.assert_close(usual, other, atol=1e-4, rtol=1e-4)


def test_every_row_of_ws_counts(generator):
    ws = styles(generator, 2)
    plain = generator.synthesize(ws[:1])
    for row in range(generator.num_ws):
        mixed = ws[:1].clone()
        mixed[:, row] = ws[1, row]
        assert not torch.equal(generator.synthesize(mixed), plain)


def test_gradients_reach_every_row_of_ws(generator):
    ws = styles(generator, 1).clone().requires_grad_(True)
    generator.synthesize(ws).square().sum().backward()
    assert bool((ws.grad.abs().sum(dim=(0, 2)) > 0).all())


def test_edits_receive_the_activations_and_change_nothing_by_themselves(generator):
    ws, received = styles(generator, 2), {}
    keep = {layer: partial(received.setdefault, layer) for layer in generator.layers}
    assert torch.equal(generator.synthesize(ws, edits=keep), generator.synthesize(ws))
    assert tuple(received) == tuple(generator.layers)
    for layer, activations in received.items():
        assert torch.equal(generator.activations(ws, layer), activations)


def test_an_edit_changes_the_image(generator):
    ws = styles(generator, 1)
    plain = generator.synthesize(ws)
    for layer in generator.layers:
        assert not torch.equal(generator.synthesize(ws, edits={layer: torch.zeros_like}), plain)


def test_each_row_has_its_style_weights(generator):
    for row in range(generator.num_ws):
        assert generator.style_weights(row).shape[1] == generator.w_dim


def test_truncation_pulls_towards_the_mean(generator):
    ws = styles(generator, 2)
    assert torch.equal(generator.truncate(ws, 1.0), ws)
    if isinstance(generator, MappedGenerator):  # others have no mean of w
        torch.testing.assert_close(generator.truncate(ws, 0.0), generator.w_avg.expand_as(ws))


def refused(generator):
    """Returns calls with one bad argument each, and its name."""
    z, ws = torch.zeros(1, generator.z_dim), torch.zeros(1, generator.num_ws, generator.w_dim)
    labels, number = labels_of(generator), generator.num_classes
    map_, synthesize = generator.map, generator.synthesize
    yield "z", lambda: map_(torch.zeros(1, generator.z_dim + 1), labels)
    yield "labels", lambda: map_(z, None if number else torch.zeros(1, 3))
    yield "labels", lambda: map_(z, torch.zeros(1, number + 1))
    yield "truncation", lambda: map_(z, labels, truncation=torch.nan)
    yield "truncation", lambda: generator.truncate(ws, torch.nan)
    yield "ws", lambda: synthesize(torch.zeros(1, generator.num_ws + 1, generator.w_dim))
    yield "ws", lambda: synthesize(ws * torch.nan)
    yield "option", lambda: synthesize(ws, loudness=1)
    for option, value in {"noise": "none", "transform": torch.eye(3)}.items():
        if option not in generator.options:
            yield "option", partial(synthesize, ws, **{option: value})
    if "noise" in generator.options:
        yield "noise", lambda: synthesize(ws, noise="loud")
        yield "rng", lambda: synthesize(ws, noise="random")
    yield "layer", lambda: synthesize(ws, edits={"none": lambda x: x})
    yield "layer", lambda: generator.activations(ws, "none")
    yield "layer", lambda: generator.style_weights(generator.num_ws)


def test_bad_arguments_are_named(generator):
    for name, call in refused(generator):
        with pytest.raises(ArgumentError) as caught:
            call()
        assert caught.value.name == name

"""Filling a generator with tensors, and measuring the centre of truncation."""

import pytest
import torch

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints import tensors as checkpoint_tensors
from spaceseed.models.checkpoints.tensors import fill, measure_w_avg, take
from spaceseed.models.generators.stylegan2 import StyleGAN2

NAME = "synthesis.b8.conv0.weight"


def small(seed, **kwargs):
    torch.manual_seed(seed)
    generator = StyleGAN2(8, 6, {4: 4, 8: 4}, mapping_layers=2, **kwargs)
    generator.w_avg.normal_()
    return generator


@pytest.fixture
def own():
    return small(1).state_dict()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_fills_every_tensor_in_single_precision(own, dtype):
    generator = small(2)
    stored = {name: tensor.to(dtype) for name, tensor in own.items()}
    fill(generator, stored)
    for name, tensor in generator.state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, stored[name].float())


def test_the_filled_generator_no_longer_needs_the_file(own):
    generator = small(2)
    fill(generator, own)
    before = generator.state_dict()[NAME].clone()
    own[NAME].zero_()
    assert torch.equal(generator.state_dict()[NAME], before)


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: tensors.pop(NAME),
        lambda tensors: tensors.update({NAME: tensors[NAME][:2]}),
        lambda tensors: tensors.update({NAME: tensors[NAME].flatten()}),
        lambda tensors: tensors.update({NAME: tensors[NAME].long()}),
        lambda tensors: tensors.update({NAME: tensors[NAME].to(torch.complex64)}),
        lambda tensors: tensors[NAME][0].fill_(float("nan")),
        lambda tensors: tensors[NAME][0].fill_(float("-inf")),
        lambda tensors: tensors.update({NAME: tensors[NAME].double() + 1e300}),
    ],
    ids=["missing", "shorter", "flat", "integer", "complex", "nan", "infinite", "too large"],
)
def test_refuses_what_does_not_fit_and_names_it(own, change):
    change(own)
    with pytest.raises(CheckpointError, match=NAME):
        fill(small(2), own)


def test_refuses_tensors_that_it_has_no_place_for(own):
    with pytest.raises(CheckpointError, match="left over"):
        fill(small(2), own | {"left over": torch.ones(1)})


def test_take():
    state = {"a": torch.ones(2, 3), "long": torch.arange(3), "text": "x", "empty": torch.ones(0, 3)}
    assert take(state, "a", 2) is state["a"]
    for name, sides in (("a", 1), ("long", 1), ("text", 1), ("empty", 2), ("missing", 1)):
        with pytest.raises(CheckpointError, match=name):
            take(state, name, sides)


@pytest.mark.parametrize("classes", [0, 3])
def test_w_avg_is_the_mean_of_many_styles(classes):
    generator = small(3, num_classes=classes)
    z = torch.randn(30_000, 8, generator=torch.Generator().manual_seed(5))
    labels = torch.eye(3).repeat(10_000, 1) if classes else None
    with torch.no_grad():
        ws = generator.map(z, labels)[:, 0]
    error = (measure_w_avg(generator) - ws.mean(dim=0)).abs()
    assert (error < 6 * ws.std(dim=0) / 100).all()


def test_w_avg_depends_on_the_weights_alone(monkeypatch):
    generator = small(3)
    first = measure_w_avg(generator, samples=300)
    torch.manual_seed(11)
    generator.w_avg.zero_()
    monkeypatch.setattr(checkpoint_tensors, "BATCH", 7)
    torch.testing.assert_close(measure_w_avg(generator, samples=300), first, rtol=0, atol=1e-6)

"""Discriminators: their output, what it depends on, and what they learn."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.errors import ArgumentError
from spaceseed.training.losses import LOSSES, gradient_penalty, label_loss
from spaceseed.training.networks.discriminator import Discriminator, deviation_map
from spaceseed.training.networks.pairs import NETWORKS, build

GROUPS = {"hair": ("short", "long"), "mouth": ("open", "smile", "sad")}
SIZES = (2, 3)
LABELS = torch.tensor([[1.0, 0, 0, 0, 1], [0, 1, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0]])


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def images(count=4, side=8, seed=0):
    return torch.randn(count, 3, side, side, generator=rng(seed))


def conditional(condition, **options):
    tiny = {"z_dim": 8, "capacity": 1 / 32, "seed": 0}
    return build("stylegan2", 8, label_groups=GROUPS, condition=condition, **{**tiny, **options})


@pytest.mark.parametrize("network", NETWORKS)
def test_every_image_gets_one_logit(network):
    pair = build(network, 16, z_dim=4, capacity=1 / 32, seed=0)
    output = pair.discriminator(images(side=16), None)
    assert output.logits.shape == (4, 1)
    assert output.logits.dtype == torch.float32
    assert output.classes is None
    with torch.autocast("cpu", torch.bfloat16):
        fakes = pair.generate(pair.generator, torch.randn(4, 4, generator=rng()), None, rng())
        output = pair.discriminator(fakes)
    assert fakes.shape == (4, 3, 16, 16)
    assert fakes.dtype == output.logits.dtype == torch.float32
    output.logits.sum().backward()
    assert all(
        parameter.grad.isfinite().all() for parameter in pair.generator.parameters() if parameter.grad is not None
    )


@pytest.mark.parametrize("network", NETWORKS)
def test_its_gradients_can_be_penalised(network):
    discriminator = build(network, 8, z_dim=4, capacity=1 / 32, seed=0).discriminator
    real = images().requires_grad_()
    gradient_penalty(discriminator(real).logits, real).backward()
    last = [parameter for name, parameter in discriminator.named_parameters() if "out" in name and parameter.ndim > 1]
    assert any(parameter.grad.abs().sum() > 0 for parameter in last)


def test_the_spectral_discriminator_judges_every_image_by_itself():
    discriminator = build("dcgan", 16, z_dim=4, capacity=0.25, seed=0).discriminator.eval()
    together = discriminator(images(5, 16)).logits
    alone = torch.cat([discriminator(image[None]).logits for image in images(5, 16)])
    torch.testing.assert_close(together, alone)


def test_the_spectral_discriminator_never_changes_faster_than_its_input():
    discriminator = build("dcgan", 16, z_dim=4, capacity=0.25, seed=0).discriminator
    with torch.no_grad():
        for parameter in discriminator.parameters():
            parameter.mul_(100)  # spectral normalisation undoes this, except for biases
        for _ in range(30):  # power iteration for the largest singular values
            discriminator(images(2, 16))
    discriminator.eval()
    one = images(8, 16)
    other = one + 0.01 * images(8, 16, seed=1)
    distances = (one - other).flatten(1).norm(dim=1)
    changes = (discriminator(one).logits - discriminator(other).logits).abs()[:, 0]
    # A convolution with stride 2 and kernel 4 reads every pixel 4 times: its norm is at most twice that of its weights.
    assert (changes <= distances * 2 ** len(discriminator.convolutions)).all()


@given(st.sampled_from([1, 2, 3, 4, 6, 8]), st.sampled_from([1, 2, 4]))
def test_deviation_is_measured_in_groups_that_divide_the_batch(count, group_size):
    x = torch.randn(count, 2, 3, 3, generator=rng())
    spread = deviation_map(x, group_size)
    assert spread.shape == (count, 1, 3, 3)
    groups = count // math.gcd(count, group_size)
    expected = torch.stack([x[i::groups].var(dim=0, unbiased=False).add(1e-8).sqrt().mean() for i in range(groups)])
    torch.testing.assert_close(spread[:, 0, 0, 0], expected.repeat(count // groups))


def test_images_that_are_alike_have_no_spread():
    x = torch.randn(1, 2, 3, 3, generator=rng()).repeat(4, 1, 1, 1)
    assert deviation_map(x, 4).max() < 1e-3


@pytest.mark.parametrize("condition", ["embed", "auxiliary", "both"])
def test_conditions_are_what_they_are_called(condition):
    pair = conditional(condition)
    assert pair.generator.num_classes == 5
    output, swapped = (pair.discriminator(images(), labels) for labels in (LABELS, LABELS.flip(0)))
    assert torch.equal(output.logits, swapped.logits) == (condition == "auxiliary")
    assert (output.classes is None) == (condition == "embed")
    z = torch.randn(4, 8, generator=rng())
    assert not torch.allclose(*(pair.generate(pair.generator, z, labels, rng()) for labels in (LABELS, LABELS.flip(0))))


def test_labels_of_unconditional_networks_are_left_out():
    pair = conditional("none")
    assert pair.generator.num_classes == 0
    assert pair.discriminator(images()).classes is None


def test_dropped_labels_add_nothing_to_the_logits():
    discriminator = Discriminator({4: 4, 8: 4}, 5, project=True)
    silent = discriminator(images(), torch.zeros(4, 5)).logits
    discriminator.embedding.data.mul_(3)
    assert torch.equal(discriminator(images(), torch.zeros(4, 5)).logits, silent)
    hair, mouth = (LABELS * mask for mask in (torch.tensor([1.0, 1, 0, 0, 0]), torch.tensor([0.0, 0, 1, 1, 1])))
    both, first, second = (discriminator(images(), labels).logits - silent for labels in (LABELS, hair, mouth))
    torch.testing.assert_close(both, first + second)


def test_a_projection_needs_labels():
    with pytest.raises(ArgumentError, match="labels"):
        conditional("embed").discriminator(images())


@pytest.mark.parametrize(
    ("condition", "parts"),
    [("embed", ("embedding",)), ("auxiliary", ("classes.weight",)), ("both", ("embedding", "classes.weight"))],
)
def test_labels_teach_both_networks(condition, parts):
    pair = conditional(condition)
    z = torch.randn(4, 8, generator=rng())
    output = pair.discriminator(pair.generate(pair.generator, z, LABELS, rng()), LABELS)
    loss = LOSSES["nonsaturating"].generator(output.logits)
    if output.classes is not None:
        loss = loss + label_loss(output.classes, LABELS, SIZES)
    loss.backward()
    own = dict(pair.discriminator.named_parameters())
    for name, parameter in ((part, own[part]) for part in parts):
        assert parameter.grad.abs().sum() > 0, name
    assert pair.generator.mapping.embed.weight.grad.abs().sum(dim=0).min() > 0


@pytest.mark.parametrize("condition", ["embed", "auxiliary"])
def test_two_colours_are_learnt_by_their_names(condition):
    """Trains a few steps on red and blue images. Then each label gives its own colour."""
    names = {"class": ("red", "blue")}
    pair = build("stylegan2", 8, z_dim=16, label_groups=names, condition=condition, capacity=1 / 16, seed=1)
    objective, draw = LOSSES["nonsaturating"], rng()
    generator, discriminator = pair.generator, pair.discriminator
    optimizer_g, optimizer_d = (
        torch.optim.Adam(pair.groups(module, 5e-3), betas=(0.0, 0.99)) for module in (generator, discriminator)
    )
    labels = torch.eye(2).repeat(4, 1)
    colours = torch.tensor([[0.8, -0.8, -0.8], [-0.8, -0.8, 0.8]]).repeat(4, 1)[:, :, None, None]

    def told(output):
        return 0.0 if output.classes is None else label_loss(output.classes, labels, (2,))

    for _ in range(80):
        fake = pair.generate(generator, torch.randn(8, 16, generator=draw), labels, draw)
        output = discriminator(fake, labels)
        optimizer_g.zero_grad()
        (objective.generator(output.logits) + told(output)).backward()
        optimizer_g.step()
        real = (colours + 0.1 * torch.randn(8, 3, 8, 8, generator=draw)).requires_grad_()
        of_real, of_fake = discriminator(real, labels), discriminator(fake.detach(), labels)
        loss = objective.discriminator(of_real.logits, of_fake.logits) + told(of_real)
        optimizer_d.zero_grad()
        (loss + 0.1 * gradient_penalty(of_real.logits, real)).backward()
        optimizer_d.step()
    with torch.no_grad():
        z = torch.randn(64, 16, generator=rng(1))
        red, _, blue = generator.synthesize(generator.map(z, torch.eye(2).repeat(32, 1))).mean(dim=(2, 3)).T
    redness = (red - blue).reshape(32, 2).mean(dim=0)
    assert redness[0] > 0.5
    assert redness[1] < -0.5

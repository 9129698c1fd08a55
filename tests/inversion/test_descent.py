"""Schedules and the noise regulariser against the published formulas, and descents that only the seed decides."""

import math

import pytest
import torch
import torch.nn.functional as F

from spaceseed.inversion.descent import Schedule, descend, noise_regularizer
from spaceseed.inversion.projection import ADA, IMAGE2STYLEGAN
from spaceseed.inversion.reconstruction import Reconstruction, Target
from tests.inversion.conftest import drawn


def published_rate(step, steps=1000, initial=0.1, rampdown=0.25, rampup=0.05):
    """The learning rate of NVIDIA's projector, written as in its paper's supplement."""
    t = step / steps
    ramp = min(1.0, (1.0 - t) / rampdown)
    ramp = 0.5 - 0.5 * math.cos(ramp * math.pi)
    return initial * ramp * min(1.0, t / rampup)


@pytest.mark.parametrize("step", [0, 1, 25, 50, 400, 750, 900, 999])
def test_the_projector_of_ada_has_the_published_schedule(step):
    assert ADA.rate_at(step) == pytest.approx(published_rate(step))
    assert ADA.jitter_at(step) == pytest.approx(0.05 * max(0.0, 1 - step / 1000 / 0.75) ** 2)
    assert IMAGE2STYLEGAN.rate_at(step) == 0.01
    assert IMAGE2STYLEGAN.jitter_at(step) == 0


def test_white_noise_is_regular_and_structure_is_not():
    rng = torch.Generator().manual_seed(0)
    white = torch.randn(64, 64, generator=rng)
    smooth = F.avg_pool2d(white[None, None], 4).repeat_interleave(4, 2).repeat_interleave(4, 3)[0, 0]
    smooth = smooth / smooth.std()
    assert float(noise_regularizer([white])) < 0.02
    assert float(noise_regularizer([smooth])) > 0.5


def test_the_noise_regulariser_sums_over_a_pyramid_down_to_eight_pixels():
    noise = torch.randn(16, 16, generator=torch.Generator().manual_seed(1))
    total = 0.0
    for level in (noise, F.avg_pool2d(noise[None, None], 2)[0, 0]):
        total += float((level * level.roll(1, 1)).mean() ** 2 + (level * level.roll(1, 0)).mean() ** 2)
    assert float(noise_regularizer([noise])) == pytest.approx(total, rel=1e-5)
    small = torch.randn(4, 4, generator=torch.Generator().manual_seed(2))
    assert float(noise_regularizer([small])) == pytest.approx(
        float((small * small.roll(1, 1)).mean() ** 2 + (small * small.roll(1, 0)).mean() ** 2), rel=1e-5
    )


def run(generator, distance, schedule, seed=0, penalty=None):
    loss = Reconstruction(Target.of(generator, drawn(generator)), distance, pixels=1.0)
    start = torch.zeros(1, 1, generator.w_dim)
    steps = descend(generator, lambda w: w.expand(-1, generator.num_ws, -1), start, loss, schedule, 1.0, seed, penalty)
    return list(steps)


def test_the_loss_falls_and_the_first_step_is_the_start(generator, distance):
    steps = run(generator, distance, Schedule(60, 0.1))
    assert [step.number for step in steps] == list(range(1, 61))
    assert not steps[0].latent.any()
    assert min(step.losses["loss"] for step in steps) < 0.7 * steps[0].losses["loss"]
    assert steps[5].losses["loss"] == pytest.approx(steps[5].losses["perceptual"] + steps[5].losses["pixels"], rel=1e-5)


def test_the_seed_decides_all(generator, distance):
    schedule = Schedule(5, 0.1, jitter=0.5, noise=1.0)
    one, same, other = (run(generator, distance, schedule, seed) for seed in (3, 3, 4))
    assert all(torch.equal(a.latent, b.latent) for a, b in zip(one, same, strict=True))
    assert not torch.equal(one[-1].latent, other[-1].latent)


def test_the_generator_and_its_noise_are_left_as_they_are(generator, distance):
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    run(generator, distance, Schedule(3, 0.1, noise=1e5))
    after = generator.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(tensor.requires_grad for tensor in (*generator.parameters(), *generator.buffers()))


def test_a_penalty_keeps_the_latent_near(generator, distance):
    free = run(generator, distance, Schedule(40, 0.1))[-1].latent.norm()
    held = run(generator, distance, Schedule(40, 0.1), penalty=lambda w: 1000 * w.square().sum(dim=(1, 2)))[-1].latent
    assert held.norm() < 0.9 * free

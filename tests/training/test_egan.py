"""E-GAN's selection. Some tests are for defects of public implementations."""

from itertools import product
from types import SimpleNamespace

import pytest
import torch

from spaceseed.training.config import Config, Evolution
from spaceseed.training.critics import Critics
from spaceseed.training.egan import generation, improve
from spaceseed.training.losses import LOSSES
from spaceseed.training.machine import BETAS, Learner, Machine
from spaceseed.training.networks.pairs import build

MUTATIONS = ("minimax", "nonsaturating", "leastsquares")
Z_DIM, SIDE = 8, 8


class Draws:
    def __init__(self, seed):
        self.rng = torch.Generator().manual_seed(seed)

    def latents(self, count):
        return torch.randn(count, Z_DIM, generator=self.rng), None

    def reals(self, count):
        return torch.rand(count, 3, SIDE, SIDE, generator=self.rng) * 2 - 1, None


@pytest.fixture
def game():
    """Returns the parents, the critics and the random draws of a small game."""

    def make(seed=3, **settings):
        evolution = Evolution(**{"evaluated": 16} | settings)
        config = Config(
            resolution=SIDE,
            objective="egan",
            batch=4,
            z_dim=Z_DIM,
            capacity=0.05,
            learning_rate=0.02,
            evolution=evolution,
        )
        machine, draws = Machine("float32"), Draws(seed)
        pair = build("stylegan2", SIDE, z_dim=Z_DIM, capacity=0.05, seed=1)
        others = [
            build("stylegan2", SIDE, z_dim=Z_DIM, capacity=0.05, seed=2 + i) for i in range(evolution.parents - 1)
        ]
        networks = [pair.generator, *(other.generator for other in others)]
        parents = [Learner(network, pair.groups(network, 0.02), BETAS, machine) for network in networks]
        critics = Critics(config, pair, (), machine, draws.rng)
        return SimpleNamespace(
            config=config,
            pair=pair,
            parents=parents,
            critics=critics,
            draws=draws,
            breed=lambda: generation(parents, pair, critics, draws, config, 1.0),
        )

    return make


def weights(learner):
    return torch.cat([p.detach().flatten() for p in learner.network.parameters()])


def alone(game, seed, parent, mutation):
    """Returns the child of `parent` by `mutation`, and its fitness, computed step by step without other children."""
    rng = game.draws.rng
    lessons, exam, real = game.draws.latents(4), game.draws.latents(16), game.draws.reals(16)
    learner = game.parents[parent].copy()
    improve(learner, LOSSES[mutation], game.pair, game.critics, lessons, rng, 1.0)
    with torch.no_grad():
        images = game.pair.generate(learner.network, *exam, rng)
    discriminator = game.pair.discriminator.requires_grad_(True)
    fake, true = discriminator(images).logits, discriminator(real[0]).logits
    loss = torch.nn.functional.softplus(fake).mean() + torch.nn.functional.softplus(-true).mean()
    gradients = torch.autograd.grad(loss, list(discriminator.parameters()))
    squared = sum(gradient.double().square().sum() for gradient in gradients)
    return learner, fake.sigmoid().mean().item(), -0.5 * squared.log().item()


@pytest.mark.parametrize("gamma", [0.0, 0.5])
def test_fitness_is_quality_and_the_log_of_the_norm_itself(game, gamma):
    """The squared norm would double gamma."""
    for mutation in MUTATIONS:
        (child,) = game(mutations=(mutation,), gamma=gamma).breed()
        _, quality, diversity = alone(game(), 3, 0, mutation)
        assert child.quality == pytest.approx(quality, rel=1e-4)
        assert child.diversity == pytest.approx(diversity, rel=1e-3, abs=1e-4)
        assert child.fitness == pytest.approx(quality + gamma * diversity, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("order", [MUTATIONS, MUTATIONS[::-1], (*MUTATIONS[1:], MUTATIONS[0])])
def test_the_best_child_is_kept_wherever_it_stands(game, order):
    """Some implementations keep the last child instead."""
    fitness = {name: game(mutations=(name,)).breed()[0].fitness for name in MUTATIONS}
    assert len(set(fitness.values())) == 3
    (kept,) = game(mutations=order).breed()
    assert kept.mutation == max(fitness, key=fitness.get)
    assert kept.fitness == max(fitness.values())
    torch.testing.assert_close(weights(kept.learner), weights(alone(game(), 3, 0, kept.mutation)[0]), rtol=0, atol=0)


def test_every_child_starts_from_its_parent_and_not_from_the_child_before(game):
    """Both weights and Adam's moments: for a trained parent, both matter."""
    together, children = game(parents=2), []
    for learner in together.parents:
        improve(
            learner,
            LOSSES["hinge"],
            together.pair,
            together.critics,
            (torch.ones(4, Z_DIM), None),
            torch.Generator().manual_seed(0),
            1.0,
        )
    before = [weights(parent) for parent in together.parents]
    moments = [parent.state_dict()["adam"]["state"][0]["exp_avg_sq"].clone() for parent in together.parents]
    chance = together.draws.rng.get_state()
    for number, mutation in product(range(2), MUTATIONS):
        together.draws.rng.set_state(chance)
        children.append(weights(alone(together, 3, number, mutation)[0]))
    together.draws.rng.set_state(chance)
    kept = together.breed()
    assert len(kept) == 2
    assert kept[0].fitness >= kept[1].fitness
    for child in kept:
        number = child.parent * 3 + MUTATIONS.index(child.mutation)
        torch.testing.assert_close(weights(child.learner), children[number], rtol=0, atol=0)
    for parent, was, moment in zip(together.parents, before, moments, strict=True):
        assert torch.equal(weights(parent), was)
        assert torch.equal(parent.state_dict()["adam"]["state"][0]["exp_avg_sq"], moment)


def test_no_parent_survives_even_if_all_children_are_worse(game):
    start = game()
    (child,) = start.breed()
    assert not torch.equal(weights(child.learner), weights(start.parents[0]))


def test_survivors_of_one_parent_share_nothing(game):
    kept = game(parents=2).breed()
    tensors = [t.data_ptr() for child in kept for t in child.learner.network.state_dict().values()]
    assert len(set(tensors)) == len(tensors)
    was = weights(kept[1].learner)
    with torch.no_grad():
        for parameter in kept[0].learner.network.parameters():
            parameter.zero_()
    assert torch.equal(weights(kept[1].learner), was)


def test_breeding_leaves_the_discriminator_as_it_is(game):
    start = game()
    before = {name: value.clone() for name, value in start.pair.discriminator.state_dict().items()}
    start.breed()
    assert all(torch.equal(value, before[name]) for name, value in start.pair.discriminator.state_dict().items())


def test_the_discriminator_sees_all_survivors_alike(game):
    from spaceseed.training.critics import joined

    kept = game(parents=2).breed()
    together = joined([child.seen for child in kept])
    assert together.inputs[0][0].shape == (32, 3, SIDE, SIDE)
    for i, child in enumerate(kept):
        assert torch.equal(together.inputs[0][0][i::2], child.seen.inputs[0][0])

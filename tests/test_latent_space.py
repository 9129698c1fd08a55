"""A latent space passes all options of a recipe to its generator, in every family."""

from dataclasses import replace

import pytest
import torch

from spaceseed.errors import ArgumentError, FilterError
from spaceseed.filters.filter import LatentFilter
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import ModelCard
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.recipes.recipe import Recipe, RecipeError

SHIFTED = torch.tensor([[1.0, 0.0, 0.5], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
CLASS = torch.tensor([0.0, 1.0, 0.0])


class Movable(StyleGAN2):
    """A conditional family whose images depend on a transform and a truncation."""

    options = ("noise", "rng", "transform", "truncation")

    def compute_images(self, ws, tap, transform=None, truncation=1.0, **options):
        images = super().compute_images(ws, tap, **options) * truncation
        return images if transform is None else images + transform[0, 2]


def made(family, num_classes):
    torch.manual_seed(0)
    generator = family(8, 8, {4: 8, 8: 4}, mapping_layers=2, num_classes=num_classes).requires_grad_(False)
    generator.w_avg.normal_()
    generator.card = ModelCard("tiny", "Tiny", "StyleGAN2", 8, "none", "", "test", 1, "0" * 64, 0.7, False)
    return generator


@pytest.fixture(scope="module")
def movable():
    return made(Movable, num_classes=3)


@pytest.fixture(scope="module")
def plain():
    return made(StyleGAN2, num_classes=0)


@pytest.mark.parametrize("name", ["z", "w", "ws"])
def test_labels_transform_and_truncation_reach_images_and_recipes(movable, name):
    space = LatentSpace(movable, name, truncation=0.6, labels=CLASS, transform=SHIFTED)
    vectors = space.draw([3, 4])
    images = space.images(vectors)
    expected = movable.map(LatentSpace(movable, labels=CLASS).draw([3, 4]), CLASS.expand(2, -1), truncation=0.6)
    expected = movable.synthesize(expected, truncation=0.6, transform=SHIFTED)
    torch.testing.assert_close(images, expected, atol=1e-4, rtol=1e-4)
    recipe = Recipe.from_json(space.recipe(vectors[1], name="moved").to_json())
    assert recipe.name == "moved"
    torch.testing.assert_close(recipe.render(movable), images[1:], atol=1e-5, rtol=1e-5)


def test_the_mean_of_w_is_that_of_the_class(movable):
    spaces = [LatentSpace(movable, "w", labels=labels) for labels in torch.eye(3)]
    centers = [space.latents(torch.zeros(1, space.dims)) for space in spaces]
    assert not torch.allclose(centers[0], centers[1], atol=1e-2)


def test_a_coordinate_that_never_varies_stays_where_it_is(plain):
    class Stuck(StyleGAN2):
        def compute_ws(self, z, labels):
            ws = super().compute_ws(z, labels)
            return torch.cat([ws[..., :-1], torch.full_like(ws[..., -1:], 2.0)], dim=-1)

    stuck = made(Stuck, num_classes=0)
    stuck.w_avg[-1] = 2.0
    space = LatentSpace(stuck, "w")
    vectors = space.draw([1, 2])
    assert vectors.isfinite().all()
    assert (space.latents(vectors + 5)[:, -1] == 2).all()


@pytest.mark.parametrize("labels", [None, torch.zeros(4), torch.zeros(1, 3)])
def test_labels_that_do_not_fit_are_named(movable, labels):
    with pytest.raises(ArgumentError, match="labels"):
        LatentSpace(movable, labels=labels)


def test_options_that_a_family_does_not_take_are_named(plain):
    with pytest.raises(ArgumentError, match="transform"):
        LatentSpace(plain, transform=SHIFTED)
    with pytest.raises(ArgumentError, match="labels"):
        LatentSpace(plain, labels=CLASS)
    recipe = Recipe.of(plain, torch.zeros(8), transform=SHIFTED)
    with pytest.raises(RecipeError, match="does not fit the model"):
        recipe.render(plain)


def test_a_transform_is_part_of_what_a_recipe_draws(plain):
    still, moved = Recipe.of(plain, torch.zeros(8)), Recipe.of(plain, torch.zeros(8), transform=SHIFTED)
    assert still.id != moved.id
    with pytest.raises(ValueError, match="3 x 3"):
        still.replace(transform=torch.zeros(2, 3))


@pytest.mark.parametrize("name", ["z", "w", "ws"])
def test_vectors_are_converted_and_those_that_do_not_fit_are_named(plain, name):
    space = LatentSpace(plain, name)
    vectors = space.draw([1, 2])
    assert torch.equal(space.images(vectors.double()), space.images(vectors))
    assert torch.equal(space.penalty(vectors.double()), space.penalty(vectors))
    for wrong in (vectors[0], vectors[:, 1:], vectors * torch.nan, "vectors"):
        for method in (space.latents, space.ws, space.images, space.penalty):
            with pytest.raises(ArgumentError, match="vectors"):
                method(wrong)
    with pytest.raises(ArgumentError, match="vector"):
        space.recipe(vectors)
    with pytest.raises(ArgumentError, match="z"):
        space.from_z(torch.full((1, 8), torch.nan))


def test_swapped_arguments_are_named(plain):
    for arguments, name in ((("z", plain), "generator"), ((plain, 0.7), "space"), ((plain, "z", "w"), "truncation")):
        with pytest.raises(ArgumentError) as caught:
            LatentSpace(*arguments)
        assert caught.value.name == name


def test_one_seed_is_drawn_as_well(plain):
    space = LatentSpace(plain)
    assert torch.equal(space.draw(3), space.draw([3]))


def test_a_restricted_space_is_checked_and_leaves_the_other_alone(plain):
    space = LatentSpace(plain, "w")
    bad, good = space.draw(range(10)), space.draw(range(10, 20))
    avoid = LatentFilter.fit(bad, good, space=space)
    restricted = space.restricted(avoid)
    assert space.avoid is None
    assert torch.equal(restricted.draw([1, 2]), LatentSpace(plain, "w", avoid=avoid).draw([1, 2]))
    with pytest.raises(ArgumentError, match=r"avoid.space"):
        LatentSpace(plain, "z").restricted(avoid)
    for other in (None, "avoid", bad):
        with pytest.raises(ArgumentError, match="a LatentFilter"):
            space.restricted(other)
    with pytest.raises(FilterError, match="other weights"):
        space.restricted(replace(avoid, sha256="1" * 64))


def test_a_generator_loaded_in_inference_mode_has_a_spread_of_w():
    with torch.inference_mode():
        network = made(StyleGAN2, num_classes=0)
    assert LatentSpace(network, "w").draw([1]).isfinite().all()


def test_a_space_made_in_inference_mode_leaves_others_differentiable():
    network = made(StyleGAN2, num_classes=0)
    with torch.inference_mode():
        LatentSpace(network, "w")
    space = LatentSpace(network, "w")
    vectors = space.draw([1]).clone().requires_grad_(True)
    space.images(vectors).sum().backward()
    assert vectors.grad is not None


def test_the_spread_of_w_is_measured_once_for_the_same_weights(monkeypatch):
    measured = []
    measure = LatentSpace._measure
    monkeypatch.setattr(LatentSpace, "_measure", lambda space: measured.append(space) or measure(space))
    network = made(StyleGAN2, num_classes=0)
    first, second = LatentSpace(network, "w"), LatentSpace(network, "ws")
    assert len(measured) == 1
    assert torch.equal(first.draw([1]).repeat(1, network.num_ws), second.draw([1]))
    with torch.no_grad():
        next(network.parameters()).mul_(2)
    assert not torch.equal(LatentSpace(network, "w").draw([1]), first.draw([1]))
    assert len(measured) == 2


@pytest.mark.parametrize("name", ["w", "ws"])
def test_natural_vectors_pay_no_penalty_and_those_beyond_them_do(plain, name):
    space = LatentSpace(plain, name)
    natural = space.draw(range(2000))
    paying = (space.penalty(natural) > 0).float().mean()
    assert 0.002 < paying < 0.02
    assert (space.penalty(3 * natural) > 0).float().mean() > 0.9
    assert (space.penalty(2 * natural) <= space.penalty(3 * natural)).all()

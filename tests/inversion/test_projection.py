"""Projection: every family, space and method; recipes that draw what was found; bad input in one sentence."""

import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.inversion.projection import METHODS, nearest_labels, project, random_labels, w_statistics
from spaceseed.inversion.reconstruction import Reconstruction, Target
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.recipes.recipe import Recipe
from tests.inversion.conftest import carded, drawn, picture
from tests.models import families

CASES = [(space, method) for method, (spaces, *_) in METHODS.items() for space in spaces]


def last(steps):
    *_, state = steps
    return state


@pytest.mark.parametrize("family", families.FAMILIES)
@pytest.mark.parametrize(("space", "method"), CASES)
def test_every_family_comes_nearer_in_every_space(family, space, method, distance):
    generator = carded(families.small(family))
    image = picture(generator.resolution)
    states = list(project(generator, image, space=space, method=method, steps=25, distance=distance, pixels=1.0))
    assert [state.step for state in states] == list(range(1, states[-1].steps + 1))
    losses = [state.losses["loss"] for state in states]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]
    state = states[-1]
    assert state.ws.shape == (1, generator.num_ws, generator.w_dim)
    assert state.image.shape == image.shape
    assert state.recipe.found.by == "project"
    again = Recipe.from_json(state.recipe.to_json()).render(generator)
    assert torch.equal(again, state.image)


def test_the_loss_is_that_of_the_image_which_the_recipe_draws(generator, distance):
    image = drawn(generator)
    state = last(project(generator, image, space="w+", steps=10, distance=distance))
    parts = Reconstruction(Target.of(generator, image), distance, 1.0)(state.image)
    assert float(parts["loss"]) == pytest.approx(state.losses["loss"], rel=1e-4)


def test_seeds_decide_all(generator, distance):
    image = drawn(generator)
    for space, method in CASES:
        runs = [
            last(project(generator, image, space=space, method=method, steps=4, seed=seed, distance=distance)).recipe.id
            for seed in (1, 1)
        ]
        assert runs[0] == runs[1], method


def test_a_known_w_is_found_again(generator, distance):
    w = generator.map(latents_from_seeds([3], generator.z_dim))[:, 0]
    image = drawn(generator, 3)
    state = last(project(generator, image, space="w", method="image2stylegan", steps=1, distance=distance, start=w))
    assert state.losses["loss"] < 1e-6
    torch.testing.assert_close(state.recipe.latent, w[0])


def test_the_start_may_have_a_w_for_each_layer(generator, distance):
    ws = torch.randn(1, generator.num_ws, generator.w_dim, generator=torch.Generator().manual_seed(0))
    image = generator.synthesize(ws).clamp(-1, 1)
    in_layers = last(project(generator, image, space="w+", steps=1, distance=distance, start=ws))
    torch.testing.assert_close(in_layers.recipe.latent, ws[0])
    in_one = last(project(generator, image, space="w", method="image2stylegan", steps=1, distance=distance, start=ws))
    torch.testing.assert_close(in_one.recipe.latent, ws[0].mean(dim=0))


def test_what_the_mask_hides_does_not_count(generator, distance):
    image = drawn(generator)
    spoilt, mask = image.clone(), torch.ones(1, 1, *image.shape[2:])
    spoilt[..., :8], mask[..., :8] = 1.0, 0.0
    settings = {"space": "w", "method": "image2stylegan", "steps": 30, "distance": distance}
    masked = last(project(generator, spoilt, mask=mask, **settings)).image
    plain = last(project(generator, spoilt, **settings)).image
    errors = [(found - image)[..., 10:].square().mean() for found in (masked, plain)]
    assert errors[0] < errors[1]


def test_an_objective_replaces_the_distance(generator):
    image = drawn(generator)

    def brightness(images):
        return images.mean(dim=(1, 2, 3))

    state = last(project(generator, image, space="w", method="adam", steps=20, objective=brightness))
    assert state.losses.keys() == {"loss", "score"}
    first = next(iter(project(generator, image, space="w", method="adam", steps=20, objective=brightness)))
    assert state.losses["score"] > first.losses["score"]


def test_evolution_needs_no_gradients(generator):
    image = drawn(generator)

    @torch.no_grad()
    def blind(images):
        return -(images - image).abs().mean(dim=(1, 2, 3))

    states = list(project(generator, image, space="z", method="cma", steps=5, objective=blind))
    assert states[-1].losses["score"] > states[0].losses["score"]
    with pytest.raises(ArgumentError, match="cma"):
        last(project(generator, image, space="w", steps=3, objective=blind))


def test_the_class_is_searched_or_given(distance):
    generator = carded(families.small("stylegan2 with classes"))
    image = drawn(generator, labels=torch.eye(3)[2:])
    settings = {"space": "z", "method": "basin-cma", "steps": 6, "distance": distance}
    given = last(project(generator, image, labels=torch.eye(3)[2], **settings)).recipe.labels
    assert given.argmax() == 2
    loss = Reconstruction(Target.of(generator, image), distance, 1.0)
    searched = nearest_labels(generator, loss, seed=0)
    assert sorted(searched.tolist()) == [0, 0, 1]


def test_random_labels_have_one_class_of_each_group(monkeypatch):
    generator = carded(families.stylegan2(num_classes=5))
    assert random_labels(generator, 50, 0).sum(dim=1).unique().tolist() == [1]
    monkeypatch.setattr("spaceseed.inversion.projection.groups_of", lambda _: (2, 3))
    rows = random_labels(generator, 50, 0)
    assert rows[:, :2].sum(dim=1).unique().tolist() == rows[:, 2:].sum(dim=1).unique().tolist() == [1]


def test_w_is_measured_as_by_the_projector_of_nvidia(generator):
    import numpy as np

    z = torch.from_numpy(np.random.RandomState(123).randn(10_000, generator.z_dim)).float()
    w = generator.map(z)[:, 0].double()
    center, spread = w_statistics(generator)
    torch.testing.assert_close(center.double(), w.mean(dim=0), rtol=1e-4, atol=1e-5)
    deviation = ((w - w.mean(dim=0)).square().sum() / 10_000).sqrt()
    assert spread == pytest.approx(float(deviation), rel=1e-4)


BAD = {
    "image of nothing": ({"image": torch.zeros(1, 3, 16, 16)}, "image"),
    "image with NaN": ({"image": torch.full((1, 3, 16, 16), torch.nan)}, "image"),
    "image not square": ({"image": torch.rand(1, 3, 16, 8)}, "square"),
    "no image": ({"image": "me.png"}, "image"),
    "mask hides all": ({"mask": torch.zeros(1, 1, 16, 16)}, "mask"),
    "mask of another size": ({"mask": torch.ones(1, 1, 8, 8)}, "mask"),
    "no steps": ({"steps": 0}, "steps"),
    "space": ({"space": "s"}, "space"),
    "method": ({"method": "sgd"}, "method"),
    "proximity": ({"proximity": -1}, "proximity"),
    "method of another space": ({"method": "cma"}, "method"),
    "seed": ({"seed": -1}, "seed"),
    "start": ({"start": torch.zeros(1, 3)}, "start"),
    "start in z": ({"space": "z", "start": torch.zeros(1, 8)}, "start"),
    "labels": ({"labels": torch.ones(2)}, "labels"),
    "pixels": ({"pixels": -1}, "pixels"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(generator, distance, case):
    arguments, name = BAD[case]
    given = {"image": drawn(generator), "distance": distance, "steps": 1} | arguments
    with pytest.raises(ArgumentError, match=name):
        last(project(generator, given.pop("image"), **given))


def test_half_precision_is_named(generator, distance):
    image = drawn(generator)
    with pytest.raises(ArgumentError, match="single precision"):
        last(project(generator.half(), image, distance=distance))


def test_networks_see_no_difference_where_the_mask_hides(generator, distance):
    image = drawn(generator)
    mask = torch.ones(1, 1, *image.shape[2:])
    mask[..., :8, :] = 0
    loss = Reconstruction(Target.of(generator, image, mask), distance, pixels=1.0)
    other = image.clone()
    other[..., :8, :] = -image[..., :8, :]
    assert float(loss(other)["loss"]) < 1e-6
    other[..., 8:, :] = -image[..., 8:, :]
    assert float(loss(other)["loss"]) > 0.01


def test_proximity_holds_the_layers_together(generator, distance):
    image = picture(generator.resolution)
    apart = []
    for proximity in (0.0, 0.1, 10.0):
        found = last(project(generator, image, method="adam", steps=30, distance=distance, proximity=proximity))
        apart.append(float(found.ws.var(dim=1, correction=0).sum()))
    assert apart[0] > apart[1] > apart[2]


def test_a_good_start_is_kept_and_improved(generator, distance):
    image, w = drawn(generator), generator.map(latents_from_seeds([5], generator.z_dim))
    at_w = Reconstruction(Target.of(generator, image), distance, pixels=3.0)(generator.synthesize(w + 0.5))
    first, *_, end = project(generator, image, method="adam", steps=40, distance=distance, start=w + 0.5)
    assert first.losses["loss"] == pytest.approx(float(at_w["loss"]))
    assert end.losses["loss"] < 0.5 * first.losses["loss"]

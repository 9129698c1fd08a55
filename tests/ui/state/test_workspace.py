import pytest
import torch

from spaceseed.evolution.breeding import LIKED
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.recipes.recipe import Edit, Found, Recipe, UnitEdit
from spaceseed.ui.state.workspace import FIRST_IMAGES, PAINTED, Workspace


def test_a_fresh_workspace_begins_with_the_seeds_asked_for(generator):
    seeds = Workspace.fresh(generator, (7, 9)).breeding.page.seeds
    assert seeds[:2] == (7, 9)
    assert len(seeds) == FIRST_IMAGES


def test_finds_of_z_breed_in_z(generator, find):
    workspace = Workspace.of(generator, range(12))
    edited = find(6).replace(edits=())
    sentence = workspace.breed_from(generator, [find(5), edited.replace(model="another")])
    page = workspace.breeding.page
    assert torch.equal(page.latents[:1], latents_from_seeds([5], generator.z_dim))
    assert (page.seeds[0], page.kept, page.marks, page.space) == (5, 1, {0: LIKED}, "z")
    assert sentence.startswith("1 were left out")
    with pytest.raises(ValueError, match="none among these"):
        workspace.breed_from(generator, [edited.replace(model="another")])


def test_a_find_of_w_breeds_in_w_beside_one_of_z(generator, find):
    workspace = Workspace.of(generator, range(12))
    w = Recipe.of(generator, generator.w_avg + 0.1, space="w", truncation=workspace.view.truncation)
    assert workspace.breed_from(generator, [w, find(5)]) is None
    page, space = workspace.breeding.page, workspace.view.space(generator, "w")
    assert (page.space, page.seeds[:2], page.kept) == ("w", (None, 5), 2)
    assert torch.allclose(space.images(page.latents[:1]), w.render(generator), atol=1e-4)
    assert torch.allclose(space.images(page.latents[1:2]), find(5).render(generator), atol=1e-4)
    children = workspace.breeding.next({0: LIKED}, from_z=space.from_z)
    assert (children.space, children.kept) == ("w", 1)
    assert torch.equal(children.latents[0], page.latents[0])
    strangers = {i: seed for i, seed in enumerate(children.seeds) if seed is not None}
    assert strangers
    assert torch.equal(children.latents[list(strangers)], space.draw(list(strangers.values())))
    assert workspace.breeding.next({}, from_z=space.from_z).space == "z"


def test_what_was_found_from_a_picture_breeds_as_it_is_seen(generator):
    workspace = Workspace.of(generator, range(12))
    assert workspace.view.truncation < 1
    ws = generator.map(latents_from_seeds([3], generator.z_dim))[0]
    found = Found(by="project")
    one = Recipe.of(generator, ws[0], space="w", truncation=1.0, found=found)
    many = Recipe.of(generator, ws, space="ws", truncation=1.0, found=found)
    steered = many.replace(found=Found(by="steer"))
    assert workspace.breed_from(generator, [one, many, steered]).startswith("1 were left out")
    page, space = workspace.breeding.page, workspace.view.space(generator, "w")
    assert (page.space, page.kept) == ("w", 2)
    for latent in page.latents[:2]:
        assert torch.allclose(space.images(latent[None]), one.render(generator), atol=1e-4)


def test_a_painted_find_breeds_as_it_was_and_a_steered_one_does_not(generator, find):
    workspace = Workspace.of(generator, range(12))
    painted = find(5).replace(edits=(UnitEdit(layer="b8.conv1", units=(1,), values=torch.zeros(1)),))
    assert workspace.breed_from(generator, [painted]) == PAINTED
    assert torch.equal(workspace.breeding.page.latents[:1], latents_from_seeds([5], generator.z_dim))
    steered = find(5).replace(edits=(Edit(layers=0, vector=torch.ones(generator.w_dim), amount=1.0),))
    with pytest.raises(ValueError, match="not mixed or steered"):
        workspace.breed_from(generator, [steered])

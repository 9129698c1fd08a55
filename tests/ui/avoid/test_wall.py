"""The wall of the Avoid tab: what it shows, and the marks that are made on it."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from spaceseed.evolution.breeding import BAD, LIKED
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.ui.avoid import wall
from spaceseed.ui.avoid.examples import remove, suggestion, suggests_flawed
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.shell.switching import switch
from spaceseed.ui.state.networks import FLAWED, Networks
from spaceseed.ui.state.session import Session
from tests.ui.avoid.lessons import BrightJudge, brightness


@pytest.fixture
def ready(monkeypatch):
    """The judge is in memory, so nothing has to be downloaded for it."""
    monkeypatch.setattr(Networks, "loaded_judge", lambda self, model: BrightJudge())


def shown(networks, visitor):
    *_, (gallery, others) = wall.show_others(networks, visitor)
    assert others.visible
    return gallery


def marked(networks, visitor, gallery, *kinds):
    """Marks the first images of the wall."""
    marks = {tile.id: kind for tile, kind in zip(gallery.tiles, kinds, strict=False) if kind}
    told, column = wall.note(networks, visitor, Picked(marks, None, gallery.key))
    return told, column.visible


def seeds(gallery):
    return [int(tile.id.split()[1]) for tile in gallery.tiles]


def test_an_empty_wall_explains_itself(bright_networks, learner):
    [(gallery, others)] = wall.wall(bright_networks, learner)
    assert gallery.title.startswith("Mark a few images as bad or good.")
    assert (gallery.empty.button, gallery.empty.count) == ("Show me images to mark", 12)
    assert not others.visible


def test_boxes_stand_there_at_once(bright_networks, learner):
    first, *_, last = wall.show_others(bright_networks, learner)
    assert [tile.path for tile in first[0].tiles] == [None] * 12
    assert all(tile.path for tile in last[0].tiles)


def test_a_click_is_a_mark_and_can_be_taken_back(bright_networks, learner):
    gallery = shown(bright_networks, learner)
    told, visible = marked(bright_networks, learner, gallery, BAD, LIKED, LIKED)
    assert (told, visible) == ("1 bad, 2 good: mark 9 more bad and 8 more good ones to begin.", True)
    avoiding = learner.workspace.avoiding
    z = latents_from_seeds(seeds(gallery), learner.breeding.z_dim)
    assert avoiding.marks_of(z)[:4] == [BAD, LIKED, LIKED, 0]
    told, visible = marked(bright_networks, learner, gallery, 0, 0, BAD)
    assert avoiding.marks_of(z)[:4] == [0, 0, BAD, 0]
    marked(bright_networks, learner, gallery)
    assert not avoiding.marks


def test_the_wall_follows_marks_that_are_forgotten(bright_networks, learner):
    gallery = shown(bright_networks, learner)
    marked(bright_networks, learner, gallery, BAD, LIKED)
    first = next(iter(learner.workspace.avoiding.of_kind(BAD)))
    remove(bright_networks, learner, Picked({first: 1}, None))
    *_, (redrawn, _) = wall.wall(bright_networks, learner)
    assert redrawn.marks == {gallery.tiles[1].id: LIKED}
    assert redrawn.key != gallery.key
    marked(bright_networks, learner, gallery, BAD, LIKED)  # an event of the page before
    assert len(learner.workspace.avoiding.marks) == 1


def test_no_image_is_shown_twice_and_none_that_is_marked(bright_networks, learner):
    known = set()
    for _ in range(3):
        new = set(seeds(shown(bright_networks, learner)))
        assert len(new) == 12
        assert not new & known
        known |= new


def test_those_whose_marks_teach_most_are_proposed(bright_networks, learner, ready):
    space = learner.workspace.view.space(bright_networks.generator(learner.model))
    first = shown(bright_networks, learner)
    values = brightness(space, space.draw(seeds(first)))
    middle = values.median()
    marked(bright_networks, learner, first, *(BAD if value > middle else LIKED for value in values))
    second = brightness(space, space.draw(seeds(shown(bright_networks, learner))))
    assert (second - middle).abs().mean() < (values - middle).abs().mean()


def test_an_atlas_is_chosen_from(bright_networks, monkeypatch):
    visitor = Session.on(bright_networks.generator("avatars"))
    embeddings = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    atlas = SimpleNamespace(seeds=range(10, 60), embeddings=lambda count: embeddings[:count])
    monkeypatch.setattr(bright_networks.atlases, "atlas", lambda *_: (atlas, ""))
    for _ in range(4):
        assert set(seeds(shown(bright_networks, visitor))) <= set(atlas.seeds)
    assert len(visitor.workspace.avoiding.shown) == 48
    assert not set(seeds(shown(bright_networks, visitor))) <= set(atlas.seeds)  # it has only two more


def test_slow_models_show_few_and_look_at_none(bright_networks, learner, ready, monkeypatch):
    monkeypatch.setattr(wall, "is_slow", lambda generator: True)
    monkeypatch.setattr(BrightJudge, "embed_images", None)
    for _ in range(2):
        gallery = shown(bright_networks, learner)
        assert len(gallery.tiles) == 6
        marked(bright_networks, learner, gallery, BAD, BAD, BAD, LIKED, LIKED, LIKED)


def test_each_model_has_its_own_wall(bright_networks, learner):
    shown(bright_networks, learner)
    list(switch(bright_networks, learner, "avatars"))
    [(gallery, _)] = wall.wall(bright_networks, learner)
    assert gallery.empty is not None


@pytest.mark.parametrize(
    ("bad", "good", "told"),
    [
        (0, 0, "Nothing is marked yet: 10 bad and 10 good ones are enough to begin."),
        (4, 17, "4 bad, 17 good: mark 6 more bad ones to begin; you can learn from these already."),
        (1, 17, "1 bad, 17 good: mark 9 more bad ones to begin."),
        (10, 9, "10 bad, 9 good: mark 1 more good one to begin; you can learn from these already."),
        (10, 12, "10 bad, 12 good: enough to learn from, and more teach more."),
    ],
)
def test_what_is_missing_is_said(bad, good, told):
    assert wall.missing(bad, good) == told


def test_the_flawed_model_is_suggested_where_there_is_one(bright_networks, catalogue):
    catalogue.cards.pop(FLAWED, None)
    assert not suggests_flawed(bright_networks, "avatars")
    assert suggestion(bright_networks) == ""
    catalogue.cards[FLAWED] = replace(catalogue.cards["tiny-pggan"], id=FLAWED)
    assert suggests_flawed(bright_networks, "avatars")
    assert not suggests_flawed(bright_networks, FLAWED)
    assert "“Tiny pggan” draws many broken ones" in suggestion(bright_networks)

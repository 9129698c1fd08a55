"""The first generation: which seeds it has, what the wall shows, and that the search is that of `find`."""

import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from spaceseed.evolution.find import find, first_seeds
from spaceseed.evolution.objectives import ImageObjective
from spaceseed.filters.filter import LatentFilter
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.kit.pictures import jpegs
from spaceseed.ui.kit.turns import Turns
from spaceseed.ui.search import tab
from spaceseed.ui.search.algorithms import ALGORITHMS
from spaceseed.ui.search.begin import begin
from spaceseed.ui.search.climb import climb
from spaceseed.ui.search.controls import ASKED as PLACED
from spaceseed.ui.search.settings import SearchSettings
from spaceseed.ui.search.wall import PLACES
from spaceseed.ui.state import gpu
from spaceseed.ui.state.avoiding import Learned
from spaceseed.ui.state.marks import face_id
from spaceseed.ui.state.session import Session

WISH = "a woman with red hair, no glasses"
NO_MARKS = Picked({}, None)


def pixels_of(path):
    return np.asarray(Image.open(path), dtype=float)


@pytest.fixture
def visitor(generator):
    return Session.on(generator)


def untouched():
    """The settings as the page shows them first."""
    common = {name: field.default for name, field in SearchSettings.model_fields.items() if name not in PLACED}
    own = {title: {n: f.default for n, f in algorithm.model_fields.items()} for title, algorithm in ALGORITHMS.items()}
    return common | own | {"algorithm": next(iter(ALGORITHMS)), "prompt": WISH}


def ask(visitor, picture=None, **values):
    return tab.ask(visitor, visitor.workspace.view, NO_MARKS, untouched() | values, picture)


@pytest.mark.parametrize("has_atlas", [True, False])
def test_untouched_settings_search_as_find_does(generator, judge, atlas, visitor, monkeypatch, has_atlas):
    """Vector for vector, with and without an atlas."""
    monkeypatch.setattr("spaceseed.ui.search.climb.UPDATE_SECONDS", 0.0)
    monkeypatch.setattr("spaceseed.evolution.find.atlas_of", lambda *_, **__: atlas if has_atlas else None)
    *_, first = begin(generator, judge, atlas if has_atlas else None, ask(visitor), visitor)
    mine = [state.latest for state in itertools.islice(climb(first, visitor, Turns(2, 1.0)), 3)]
    theirs = list(itertools.islice(find(generator, judge, WISH, truncation=0.7, seed=0), 3))
    for a, b in zip(mine, theirs, strict=True):
        assert [find.vector.tolist() for find in a.top] == [find.vector.tolist() for find in b.top]
        assert [find.score for find in a.top] == [find.score for find in b.top]
        assert a.evaluations == b.evaluations


def test_the_wall_shows_the_best_seeds_of_the_atlas_as_they_are_drawn(generator, judge, atlas, visitor):
    job = ask(visitor)
    states = []
    for state in begin(generator, judge, atlas, job, visitor):
        gallery = state.wall.draw(visitor)
        states.append((state.status, sum(tile.path is not None for tile in gallery.tiles)))
    best = first_seeds(state.asked.objective, atlas, 0)
    assert [tile.caption for tile in gallery.tiles] == [f"seed {seed}" for seed in best[:PLACES]]
    assert states[0] == ("Drawing the first images: 16 of 64", 16)
    assert [count for _, count in states[1:]] == [PLACES] * (len(states) - 1)
    image = generator.synthesize(generator.map(latents_from_seeds([best[3]], 32), truncation=0.7), noise="const")
    difference = pixels_of(gallery.tiles[3].path) - pixels_of(*[picture.path for picture in jpegs(image)])
    assert abs(difference).mean() < 1


def test_no_image_of_the_first_generation_is_drawn_twice(generator, judge, atlas, visitor, monkeypatch):
    drawn = []
    synthesize = generator.synthesize
    monkeypatch.setattr(generator, "synthesize", lambda ws, **o: drawn.append(len(ws)) or synthesize(ws, **o))
    *_, first = begin(generator, judge, atlas, ask(visitor), visitor)
    next(climb(first, visitor, Turns(2, 1.0)))
    assert sum(drawn) == 64


@pytest.mark.parametrize("values", [{}, {"origin": "Random seeds"}])
def test_without_best_seeds_the_wall_is_sorted_once_it_is_drawn(generator, judge, atlas, visitor, values):
    job = ask(visitor, **values)
    *_, last = begin(generator, judge, atlas if values else None, job, visitor)
    scores = last.asked.objective(last.hunt.space.images(last.hunt.optimizer.ask()))
    shown = [float(scores[last.wall.rows[seed]]) for seed in last.wall.seeds]
    assert shown == pytest.approx(sorted(scores.tolist(), reverse=True)[:PLACES], abs=1e-4)
    assert all(tile.path for tile in last.wall.draw(visitor).tiles)


def test_liked_images_have_no_seeds_to_show(generator, judge, atlas, visitor):
    values = untouched() | {"origin": "Images liked in Breed"}
    job = tab.ask(visitor, visitor.workspace.view, Picked({"g0-3": 1}, None), values)
    *_, last = begin(generator, judge, atlas, job, visitor)
    gallery = last.wall.draw(visitor)
    assert gallery.tiles == []
    assert gallery.title.startswith("This search starts from other images")
    assert last.drawn == last.first == 64


@pytest.mark.parametrize("searched", ["z", "w", "ws"])
@pytest.mark.parametrize("bred", ["z", "w"])
def test_liked_images_come_first_in_every_space(generator, judge, atlas, visitor, bred, searched):
    home = visitor.workspace.view.space(generator, bred)
    if bred == "w":
        visitor.breeding.restart_from(home.draw([3, 4]), [3, None], home.from_z)
    values = untouched() | {"origin": "Images liked in Breed", "space": searched}
    picked = Picked({face_id(visitor.breeding.page, i): 1 for i in (0, 1)}, None)
    if (bred, searched) == ("w", "z"):
        with pytest.raises(ValueError, match="come from w: choose w or ws"):
            tab.ask(visitor, visitor.workspace.view, picked, values)
        return
    *_, last = begin(generator, judge, atlas, tab.ask(visitor, visitor.workspace.view, picked, values), visitor)
    images = last.hunt.space.images(last.hunt.optimizer.ask())
    assert len(images) == last.drawn == 64
    torch.testing.assert_close(images[:2], home.images(visitor.breeding.page.latents[:2]), atol=1e-3, rtol=1e-3)
    assert next(climb(last, visitor, Turns(2, 1.0))).latest.evaluations == 64


def test_a_picture_alone_is_searched_by_its_likeness(generator, judge, atlas, visitor, find, tmp_path):
    find(5).save(tmp_path / "find.png")
    job = ask(visitor, str(tmp_path / "find.png"), prompt="")
    *_, last = begin(generator, judge, atlas, job, visitor)
    assert last.wall.seeds[0] == 5
    assert isinstance(last.asked.objective, ImageObjective)
    state = next(climb(last, visitor, Turns(2, 1.0)))
    (recipe,) = state.recipes(1)
    assert (recipe.name, recipe.found.prompt) == ("like a picture", "like a picture")
    assert state.verdict == f"Best score {state.latest.best_score:.3f}."
    assert state.shown.shots[0].met == ()


@pytest.mark.parametrize("balance", [0.0, 0.25, 1.0])
def test_words_and_a_picture_are_weighed(generator, judge, atlas, visitor, find, tmp_path, balance):
    find(5).save(tmp_path / "find.png")
    path = str(tmp_path / "find.png")
    images = LatentSpace(generator).images(latents_from_seeds(range(3), 32))
    scores = {}
    asked = {"words": {}, "picture": {"picture": path, "prompt": ""}, "both": {"picture": path, "balance": balance}}
    for name, values in asked.items():
        *_, last = begin(generator, judge, atlas, ask(visitor, **values), visitor)
        scores[name] = last.asked.objective(images)
    expected = (1 - balance) * scores["words"] + balance * scores["picture"]
    torch.testing.assert_close(scores["both"], expected)
    assert last.asked.phrases.wish.typed == WISH


def test_a_filter_leaves_the_seeds_that_it_replaced_off_the_wall(generator, judge, atlas, visitor, monkeypatch):
    real = LatentSpace.draw

    def draw(space, seeds):
        vectors = real(space, seeds)
        vectors[0] = 0
        return vectors

    monkeypatch.setattr(LatentSpace, "draw", draw)
    *_, last = begin(generator, judge, atlas, ask(visitor), visitor)
    best = first_seeds(last.asked.objective, atlas, 0)
    assert last.wall.seeds == best[1 : PLACES + 1]


@pytest.mark.parametrize(("space", "how", "keep"), [("z", "reject", 0.5), ("w", "soft", 0.1)])
def test_with_a_filter_the_wall_shows_the_best_seeds_that_it_allows(generator, judge, atlas, visitor, space, how, keep):
    home = LatentSpace(generator, space)
    vectors = home.draw(range(500, 600))
    order = home.images(vectors).mean(dim=(1, 2, 3)).argsort()
    avoid = LatentFilter.fit(vectors[order[:50]], vectors[order[50:]], how=how, keep=keep, space=home)
    visitor.workspace.avoiding.take(Learned(avoid, home))
    visitor.workspace.avoiding.in_search = True
    *_, last = begin(generator, judge, atlas, ask(visitor, space=space), visitor)
    z = latents_from_seeds(last.wall.seeds, generator.z_dim)
    assert len(last.wall.rows) == last.first == 64
    assert avoid.allows(home.from_z(z), keys=z).all()
    best, _ = atlas.query(last.asked.objective.of_embeddings, 2000)
    z = latents_from_seeds(best, generator.z_dim)
    allowed = avoid.allows(home.from_z(z), keys=z).tolist()
    assert last.wall.seeds == [seed for seed, kept in zip(best, allowed, strict=True) if kept][:PLACES]
    tile = last.wall.draw(visitor).tiles[0]
    assert visitor.picture(tile.find).found.avoided == str(avoid)
    state = next(climb(last, visitor, Turns(2, 1.0)))
    assert {recipe.found.avoided for recipe in state.recipes(8)} == {str(avoid)}


def test_another_search_ends_the_drawing(generator, judge, atlas, visitor):
    beginning = begin(generator, judge, atlas, ask(visitor), visitor)
    next(beginning)
    ask(visitor)
    assert list(beginning) == []


def test_leases_that_end_before_the_first_images_are_given_up(generator, judge, atlas, visitor, monkeypatch):
    leases = []
    monkeypatch.setattr(gpu, "lends", lambda: True)
    monkeypatch.setattr(gpu, "stream", lambda work, seconds, _: leases.append(seconds) or (step for step in []))
    with pytest.raises(gpu.LeaseError, match="taken back"):
        list(begin(generator, judge, atlas, ask(visitor), visitor))
    assert len(leases) == 2

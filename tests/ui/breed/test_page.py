import pytest
import torch

from spaceseed.evolution.breeding import BAD, LIKED
from spaceseed.filters.filter import LatentFilter
from spaceseed.latent_space import LatentSpace
from spaceseed.ui.breed.page import paint
from spaceseed.ui.state.avoiding import Learned
from spaceseed.ui.state.marks import caption


def last(drawings):
    *_, drawn = drawings
    return drawn


def test_a_page_shows_seeds_where_there_are_any_and_what_was_kept(generator, session):
    breeding = session.breeding
    page = breeding.next({4: LIKED})
    assert [caption(page, i) for i in (0, 1)] == ["seed 4", "g1-1"]
    drawn = last(paint(generator, session))
    assert [tile.note for tile in drawn.tiles] == ["kept"] + ["child"] * 10 + ["new"]
    assert drawn.marks == {"g1-0": 1}
    assert [session.picture(tile.find).name for tile in drawn.tiles] == [tile.caption for tile in drawn.tiles]
    assert len({tile.path for tile in drawn.tiles}) == 12


def test_a_kept_face_keeps_its_pixels(generator, session):
    breeding = session.breeding
    before = last(paint(generator, session)).tiles[4].path
    breeding.next({4: LIKED})
    assert last(paint(generator, session)).tiles[0].path == before


def test_marks_come_back_with_their_page(generator, session):
    breeding = session.breeding
    breeding.next({4: LIKED, 1: BAD})
    breeding.undo()
    assert last(paint(generator, session)).marks == {"g0-4": 1, "g0-1": -1}


@pytest.fixture
def learned(generator):
    """A soft filter of dark images, in w."""
    space = LatentSpace(generator, "w")
    vectors = space.draw(range(500, 600))
    order = space.images(vectors).mean(dim=(1, 2, 3)).argsort()
    return Learned(LatentFilter.fit(vectors[order[:50]], vectors[order[50:]], how="soft", keep=0.4, space=space), space)


@pytest.mark.parametrize("space", ["z", "w"])
def test_a_filter_reaches_the_children(generator, session, learned, space):
    home = session.workspace.view.space(generator, space)

    def refused():
        """Returns the share of the children on three pages that the filter refuses, and their recipes."""
        breeding = session.breeding
        breeding.restart_from(home.draw([3, 5]), [3, 5], None if space == "z" else home.from_z)
        verdicts, finds = [], []
        for _ in range(3):
            page = breeding.next({0: LIKED, 1: LIKED}, 36, from_z=home.from_z)
            children = [i for i in range(36) if page.kind(i) == "child"]
            verdicts.append(learned.allows(page.latents[children], space))
            *_, drawn = paint(generator, session)
            finds += [session.picture(drawn.tiles[i].find) for i in children]
        return 1 - float(torch.cat(verdicts).float().mean()), finds

    without, plain = refused()
    session.workspace.avoiding.take(learned)
    session.workspace.avoiding.in_breed = True
    session.workspace.apply_filter()
    within, named = refused()
    assert without > 0.2
    assert within < 0.02
    assert {find.found.avoided for find in plain} == {None}
    assert {find.found.avoided for find in named} == {str(learned.filter)}

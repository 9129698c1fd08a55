from spaceseed.evolution.breeding import BAD, LIKED
from spaceseed.ui.breed.page import paint
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

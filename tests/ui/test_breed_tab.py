from spaceseed.breed import BAD, LIKED, Breeding
from spaceseed.ui.breed_tab import caption, face_id, gallery, liked_latents, marks_on, recipes
from spaceseed.ui.picker import Picked


def test_marks_of_another_page_do_not_count(session):
    page = session.breeding.page
    assert marks_on(page, Picked({"g0-3": 1, "g0-4": -1, "g1-3": 1, "g0-99": 1, "x": 1}, None)) == {3: LIKED, 4: BAD}


def test_liked_latents_are_the_liked_faces_in_order(session):
    latents = liked_latents(session, Picked({"g0-5": 1, "g0-2": 1, "g0-1": -1}, None))
    assert latents.equal(session.breeding.page.latents[[2, 5]])
    assert len(liked_latents(session, Picked({}, None))) == 0


def test_a_page_shows_seeds_where_there_are_any_and_what_was_kept(generator):
    breeding = Breeding(generator.z_dim, range(6))
    page = breeding.next({4: LIKED})
    assert [caption(page, i) for i in (0, 1)] == ["seed 4", "g1-1"]
    drawn = gallery(generator, page, 0.7)
    assert [tile.note for tile in drawn.tiles] == ["kept", "", "", "", "", ""]
    assert len({tile.path for tile in drawn.tiles}) == 6


def test_a_kept_face_keeps_its_pixels(generator):
    breeding = Breeding(generator.z_dim, range(6))
    before = gallery(generator, breeding.page, 0.7).tiles[4].path
    assert gallery(generator, breeding.next({4: LIKED}), 0.7).tiles[0].path == before


def test_marks_come_back_with_their_page(generator):
    breeding = Breeding(generator.z_dim, range(6))
    breeding.next({4: LIKED, 1: BAD})
    assert gallery(generator, breeding.undo(), 0.7).marks == {"g0-4": 1, "g0-1": -1}


def test_recipes_say_how_a_face_came_about(generator):
    breeding = Breeding(generator.z_dim, range(6))
    page = breeding.next({4: LIKED})
    seed, child = recipes(generator, page, {0: LIKED, 2: LIKED, 3: BAD}, 0.5)
    assert (seed.seed, seed.name, seed.found.by, seed.truncation) == (4, "seed 4", "seed", 0.5)
    assert (child.seed, child.name, child.found.by, child.found.generation) == (None, face_id(page, 2), "breed", 1)

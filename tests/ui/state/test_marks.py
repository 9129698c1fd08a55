from spaceseed.evolution.breeding import BAD, LIKED
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.state.marks import face_id, liked_latents, marks_on, note_marks, page_key, recipes
from spaceseed.ui.state.view import View


def test_marks_of_another_page_do_not_count(session):
    page = session.breeding.page
    assert marks_on(page, Picked({"g0-3": 1, "g0-4": -1, "g1-3": 1, "g0-99": 1, "x": 1}, None)) == {3: LIKED, 4: BAD}


def test_liked_latents_are_the_liked_faces_in_order(session):
    latents = liked_latents(session, Picked({"g0-5": 1, "g0-2": 1, "g0-1": -1}, None))
    assert latents.equal(session.breeding.page.latents[[2, 5]])
    assert len(liked_latents(session, Picked({}, None))) == 0


def test_recipes_say_how_a_face_came_about(generator, session):
    breeding = session.breeding
    page = breeding.next({4: LIKED})
    seed, _, child, *_ = recipes(generator, View(0.5), page)
    assert (seed.seed, seed.name, seed.found.by, seed.truncation) == (4, "seed 4", "seed", 0.5)
    assert (child.seed, child.name, child.found.by, child.found.generation) == (None, face_id(page, 2), "breed", 1)


def test_marks_of_another_models_page_are_not_taken_for_this_ones(session):
    marked = session.workspace.avoiding.marks
    note_marks(session, Picked({"g0-1": BAD}, None, key="another-model 0"))
    assert not marked
    note_marks(session, Picked({"g0-1": BAD}, None, key=page_key(session)))
    assert len(marked) == 1


def test_on_a_page_of_w_seeds_have_recipes_in_z_and_marks_count_where_there_is_a_z(generator, session):
    space = session.workspace.view.space(generator, "w")
    page = session.breeding.restart_from(space.draw([7, 8]), [7, None], space.from_z)
    seed, child, *_ = recipes(generator, session.workspace.view, page)
    assert (seed.space, seed.seed, child.space, child.seed) == ("z", 7, "w", None)
    assert seed.render(generator).allclose(space.images(page.latents[:1]), atol=1e-4)
    note_marks(session, Picked({face_id(page, 0): BAD, face_id(page, 1): BAD}, None, key=page_key(session)))
    assert len(session.workspace.avoiding.marks) == 1

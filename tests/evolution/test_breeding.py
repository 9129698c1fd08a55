"""Breeding as a visitor uses it: marks, pages, undo and redo."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.errors import ArgumentError
from spaceseed.evolution.breeding import BAD, LIKED, Breeding
from spaceseed.models.generators.generator import latents_from_seeds

DIMS = 64


@pytest.fixture
def breeding():
    return Breeding(DIMS, range(12))


def test_the_first_page_shows_the_seeds(breeding):
    assert torch.equal(breeding.page.latents, latents_from_seeds(range(12), DIMS))
    assert breeding.page.seeds == tuple(range(12))
    assert not breeding.can_undo
    assert not breeding.can_redo


@given(
    marks=st.dictionaries(st.integers(0, 11), st.sampled_from([LIKED, BAD]), min_size=1),
    count=st.integers(13, 36),
)
def test_the_liked_stay_first_and_unchanged(marks, count):
    breeding = Breeding(DIMS, range(12))
    before = breeding.page
    liked = sorted(i for i, mark in marks.items() if mark == LIKED)
    page = breeding.next(marks, count=count)
    assert len(page.latents) == len(page.seeds) == count
    assert page.kept == len(liked)
    assert torch.equal(page.latents[: len(liked)], before.latents[liked])
    assert page.seeds[: len(liked)] == tuple(before.seeds[i] for i in liked)
    for old in before.latents[[i for i in range(12) if i not in liked]]:
        assert not bool((page.latents == old).all(dim=1).any())


def test_children_resemble_the_liked_and_stray_with_strength(breeding):
    parent = breeding.page.latents[4] / breeding.page.latents[4].norm()
    cosines = []
    for strength in (0.1, 0.5, 1.5):
        children = Breeding(DIMS, range(12)).next({4: LIKED}, strength=strength).latents[1:10]
        cosines.append((children @ parent / children.norm(dim=1)).mean().item())
    assert cosines[0] > 0.95 > cosines[1] > cosines[2] > 0.3


def test_a_page_keeps_variety(breeding):
    page = breeding.next({0: LIKED}, strength=0.05)
    parent = page.latents[0] / page.latents[0].norm()
    strangers = (page.latents @ parent / page.latents.norm(dim=1) < 0.6).sum()
    assert strangers >= 1


def test_children_stay_on_the_prior(breeding):
    page = breeding.next({0: LIKED, 5: LIKED}, count=36, strength=1.0)
    radius = page.latents.norm(dim=1) / DIMS**0.5
    assert bool(((radius > 0.6) & (radius < 1.4)).all())


def test_without_a_like_the_page_is_drawn_anew(breeding):
    page = breeding.next({3: BAD})
    assert page.kept == 0
    assert None not in page.seeds
    assert torch.equal(page.latents, latents_from_seeds(page.seeds, DIMS))
    assert not set(page.seeds) & set(range(12))


def test_undo_brings_back_page_and_marks_and_redo_returns(breeding):
    first = breeding.page
    second = breeding.next({2: LIKED, 3: BAD})
    back = breeding.undo({1: LIKED})
    assert torch.equal(back.latents, first.latents)
    assert back.marks == {2: LIKED, 3: BAD}
    forth = breeding.redo(back.marks)
    assert torch.equal(forth.latents, second.latents)
    assert forth.marks == {1: LIKED}
    assert breeding.can_undo
    assert not breeding.can_redo


def test_breeding_again_after_undo_gives_other_children(breeding):
    first = breeding.next({2: LIKED})
    breeding.undo()
    second = breeding.next({2: LIKED})
    assert torch.equal(first.latents[0], second.latents[0])
    assert not torch.equal(first.latents[1:], second.latents[1:])
    assert not breeding.can_redo


def test_undo_on_the_first_page_stays(breeding):
    assert breeding.undo() is breeding.page
    assert breeding.redo() is breeding.page


def test_the_same_seed_and_marks_give_the_same_pages():
    pages = [Breeding(DIMS, range(12), seed=3).next({1: LIKED, 2: LIKED}).latents for _ in range(2)]
    assert torch.equal(*pages)


@given(
    liked=st.sets(st.integers(0, 11), min_size=1),
    bad=st.sets(st.integers(0, 11)),
    strength=st.sampled_from([0.0, 1e-9, 0.4]),
    seed=st.integers(0, 100),
)
def test_no_face_is_shown_twice(liked, bad, strength, seed):
    breeding = Breeding(DIMS, range(12), seed)
    page = breeding.next(dict.fromkeys(bad, BAD) | dict.fromkeys(liked, LIKED), count=20, strength=strength)
    assert len(page.latents.unique(dim=0)) == 20
    assert page.kept == len(liked)
    named = [i for i, seed in enumerate(page.seeds) if seed is not None]
    assert torch.equal(page.latents[named], latents_from_seeds([page.seeds[i] for i in named], DIMS))


def test_random_seeds_fill_a_page_without_repeats(monkeypatch):
    monkeypatch.setattr("spaceseed.evolution.breeding.MAX_FRESH_SEED", 12)
    breeding = Breeding(DIMS, range(12))
    assert sorted(breeding.next({}).seeds) == list(range(12))
    assert sorted(breeding.restart([3, 5]).seeds) == list(range(12))


def test_typed_seeds_come_first(breeding):
    page = breeding.restart([42, 7])
    assert page.seeds[:2] == (42, 7)
    assert len(page.latents) == 12
    assert torch.equal(page.latents[:2], latents_from_seeds([42, 7], DIMS))
    assert breeding.can_undo


def test_finds_from_elsewhere_are_liked_at_once(breeding):
    latents = torch.randn(3, DIMS, generator=torch.Generator().manual_seed(0))
    page = breeding.restart_from(latents, [None, 5, None])
    assert torch.equal(page.latents[:3], latents)
    assert page.seeds[1] == 5
    assert page.marks == dict.fromkeys(range(3), LIKED)


def test_faults_name_themselves_and_change_nothing(breeding):
    page = breeding.page
    for call, name in [
        (lambda: breeding.next({99: LIKED}), "marks"),
        (lambda: breeding.next({0: 7}), "marks"),
        (lambda: breeding.next({0: LIKED}, count=5), "count"),
        (lambda: breeding.next({0: LIKED}, count=37), "count"),
        (lambda: breeding.next({0: LIKED}, count=12.5), "count"),
        (lambda: breeding.next({0: LIKED}, count=float("nan")), "count"),
        (lambda: breeding.next({0: LIKED}, strength=float("nan")), "strength"),
        (lambda: breeding.next(dict.fromkeys(range(12), LIKED)), "liked"),
        (lambda: breeding.restart([-1]), "seed"),
        (lambda: breeding.restart([2**32]), "seed"),
        (lambda: breeding.restart(list(range(37))), "count"),
        (lambda: breeding.restart_from(torch.zeros(0, DIMS), []), "latents"),
        (lambda: breeding.restart_from(torch.zeros(2, 7), [1, 2], lambda z: z), "latents"),
        (lambda: Breeding(DIMS, range(3)), "count"),
    ]:
        with pytest.raises(ArgumentError) as caught:
            call()
        assert caught.value.name == name
    assert breeding.page is page
    assert not breeding.can_undo


def double(z):
    """Stands for a mapping network."""
    return 2 * z


def nearest(latents, bad):
    """Returns the mean over latents of the cosine with the nearest bad one."""
    normed = torch.nn.functional.normalize
    return (normed(latents, dim=1) @ normed(bad, dim=1).T).amax(dim=1).mean().item()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("liked", [(), (0, 1)], ids=["fresh", "children"])
def test_new_faces_keep_away_from_the_bad(liked, seed):
    marks = dict.fromkeys(liked, LIKED)
    bad = [5, 6, 7]
    with_marks, without = Breeding(DIMS, range(12), seed), Breeding(DIMS, range(12), seed)
    latents = with_marks.page.latents[bad]
    page = with_marks.next(marks | dict.fromkeys(bad, BAD))
    other = without.next(marks)
    assert nearest(page.latents[len(liked) :], latents) < nearest(other.latents[len(liked) :], latents) - 0.02
    assert torch.equal(page.latents[: len(liked)], other.latents[: len(liked)])


def test_faces_of_seeds_that_keep_away_are_still_those_of_their_seeds(breeding):
    page = breeding.next({0: LIKED, 5: BAD})
    seeded = [i for i, seed in enumerate(page.seeds) if seed is not None]
    assert len(seeded) > 1
    assert torch.equal(page.latents[seeded], latents_from_seeds([page.seeds[i] for i in seeded], DIMS))


def test_what_was_bad_on_an_earlier_page_is_remembered(breeding):
    bad = breeding.page.latents[[5]]
    breeding.next({0: LIKED, 5: BAD})
    page = breeding.next({0: LIKED})
    other = Breeding(DIMS, range(12))
    other.next({0: LIKED})
    assert nearest(page.latents[1:], bad) < nearest(other.next({0: LIKED}).latents[1:], bad)


def test_a_bad_mark_counts_no_more_once_the_face_is_liked():
    def third(mark: int) -> torch.Tensor:
        breeding = Breeding(DIMS, range(12))
        breeding.restart(range(12), {5: mark})
        breeding.next({5: LIKED})
        breeding._rng.seed(0)
        return breeding.next({0: LIKED}).latents[1:]

    assert torch.equal(third(BAD), third(LIKED))


def test_marks_that_were_undone_count_no_more():
    def second(*undone: dict[int, int]) -> torch.Tensor:
        breeding = Breeding(DIMS, range(12))
        for marks in undone:
            breeding.next(marks)
            breeding.undo()
        breeding._rng.seed(0)
        return breeding.next({0: LIKED}).latents

    assert torch.equal(second(), second({0: LIKED, 5: BAD}))


def test_one_seed_an_array_and_other_precision_will_do():
    breeding = Breeding(8, np.arange(6))
    page = breeding.restart(3)
    assert page.seeds[0] == 3
    assert len(page.seeds) == 6
    latents = torch.ones(2, 8)
    assert torch.equal(breeding.restart_from(latents.double(), [None, 1]).latents[:2], latents)


def test_arguments_that_do_not_fit_are_named():
    breeding = Breeding(8, range(6))
    page = breeding.page
    for call, name in (
        (lambda: Breeding("8", range(6)), "z_dim"),
        (lambda: Breeding(range(6), 8), "z_dim"),
        (lambda: Breeding(8, range(6), seed=-1), "seed"),
        (lambda: Breeding(8, "123456"), "seed"),
        (lambda: breeding.next([0, 1]), "marks"),
        (lambda: breeding.next({}, count=7.5), "count"),
        (lambda: breeding.next({0: 1}, strength=math.nan), "strength"),
        (lambda: breeding.restart_from(torch.full((1, 8), torch.nan), [None]), "latents"),
        (lambda: breeding.restart_from("latents", [None]), "latents"),
        (lambda: breeding.restart_from(torch.zeros(2, 8), [None]), "seeds"),
    ):
        with pytest.raises(ArgumentError) as caught:
            call()
        assert caught.value.name == name
        assert breeding.page is page


@pytest.mark.parametrize("marks", [{99: LIKED}, {0: 5}, [LIKED], "liked", 3])
def test_marks_are_checked_wherever_they_are_kept(breeding, marks):
    breeding.next({0: LIKED})
    breeding.undo()
    before = breeding.page
    for turn in (breeding.undo, breeding.redo, lambda marks: breeding.restart(range(3), marks)):
        with pytest.raises(ArgumentError, match="marks"):
            turn(marks)
        assert breeding.page is before


def test_bad_faces_of_both_spaces_are_kept_away_from_on_a_page_of_w():
    breeding = Breeding(DIMS, range(12), seed=1)
    breeding.next({0: BAD})
    breeding.restart_from(double(latents_from_seeds([100, 101], DIMS)), [None, None], double)
    page = breeding.next({0: LIKED, 2: BAD}, from_z=double)
    assert page.space == "w"
    assert len(page.latents) == 12
    with pytest.raises(ArgumentError, match="from_z"):
        breeding.next({0: LIKED})
    assert breeding.undo({}).space == "w"
    assert breeding.undo({}).space == "z"


def test_bad_children_of_w_are_kept_away_from_even_if_nothing_is_liked():
    def fresh(bad):
        breeding = Breeding(DIMS, range(12), seed=1)
        breeding.restart_from(latents_from_seeds([100], DIMS), [None], double)
        child = breeding.next({0: LIKED}, from_z=double).latents[[1]]
        return breeding.next(dict.fromkeys(bad, BAD), from_z=double), child

    (page, child), (other, _) = fresh([1]), fresh([])
    assert page.seeds != other.seeds
    assert nearest(double(page.latents), child) < nearest(double(other.latents), child) - 0.02


@pytest.mark.parametrize("in_w", [False, True], ids=["z", "w"])
@pytest.mark.parametrize("earlier", [False, True], ids=["now", "earlier"])
@pytest.mark.parametrize("liked", [{}, {0: LIKED}], ids=["none liked", "one liked"])
def test_one_bad_mark_changes_what_comes_next(in_w, earlier, liked):
    def following(bad):
        from_z = double if in_w else None
        breeding = Breeding(DIMS, range(12), seed=1)
        if in_w:
            breeding.restart_from(latents_from_seeds([100], DIMS), [None], double)
        if earlier:
            breeding.next({0: LIKED} | bad, from_z=from_z)
            bad = {}
        return breeding.next(liked | bad, from_z=from_z).latents

    page, other = following({6: BAD}), following({})
    assert (page != other).any(dim=1).sum() >= 8


class Half:
    """Refuses latents whose first number is above a limit: half of them."""

    def __init__(self, limit=0.0):
        self.limit, self.seen = limit, set()

    def allows(self, latents, space):
        self.seen.add(space)
        return latents[:, 0] <= self.limit

    def penalty(self, latents, space):
        return (latents[:, 0] - self.limit).clamp(min=0)

    def name(self, space):
        return f"half of {space}"


def with_parents(in_w=False):
    """Returns an evolution with four liked faces that the filter refuses."""
    breeding = Breeding(DIMS, range(36), seed=2)
    parents = torch.randn(4, DIMS, generator=torch.Generator().manual_seed(0))
    parents[:, 0] = 0.3
    breeding.restart_from(parents, [None] * 4, double if in_w else None)
    return breeding


def bred_with(avoid, in_w=False, bad=()):
    """Returns a page of their children and new faces."""
    breeding = with_parents(in_w)
    breeding.avoid = avoid
    marks = dict.fromkeys(range(4), LIKED) | dict.fromkeys(bad, BAD)
    return breeding.next(marks, count=36, from_z=double if in_w else None)


@pytest.mark.parametrize("bad", [(), (10, 11)], ids=["", "with bad marks"])
@pytest.mark.parametrize("in_w", [False, True], ids=["z", "w"])
def test_children_keep_to_the_filter(in_w, bad):
    avoid = Half()
    page, other = bred_with(avoid, in_w, bad=bad), bred_with(None, in_w, bad=bad)
    assert torch.equal(page.latents[:4], other.latents[:4])  # what is liked stays, allowed or not
    assert avoid.allows(page.latents[4:], "").all()
    assert (~avoid.allows(other.latents[4:], "")).float().mean() > 0.4
    assert avoid.seen >= ({"z", "w"} if in_w else {"z"})
    assert len(page.latents.unique(dim=0)) == 36


def test_where_all_children_are_refused_the_least_refused_are_shown():
    page, other = bred_with(Half(-1e6)), bred_with(None)
    children = [i for i in range(36) if page.kind(i) == "child"]
    assert page.latents[children, 0].mean() < other.latents[children, 0].mean() - 0.5


def test_among_allowed_children_the_least_similar_to_the_bad_are_shown():
    avoid = Half()
    page, other = (bred_with(avoid, bad=bad) for bad in ((10, 11), ()))
    bad = latents_from_seeds(with_parents().page.seeds[10:12], DIMS)
    children = [i for i in range(4, 36) if page.kind(i) == "child"]
    assert nearest(page.latents[children], bad) < nearest(other.latents[children], bad) - 0.02


def test_new_faces_are_allowed_seeds_and_chosen_ones_are_shown_as_they_are():
    breeding, avoid = Breeding(DIMS, range(36)), Half()
    breeding.avoid = avoid
    page = breeding.next({})
    assert avoid.allows(page.latents, "z").all()
    assert torch.equal(page.latents, latents_from_seeds(page.seeds, DIMS))
    refused = [seed for seed in range(36) if not avoid.allows(latents_from_seeds([seed], DIMS), "z")]
    page = breeding.restart(refused[:3])
    assert page.seeds[:3] == tuple(refused[:3])
    assert avoid.allows(page.latents[3:], "z").all()


def test_a_page_names_the_filter_that_each_face_was_drawn_with():
    breeding = Breeding(DIMS, range(12))
    assert breeding.page.avoided == {}
    breeding.avoid = Half()
    page = breeding.restart([1, 2])
    assert page.avoided == dict.fromkeys(range(2, 12), "half of z")
    page = breeding.next({0: LIKED, 3: LIKED})
    assert page.avoided == dict.fromkeys(range(1, 12), "half of z")
    breeding.avoid = None
    assert breeding.next({0: LIKED, 1: LIKED, 4: LIKED}).avoided == {1: "half of z", 2: "half of z"}
    breeding.avoid = Half()
    breeding.restart_from(double(latents_from_seeds([5], DIMS)), [5], double)
    page = breeding.next({0: LIKED}, from_z=double)
    assert 0 not in page.avoided
    assert {page.kind(i): name for i, name in page.avoided.items()} == {"child": "half of w", "new": "half of z"}

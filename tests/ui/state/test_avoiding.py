"""What is kept of a visitor's marks, and the filter that they switch on."""

from copy import deepcopy

import pytest
import torch

from spaceseed.evolution.breeding import BAD, LIKED
from spaceseed.filters.filter import LatentFilter
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.ui.state.avoiding import MAX_MARKS, SEARCH, VISITOR, WORDS, Avoiding, Learned, Mark, vectors


def draws(seed, n=6, dims=8):
    return torch.randn(n, dims, generator=torch.Generator().manual_seed(seed))


def kinds(avoiding):
    return [mark.kind for mark in avoiding.marks.values()]


class Plain:
    """A space in which a vector is the latent itself."""

    def from_z(self, z):
        return z


def rows(marks):
    return torch.stack([mark.latent for mark in marks])


def marked(latents, kind):
    return [Mark(latent, kind, WORDS) for latent in latents]


def learned(worse, better, **fields):
    return Learned(LatentFilter.fit(worse, better), Plain(), keep=0.75, **fields)


def test_marks_of_all_pages_are_kept():
    avoiding = Avoiding()
    avoiding.note(draws(0), {0: LIKED, 3: BAD})
    avoiding.note(draws(1), {2: BAD})
    avoiding.note(draws(1), {2: BAD, 4: LIKED})
    assert kinds(avoiding) == [LIKED, BAD, BAD, LIKED]
    bad, good = avoiding.examples()
    assert torch.equal(rows(bad), torch.stack([draws(1)[2], draws(0)[3]]))  # the newest first
    assert torch.equal(rows(good), torch.stack([draws(1)[4], draws(0)[0]]))


def test_a_page_tells_of_changes_alone():
    avoiding = Avoiding()
    avoiding.note(draws(0), {0: LIKED, 3: BAD})
    avoiding.marks.clear()  # the visitor removed them here
    avoiding.note(draws(0), {0: LIKED, 3: BAD})
    assert not avoiding.marks
    avoiding.note(draws(0), {0: BAD})
    assert kinds(avoiding) == [BAD]
    avoiding.note(draws(0), {})
    assert not avoiding.marks


def test_a_face_that_stays_on_the_next_page_keeps_its_mark():
    avoiding = Avoiding()
    avoiding.note(draws(0), {0: LIKED})
    avoiding.note(torch.cat([draws(0)[:1], draws(1)]), {})
    assert kinds(avoiding) == [LIKED]


def test_one_image_is_never_both_and_the_visitor_has_the_last_word():
    avoiding = Avoiding()
    avoiding.note(draws(0), {0: LIKED})
    assert avoiding.add(draws(0)[:3], draws(1)[:2], WORDS) == (2, 2)
    assert avoiding.add(draws(1)[:1], draws(0)[:0], SEARCH) == (0, 0)  # known, and bad from now on
    assert [mark.by for mark in avoiding.of_kind(LIKED).values()] == [VISITOR, WORDS]
    assert len(avoiding.of_kind(BAD)) == 3
    avoiding.note(draws(0), {0: LIKED, 1: LIKED})
    assert len(avoiding.of_kind(BAD)) == 2
    bad, good = avoiding.examples()
    assert not set(map(tuple, rows(bad).tolist())) & set(map(tuple, rows(good).tolist()))


def test_finds_of_w_are_examples_in_w_alone(generator):
    in_z, in_w = LatentSpace(generator), LatentSpace(generator, "w")
    avoiding = Avoiding()
    avoiding.note(draws(0, dims=generator.z_dim), {0: BAD, 1: LIKED, 2: LIKED})
    vector = in_w.draw([7])
    avoiding.mark(in_w.latents(vector)[0], "w", BAD)
    bad, _ = avoiding.examples()
    assert [mark.space for mark in bad] == ["w", "z"]
    torch.testing.assert_close(vectors(in_w, bad)[:1], vector, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(vectors(in_w, bad)[1:], in_w.from_z(draws(0, dims=generator.z_dim)[:1]))
    assert vectors(in_z, bad).shape == (1, generator.z_dim)
    assert vectors(in_z, []).shape == (0, generator.z_dim)


def test_a_mark_can_be_changed_and_taken_back():
    avoiding = Avoiding()
    for i, kind in enumerate((LIKED, BAD, LIKED)):
        avoiding.change(draws(0)[i], kind)
    assert avoiding.marks_of(draws(0)) == [LIKED, BAD, LIKED, 0, 0, 0]
    avoiding.change(draws(0)[0], BAD)
    avoiding.change(draws(0)[1], 0)
    assert avoiding.marks_of(draws(0)) == [BAD, 0, LIKED, 0, 0, 0]


def test_too_many_marks_are_refused_whole():
    avoiding = Avoiding()
    with pytest.raises(ValueError, match=f"room for {MAX_MARKS:,}"):
        avoiding.add(draws(0, MAX_MARKS), draws(1, 1), WORDS)
    assert not avoiding.marks


@pytest.mark.parametrize(
    ("marks", "sentence"),
    [
        ({}, "nothing to learn from yet"),
        ({0: LIKED, 1: LIKED}, "2 bad and 2 good ones at least"),
        ({0: BAD, 1: BAD, 2: LIKED}, "mark some more"),
    ],
)
def test_few_marks_teach_nothing(marks, sentence):
    avoiding = Avoiding()
    avoiding.note(draws(0), marks)
    with pytest.raises(ValueError, match=sentence):
        avoiding.examples()


def test_a_new_filter_ends_the_old_ones_figures_but_not_its_use():
    avoiding = Avoiding(in_breed=True, in_search=True, figures=("old",), conditions="old")
    first = learned(draws(0), draws(1))
    avoiding.take(first)
    assert (avoiding.figures, avoiding.conditions) == ((), "")
    z = draws(2, n=50)
    assert torch.equal(avoiding.breeds_with.allows(z, "z"), first.filter.allows(z))
    second = learned(draws(1), draws(0))
    avoiding.take(second)
    assert torch.equal(avoiding.breeds_with.allows(z, "z"), second.filter.allows(z))
    assert avoiding.in_search
    avoiding.in_breed = False
    assert avoiding.breeds_with is None
    assert avoiding.films_with is second
    avoiding.in_search = False
    assert avoiding.films_with is None


def test_a_search_gets_a_filter_of_its_own_space(generator):
    bad, good = draws(0, dims=generator.z_dim), draws(1, dims=generator.z_dim)
    avoiding = Avoiding()
    assert avoiding.searches_with("ws") is None
    avoiding.take(learned(bad, good, bad=marked(bad, BAD), good=marked(good, LIKED)))
    assert avoiding.searches_with("z") is None
    avoiding.in_search = True
    in_z = avoiding.searches_with("z").within(LatentSpace(generator))
    assert in_z is avoiding.learned.filter
    in_w = avoiding.searches_with("w").within(LatentSpace(generator, "w"))
    assert (in_w.space, in_w.model, in_w.marks) == ("w", "avatars", (6, 6))
    with pytest.raises(ValueError, match="works in z and in w"):
        avoiding.searches_with("ws")
    avoiding.take(Learned(in_w, LatentSpace(generator, "w")))
    with pytest.raises(ValueError, match="for w: choose it under"):
        avoiding.searches_with("z")


def examples_of(generator, space, n=40):
    """Bad and good vectors of a space: the dark and the bright images of seeds."""
    drawn = space.draw(range(2 * n))
    order = space.images(drawn).mean(dim=(1, 2, 3)).argsort()
    z = latents_from_seeds(range(2 * n), generator.z_dim)
    return z[order[:n]], z[order[n:]], drawn[order[:n]], drawn[order[n:]]


def test_a_soft_filter_of_w_decides_by_the_z_as_draws_do(generator):
    space = LatentSpace(generator, "w")
    _, _, worse, better = examples_of(generator, space)
    found = Learned(LatentFilter.fit(worse, better, how="soft", keep=0.5, space=space), space)
    seeds = range(100, 160)
    left = (space.restricted(found.filter).draw(seeds) == space.draw(seeds)).all(dim=1)
    assert 10 < left.sum() < 50
    assert torch.equal(found.allows(latents_from_seeds(seeds, generator.z_dim), "z"), left)
    assert torch.equal(found.penalty(space.draw(seeds), "w"), found.filter.penalty(space.draw(seeds)))
    assert found.name("z") == found.name("w") == str(found.filter)


def test_a_filter_of_z_judges_w_by_one_learned_there(generator):
    z_space, w_space = LatentSpace(generator), LatentSpace(generator, "w")
    bad, good, *_ = examples_of(generator, w_space)
    found = Learned(
        LatentFilter.fit(bad, good, space=z_space), z_space, keep=0.75, bad=marked(bad, BAD), good=marked(good, LIKED)
    )
    vectors = w_space.draw(range(100, 200))
    in_w = found.within(w_space)
    assert torch.equal(found.allows(vectors, "w"), in_w.allows(vectors))
    assert 0 < found.allows(vectors, "w").sum() < 100
    assert (found.name("z"), found.name("w")) == (str(found.filter), str(in_w))
    from_file = Learned(found.filter, z_space)
    assert from_file.allows(vectors, "w").all()
    assert not from_file.penalty(vectors, "w").any()
    assert from_file.name("w") is None


def test_visitors_share_nothing(session):
    other = deepcopy(session)
    other.workspace.avoiding.note(other.breeding.page.latents, {0: BAD})
    assert not session.workspace.avoiding.marks

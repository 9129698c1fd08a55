"""Labels from a score, with a small random generator and a score that can be checked."""

from functools import partial

import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.filters.examples import label_by, worst_of
from spaceseed.filters.filter import LatentFilter
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.stylegan2 import StyleGAN2


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    generator = StyleGAN2(16, 16, {4: 8, 8: 8}, mapping_layers=2).requires_grad_(False)
    generator.w_avg.copy_(generator.mapping(torch.randn(1000, 16), None).mean(dim=0))
    return generator


def greenness(images):
    return images[:, 1].mean(dim=(1, 2)) - images[:, [0, 2]].mean(dim=(1, 2, 3))


def scores(space, vectors):
    return greenness(space.images(vectors))


@pytest.mark.parametrize("name", ["z", "w"])
def test_the_lowest_share_is_bad_and_all_others_are_good(generator, name):
    space, told = LatentSpace(generator, name), []
    bad, good = label_by(space, greenness, range(50), share=0.2, progress=told.append)
    assert bad.shape == (10, space.dims)
    assert good.shape == (40, space.dims)
    assert scores(space, bad).max() <= scores(space, good).min() + 1e-5
    assert scores(space, bad).argmin() == 0
    assert told == sorted(told)
    assert told[-1] == 1
    again = label_by(space, greenness, range(50), share=0.2)
    assert torch.equal(again[0], bad)


def test_what_cannot_be_scored_is_the_worst(generator):
    space = LatentSpace(generator)

    def failing(images):
        return torch.where(greenness(images) > greenness(images).median(), torch.nan, greenness(images))

    bad, _ = label_by(space, failing, range(16), share=0.25)
    assert scores(space, bad).min() > scores(space, space.draw(range(16))).median()


def test_a_search_finds_worse_images_than_random_draws_and_several_kinds(generator):
    space, told = LatentSpace(generator), []
    arguments = {"count": 12, "runs": 4, "generations": 6}
    bad, good = worst_of(space, greenness, range(32), **arguments, progress=told.append)
    met = scores(space, space.draw(range(100, 300)))
    assert bad.shape == (12, 16)
    assert scores(space, bad).median() < met.quantile(0.05)
    assert scores(space, bad).max() < met.quantile(0.2)
    assert scores(space, good).min() > scores(space, space.draw(range(32))).median() - 1e-5
    assert len(bad.unique(dim=0)) == 12
    families = torch.nn.functional.normalize(bad.view(4, 3, 16).mean(dim=1), dim=1)
    assert (families @ families.T).triu(1).max() < 0.99
    assert told == sorted(told)
    assert told[-1] == 1
    assert torch.equal(worst_of(space, greenness, range(32), **arguments)[0], bad)


def test_a_filter_of_labelled_draws_betters_the_score(generator):
    space = LatentSpace(generator)
    for bad, good in (label_by(space, greenness, range(200), share=0.25), worst_of(space, greenness, range(64))):
        avoid = LatentFilter.fit(bad, good)
        assert avoid.trustworthy
        before, after = (scores(s, s.draw(range(300, 500))) for s in (space, LatentSpace(generator, avoid=avoid)))
        worst = before.quantile(0.1)
        assert (after < worst).float().mean() < 0.7 * (before < worst).float().mean()


def test_arguments_out_of_range_are_named(generator):
    space = LatentSpace(generator)
    for share in (0.0, 0.6, 0.01):
        with pytest.raises(ArgumentError, match="share"):
            label_by(space, greenness, range(20), share)
    with pytest.raises(ArgumentError, match="score"):
        label_by(space, lambda images: images.new_zeros(len(images)), range(20))
    for name, arguments in {"runs": {"runs": 0}, "count": {"count": 2}}.items():
        with pytest.raises(ArgumentError, match=name):
            worst_of(space, greenness, range(32), **arguments)
    with pytest.raises(ArgumentError, match="runs"):
        worst_of(space, greenness, range(3), runs=2)
    with pytest.raises(ArgumentError, match="count"):
        worst_of(space, greenness, range(4), runs=2, generations=1, count=40)


def test_a_score_may_return_any_container(generator):
    space = LatentSpace(generator)
    expected = label_by(space, greenness, range(20))
    for convert in (torch.Tensor.double, torch.Tensor.tolist, torch.Tensor.numpy, lambda scores: scores[:, None]):
        bad, good = label_by(space, lambda images, convert=convert: convert(greenness(images)), range(20))
        assert torch.equal(bad, expected[0])
        assert torch.equal(good, expected[1])
    for score in (lambda images: 1.0, lambda images: images, lambda images: None):
        for label in (label_by, partial(worst_of, runs=2)):
            with pytest.raises(ArgumentError, match=r"score\(images\)"):
                label(space, score, range(20))


def test_a_score_that_is_not_finite_is_the_worst(generator):
    space = LatentSpace(generator)

    def scored(number, images):
        scores = greenness(images)
        scores[0] = number
        return scores

    for number in (torch.nan, torch.inf, -torch.inf):
        bad, _ = label_by(space, partial(scored, number), range(1, 17), 0.1)
        assert torch.equal(bad[:1].cpu(), space.draw([1]).cpu())


def test_arguments_of_other_types_are_named(generator):
    space = LatentSpace(generator)
    for label in (label_by, worst_of):
        for arguments, name in (
            ((greenness, space, range(20)), "space"),
            ((space, range(20), greenness), "score"),
            ((space, greenness, "seeds"), "seed"),
        ):
            with pytest.raises(ArgumentError) as caught:
                label(*arguments)
            assert caught.value.name == name

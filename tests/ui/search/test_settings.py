"""What a visitor may set: every bad value is refused in one sentence, every good one builds its optimizer."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.ui.kit.messages import HintError
from spaceseed.ui.search.algorithms import ALGORITHMS, SettingsError
from spaceseed.ui.search.settings import MAX_IMAGES, SearchSettings, family

ASKED = {"prompt": "red hair", "algorithm": "Differential evolution"}
COMMON = [name for name in SearchSettings.model_fields if name not in ("prompt", "picture", "algorithm")]
OWN = [(title, name) for title, settings in ALGORITHMS.items() for name in settings.model_fields]


@pytest.fixture(scope="module")
def generator():
    return StyleGAN2(16, 16, {4: 8, 8: 8}, mapping_layers=2).requires_grad_(False)


def refusal(values):
    with pytest.raises((SettingsError, HintError)) as caught:
        SearchSettings.parse(ASKED | values)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 200
    return sentence


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"prompt": ""}, "Type what to look for first, or add a picture."),
        ({"prompt": " \n"}, "Type what to look for first, or add a picture."),
        ({"prompt": ",,,"}, "There is no word in this to look for: say what the image should show."),
        ({"prompt": "a the", "picture": True}, "There is no word in this to look for: say what the image should show."),
        ({"prompt": "x" * 10_000}, "The prompt is too long: 300 characters are read at most."),
        ({"prompt": None}, "Prompt must be text."),
        ({"algorithm": "Magic"}, f"Algorithm must be one of {', '.join(ALGORITHMS)}."),
        ({"algorithm": ["CMA-ES"]}, f"Algorithm must be one of {', '.join(ALGORITHMS)}."),
        ({"generations": 10**9}, "Rounds (generations) must be a whole number from 1 to 1000."),
        ({"generations": 2.5}, "Rounds (generations) must be a whole number from 1 to 1000."),
        ({"generations": math.nan}, "Rounds (generations) must be a whole number from 1 to 1000."),
        ({"truncation": math.inf}, "Ordinary to odd (truncation ψ) must be a number from 0 to 1.5."),
        ({"seed": -1}, "Seed must be a whole number from 0 to 4294967295."),
        ({"seed": 2**32}, "Seed must be a whole number from 0 to 4294967295."),
        ({"seed": "forty-two"}, "Seed must be a whole number from 0 to 4294967295."),
        ({"space": "v"}, "Where to look (latent space) must be one of z, w, ws."),
        ({"Differential evolution": {"population": 1}}, "Images a round (Np) must be a whole number from 4 to 256."),
        ({"Differential evolution": {"F": 0}}, "Step (F) must be a number above 0 up to 2."),
        (
            {"Differential evolution": {"dither": 0.9}},
            "Variation of the step (dither) must not be above F, which is 0.5.",
        ),
        (
            {"algorithm": "Genetic algorithm", "Genetic algorithm": {"population": 8, "elites": 8}},
            "Always kept (elites) must be fewer than the images a round, which are 8.",
        ),
        ({"algorithm": "Trade-off"}, "A trade-off needs words and a picture: give both, or choose another algorithm."),
        (
            {"algorithm": "Trade-off", "prompt": "", "picture": True},
            "A trade-off needs words and a picture: give both, or choose another algorithm.",
        ),
        (
            {"generations": 1000},
            "This search would draw 32,032 images, and 20,000 are allowed: take fewer rounds, or fewer images a round.",
        ),
    ],
)
def test_a_bad_value_is_refused_in_one_sentence(values, sentence):
    assert refusal(values) == sentence


@given(st.sampled_from(COMMON), st.sampled_from([None, "", "<b>", math.nan, -math.inf, 10**12, [1], {}, -3]))
def test_no_common_setting_takes_nonsense(name, value):
    refusal({name: value})


@given(st.sampled_from(OWN), st.sampled_from([None, "", "<b>", math.nan, math.inf, 10**12, [1], {}, -3]))
def test_no_setting_of_an_algorithm_takes_nonsense(which, value):
    title, name = which
    refusal({"algorithm": title, title: {name: value}})


def test_settings_of_algorithms_that_are_not_chosen_are_not_looked_at():
    settings = SearchSettings.parse(ASKED | {"CMA-ES": {"sigma": math.nan}})
    assert settings.algorithm.title == "Differential evolution"


@pytest.mark.parametrize("title", ALGORITHMS)
@pytest.mark.parametrize("space", ["z", "w", "ws"])
def test_every_algorithm_searches_every_space(generator, title, space):
    settings = SearchSettings.parse(
        {
            "prompt": "x",
            "picture": True,
            "algorithm": title,
            "space": space,
            "generations": 3,
            "warm_start": 40,
            title: {"population": 8},
        }
    )
    space = LatentSpace(generator, settings.space, settings.truncation)
    optimizer = settings.optimizer(space, space.draw(range(40)))
    sizes = []
    while settings.termination.reason(optimizer, 0) is None:
        asked = optimizer.ask()
        sizes.append(len(asked))
        scores = -space.ws(asked).square().mean(dim=1)
        optimizer.tell(scores[:, :2] if optimizer.several_scores else scores[:, 0])
    assert sizes[0] == 40
    assert sum(sizes) == settings.images <= MAX_IMAGES
    assert len(optimizer.population) == 8


def test_the_same_settings_make_the_same_search(generator):
    space = LatentSpace(generator)
    asked = [SearchSettings.parse(ASKED | {"seed": seed}).optimizer(space, None).ask() for seed in (5, 5, 6)]
    assert len(asked[0]) == 32
    assert asked[0].equal(asked[1])
    assert not asked[0].equal(asked[2])


@given(st.integers(1, 12), st.integers(0, 30), st.sampled_from(["shell", "free"]))
def test_a_family_is_near_its_parents_and_as_large_as_draws(parents, count, prior):
    draws = torch.randn(parents + count, 64, generator=torch.Generator().manual_seed(parents))
    liked, strangers = draws.split([parents, count])
    relatives = family(liked, strangers, prior)
    assert relatives[:parents].equal(liked)
    assert len(relatives) == parents + count
    for i, child in enumerate(relatives[parents:]):
        likeness = torch.nn.functional.cosine_similarity(child[None], liked)
        assert likeness.argmax() == i % parents
        assert likeness.max() > 0.7
        assert child.norm() == pytest.approx(8.0, rel=1e-4 if prior == "shell" else 0.35)


def test_variations_of_w_are_as_likely_as_draws(generator):
    space = LatentSpace(generator, "w")
    settings = SearchSettings.parse(ASKED | {"warm_start": 1000, "generations": 2})
    relatives = settings.relatives(space.draw(range(100)), space)
    assert len(relatives) == 1000
    noisy = relatives + 0.5 * torch.randn(relatives.shape, generator=torch.Generator().manual_seed(0))
    unlikely, mistaken = (int(space.penalty(vectors).count_nonzero()) for vectors in (relatives, noisy))
    assert unlikely < 30
    assert mistaken > 3 * unlikely


def test_the_summary_tells_how_the_search_began():
    settings = SearchSettings.parse(ASKED | {"warm_start": 16})
    assert settings.summary() == {"generations": 110, "warm_start": 16, "origin": "Best seeds"}
    both = SearchSettings.parse(ASKED | {"picture": True, "balance": 0.3})
    assert both.summary()["balance"] == 0.3
    assert "balance" not in SearchSettings.parse(ASKED | {"picture": True, "algorithm": "Trade-off"}).summary()

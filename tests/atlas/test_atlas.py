import copy
import pickle
from dataclasses import replace

import pytest
import torch

from spaceseed.atlas import atlas as module
from spaceseed.atlas.atlas import Atlas
from spaceseed.atlas.codes import encode, limit
from spaceseed.atlas.shards import Make
from spaceseed.errors import ArgumentError, AtlasError
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.judges import clip
from spaceseed.models.judges.clip import load_judge
from spaceseed.models.zoo.loading import load
from tests.atlas.conftest import TinyJudge, tiny_generator

MAKE = Make(model="tiny", sha256="ab" * 32, judge="tiny", truncation=0.7)


@pytest.fixture
def atlas(judge):
    codes = encode(torch.randn(500, 10, generator=torch.Generator().manual_seed(1)))
    return Atlas(MAKE, 100, codes, judge)


def first_number(embeddings):
    return embeddings[:, 0]


def test_a_query_returns_the_best_seeds_best_first(atlas, judge):
    for wish in ("a", torch.zeros(1, 3, 8, 8) + 0.1, first_number):
        scores = atlas.scores(wish)
        order = scores.sort(descending=True, stable=True).indices
        seeds, found = atlas.query(wish, count=7)
        assert seeds == (order[:7] + 100).tolist()
        assert torch.equal(found, scores[order[:7]])
    assert torch.allclose(atlas.scores("a"), atlas.scores(lambda embeddings: embeddings @ judge.embed_text("a")[0]))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda atlas: pickle.loads(pickle.dumps(atlas))])
def test_a_copy_answers_as_the_original(atlas, copied):
    again = copied(atlas)
    assert (again.make, again.seeds) == (atlas.make, atlas.seeds)
    assert again.query("a", 5)[0] == atlas.query("a", 5)[0]


def test_what_is_no_judge_or_folder_is_named(atlas, generator):
    with pytest.raises(ArgumentError, match="judge = 'str'"):
        Atlas(MAKE, 0, atlas._codes, "avatars")
    with pytest.raises(ArgumentError, match="folder = 'int'"):
        Atlas.build(generator, TinyJudge(), seeds=range(3), folder=3)


def test_functions_are_called_in_chunks(atlas, monkeypatch):
    whole = atlas.scores(first_number)
    monkeypatch.setattr(module, "CHUNK", 64)
    sizes = []

    def function(embeddings):
        sizes.append(len(embeddings))
        assert embeddings.dtype == torch.float32
        assert torch.allclose(embeddings.norm(dim=1), torch.ones(len(embeddings)))
        return embeddings[:, :1].tolist()

    assert torch.equal(atlas.scores(function), whole)
    assert sizes == [64] * 7 + [52]
    assert atlas.query(function, 5)[0] == atlas.query(first_number, 5)[0]


def test_of_equal_scores_the_smaller_seed_is_first(atlas):
    assert (
        atlas.query(lambda embeddings: (embeddings[:, 0] > 0).float(), 30)[0]
        == sorted(seed for seed, score in zip(atlas.seeds, atlas.scores(first_number), strict=True) if score > 0)[:30]
    )
    assert atlas.query(lambda embeddings: torch.zeros(len(embeddings)), 3)[0] == [100, 101, 102]


def test_all_seeds_are_returned_if_there_are_fewer(atlas):
    seeds, scores = atlas.query("a", 10_000)
    assert sorted(seeds) == list(atlas.seeds)
    assert scores.shape == (500,)


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ("  ", "wish"),
        (3, "wish"),
        (None, "wish"),
        (str, "wish"),
        (torch.zeros(2, 3, 8, 8), "wish"),
        (torch.full((1, 3, 8, 8), torch.nan), "finite"),
        (lambda embeddings: embeddings, "one score for each"),
        (lambda embeddings: embeddings[1:, 0], "one score for each"),
        (lambda embeddings: embeddings[:, 0] * torch.inf, "finite"),
    ],
)
def test_other_wishes_are_refused(atlas, wish, named):
    for ask in (atlas.scores, atlas.query):
        with pytest.raises(ArgumentError, match=named):
            ask(wish)


@pytest.mark.parametrize("count", [0, -1, 2.0, "many"])
def test_the_count_is_a_positive_integer(atlas, count):
    with pytest.raises(ArgumentError, match="count"):
        atlas.query("a", count)


def test_the_judge_is_loaded_once_and_for_texts_alone(atlas, judge, monkeypatch):
    loaded = []
    monkeypatch.setattr(clip, "load_judge", lambda name: loaded.append(name) or judge)
    other = Atlas(MAKE, 100, atlas._codes)
    other.query(first_number)
    assert not loaded
    assert other.query("a")[0] == atlas.query("a")[0]
    other.query("b")
    assert loaded == ["tiny"]


def test_an_atlas_of_other_networks_is_refused(atlas, generator, judge):
    atlas.check(generator, judge)
    stranger, other = tiny_generator(), TinyJudge()
    other.name = "other"
    with pytest.raises(AtlasError, match="judge tiny sees, not the judge other"):
        atlas.check(generator, other)
    with pytest.raises(AtlasError, match="judge tiny sees"):
        Atlas(MAKE, 0, torch.ones(1, 10, dtype=torch.int8), other)
    stranger.card = replace(stranger.card, sha256="cd" * 32)
    with pytest.raises(AtlasError, match="other weights"):
        atlas.check(stranger, judge)
    stranger.card = replace(stranger.card, id="other")
    with pytest.raises(AtlasError, match="the model tiny"):
        atlas.check(stranger, judge)


def test_a_judge_whose_embeddings_have_another_length_is_refused(judge):
    atlas = Atlas(MAKE, 0, torch.ones(3, 4, dtype=torch.int8), judge)
    with pytest.raises(AtlasError, match="other embeddings"):
        atlas.query("a")


@pytest.fixture(scope="module")
def avatars():
    return load("avatars", device="cpu"), load_judge("avatars")


@torch.no_grad()
def embed(avatars, seeds):
    generator, judge = avatars
    images = generator.synthesize(generator.map(latents_from_seeds(seeds, generator.z_dim), truncation=0.7))
    return images, judge.embed_images(images)


def test_scores_are_those_of_the_images(avatars, tmp_path):
    atlas = Atlas.build(*avatars, seeds=range(1000, 1040), folder=tmp_path)
    images, exact = embed(avatars, atlas.seeds)
    largest = exact.abs().amax(dim=1)
    for wish, fresh in (("red hair", avatars[1].score(images, "red hair")), (images[:1], exact @ exact[0])):
        change = (atlas.scores(wish) - fresh).abs()
        assert bool((change <= (exact.shape[1] / 2) ** 0.5 * largest / limit()).all())
        assert change.square().mean().sqrt() < 2 * largest.mean() / limit() / 12**0.5
    assert atlas.query(images[3:4], 1)[0] == [1003]

"""One call finds what is asked for: it is `search` with settled settings, for every family of generator."""

import pickle
from types import SimpleNamespace
from typing import ClassVar

import pytest
import torch
import torch.nn.functional as F

import spaceseed as ss
from spaceseed.atlas.atlas import Atlas
from spaceseed.errors import ArgumentError, AtlasError, DownloadError
from spaceseed.evolution import find as module
from spaceseed.evolution.find import SIGMA, START, find, first_seeds, natural_embeddings, random_seeds
from spaceseed.evolution.objectives import ImageObjective, Objective, TextObjective
from spaceseed.evolution.search import search
from spaceseed.evolution.wishes import WishObjective
from spaceseed.filters.filter import LatentFilter
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import ModelCard
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.ops.cma import CMAES
from spaceseed.ops.termination import Termination
from tests.models.families import FAMILIES, small


class Eye:
    """A judge that embeds images of any size and texts in 10 numbers."""

    name, matching = "eye", None
    kinds: ClassVar[dict[str, tuple[str, ...]]] = {}

    def __init__(self):
        self._projection = torch.randn(192, 10, generator=torch.Generator().manual_seed(0))

    def embed_images(self, images):
        return F.normalize(F.adaptive_avg_pool2d(images, 8).flatten(1) @ self._projection, dim=1)

    def embed_text(self, text):
        rngs = [torch.Generator().manual_seed(sum(map(ord, t))) for t in ([text] if isinstance(text, str) else text)]
        return F.normalize(torch.cat([torch.randn(1, 10, generator=rng) for rng in rngs]), dim=1)


class Redness(Objective):
    def __call__(self, images):
        return images[:, 0].mean(dim=(1, 2))


JUDGE = Eye()


def tiny(sha256="ab" * 32, num_classes=0):
    torch.manual_seed(0)
    generator = StyleGAN2(8, 6, {4: 8, 8: 4}, mapping_layers=2, num_classes=num_classes).eval().requires_grad_(False)
    generator.card = ModelCard("tiny", "Tiny", "StyleGAN2", 8, "none", "", "test", 1, sha256, 0.7, False)
    return generator


@pytest.fixture(scope="module")
def generator():
    return tiny()


@pytest.fixture(scope="module")
def atlas(generator, tmp_path_factory):
    return Atlas.build(generator, JUDGE, seeds=range(300), folder=tmp_path_factory.mktemp("atlas"))


@pytest.fixture(autouse=True)
def at_hand(monkeypatch, atlas):
    """Puts an atlas, or an exception, in the place of what is at hand."""
    hand = SimpleNamespace(atlas=atlas, asked=[])

    def atlas_of(generator, judge, *, labels):
        hand.asked.append((judge, labels))
        if isinstance(hand.atlas, Exception):
            raise hand.atlas
        return hand.atlas

    monkeypatch.setattr(module, "atlas_of", atlas_of)
    return hand


def course(generations):
    return [(g.number, g.evaluations, g.reason, [(f.score, f.vector.tolist()) for f in g.top]) for g in generations]


def by_search(generator, objective, seeds, evaluations, seed=0):
    space = LatentSpace(generator, "w", 0.7)
    optimizer = CMAES(space.dims, sigma=SIGMA, prior=space.prior, seed=seed, start=space.draw(seeds))
    return search(generator, objective, optimizer, space=space, termination=Termination(evaluations=evaluations))


def test_it_is_a_search_from_the_best_seeds_of_the_atlas(generator, atlas):
    objective = WishObjective(JUDGE, "red hair, no hat", atlas.embeddings(8192))
    seeds, _ = atlas.query(objective.of_embeddings, START)
    expected = course(by_search(generator, objective, seeds, 150, seed=3))
    assert course(find(generator, JUDGE, "red hair, no hat", evaluations=150, seed=3)) == expected
    assert course(find(generator, JUDGE, "red hair, no hat", evaluations=150, seed=3, atlas=atlas)) == expected
    assert expected[-1][2] == "evaluations"


def test_without_an_atlas_it_starts_from_random_seeds(generator):
    space, seeds = LatentSpace(generator, "w", 0.7), random_seeds(5)
    objective = WishObjective(JUDGE, "red hair", natural_embeddings(space, JUDGE, None, seeds))
    found = course(find(generator, JUDGE, "red hair", evaluations=100, seed=5, atlas=False))
    assert found == course(by_search(generator, objective, seeds, 100, seed=5))
    assert found != course(find(generator, JUDGE, "red hair", evaluations=100, seed=6, atlas=False))


@pytest.mark.parametrize("reason", [None, DownloadError("offline")])
def test_it_does_without_an_atlas_where_none_can_be_had(generator, at_hand, reason):
    at_hand.atlas = reason
    found = course(find(generator, JUDGE, "red hair", evaluations=70))
    assert found == course(find(generator, JUDGE, "red hair", evaluations=70, atlas=False))


def test_networks_without_names_have_no_atlas(generator, monkeypatch, at_hand):
    judge = Eye()
    judge.name = None
    assert course(find(generator, judge, "red hair", evaluations=1))
    assert at_hand.asked == []


@pytest.mark.parametrize("card", [None, "", "not a hash"])
def test_a_generator_whose_weights_have_no_hash_is_searched(card, monkeypatch):
    monkeypatch.undo()  # the real atlas_of
    generator = tiny(card)
    if card is None:
        generator.card = None
    (generation,) = find(generator, JUDGE, "red hair", evaluations=3)
    assert generation.evaluations == 3


def test_an_image_or_an_objective_can_be_asked_for(generator, atlas):
    image = LatentSpace(generator, "w").images(LatentSpace(generator, "w").draw([1234]))
    seeds, _ = atlas.query(image, START)
    expected = course(by_search(generator, ImageObjective(JUDGE, image), seeds, 100))
    assert course(find(generator, JUDGE, image, evaluations=100)) == expected
    plain = course(by_search(generator, Redness(), random_seeds(0), 100))
    assert course(find(generator, JUDGE, Redness(), evaluations=100)) == plain
    wish = 0.5 * TextObjective(JUDGE, "red") + 0.5 * ImageObjective(JUDGE, image)
    assert first_seeds(wish, atlas, 0) == atlas.query(wish.of_embeddings, START)[0]
    assert course(find(generator, JUDGE, wish, evaluations=1))


def test_with_a_filter_it_starts_from_the_best_seeds_that_are_allowed(generator, atlas):
    space = LatentSpace(generator, "w", 0.7)
    vectors = space.draw(range(200, 300))
    order = vectors[:, 0].argsort()
    avoid = LatentFilter.fit(vectors[order[60:]], vectors[order[:60]], keep=0.5, space=space)
    wish = WishObjective(JUDGE, "red hair", atlas.embeddings(300))
    ranked, _ = atlas.query(wish.of_embeddings, 300)
    allowed = [seed for seed in ranked if avoid.allows(space.draw([seed])).all()]
    restricted = space.restricted(avoid)
    assert 64 < len(allowed) < 250
    assert first_seeds(wish, atlas, 0, space=restricted) == allowed[:START]
    assert first_seeds(wish, atlas, 0, space=space) == ranked[:START]
    everything = first_seeds(wish, atlas, 0, count=300, space=restricted)
    assert everything[: len(allowed)] == allowed
    assert sorted(everything) == sorted(ranked)
    *_, last = find(generator, JUDGE, "red hair", evaluations=100, space=restricted)
    assert last.best.found.avoided == str(avoid)
    *_, last = find(generator, JUDGE, "red hair", evaluations=100, space=space)
    assert last.best.found.avoided is None


def test_the_same_seed_finds_the_same(generator):
    first, again = (list(find(generator, JUDGE, "red hair", evaluations=120, seed=7)) for _ in range(2))
    assert course(first) == course(again)
    assert first[-1].best.found.prompt == "red hair"
    assert pickle.loads(pickle.dumps(first[-1])).best == first[-1].best


@pytest.mark.parametrize("evaluations", [1, 5, 64])
def test_a_few_images_are_not_exceeded(generator, evaluations):
    (generation,) = find(generator, JUDGE, "red hair", evaluations=evaluations)
    assert generation.evaluations == evaluations


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_searched(family, at_hand):
    at_hand.atlas = None
    network = small(family)
    classes = torch.eye(network.num_classes)[0] if network.num_classes else None
    space = LatentSpace(network, "w", labels=classes)
    *_, last = find(network, JUDGE, "red hair", evaluations=100, space=space)
    assert last.evaluations >= 100
    assert last.best_score >= last.top[-1].score


def test_a_conditional_model_needs_labels_and_an_atlas_of_them(at_hand, tmp_path):
    conditional, (one, other) = tiny(num_classes=2), torch.eye(2)
    with pytest.raises(ArgumentError, match=r"labels = None .* this model has classes"):
        next(find(conditional, JUDGE, "red hair"))
    atlas = Atlas.build(conditional, JUDGE, seeds=range(20), folder=tmp_path, labels=one)
    at_hand.atlas = atlas
    (generation,) = find(conditional, JUDGE, "red hair", evaluations=1, space=LatentSpace(conditional, "w", labels=one))
    assert generation.evaluations == 1
    assert at_hand.asked[-1][1].tolist() == [1, 0]
    with pytest.raises(AtlasError, match="other labels"):
        next(find(conditional, JUDGE, "red", atlas=atlas, space=LatentSpace(conditional, "w", labels=other)))


def test_an_atlas_of_other_networks_is_refused(generator, atlas):
    with pytest.raises(AtlasError, match="other weights"):
        next(find(tiny("cd" * 32), JUDGE, "red hair", atlas=atlas))
    other = Eye()
    other.name = "another"
    with pytest.raises(AtlasError, match="the judge eye sees"):
        next(find(generator, other, "red hair", atlas=atlas))


def test_it_ends_when_it_is_cancelled(generator, monkeypatch):
    calls = []

    def cancelled():
        calls.append(None)
        return len(calls) > 3

    monkeypatch.setattr(module, "batch_size", lambda _: 16)
    assert list(find(generator, JUDGE, "red hair", atlas=False, cancelled=cancelled)) == []
    assert len(calls) == 4
    assert list(find(generator, JUDGE, "red hair", cancelled=lambda: True)) == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"generator": "avatars"}, "generator"),
        ({"judge": "avatars"}, "judge"),
        ({"judge": None}, "judge"),
        ({"wish": 3}, "wish"),
        ({"wish": ""}, "wish"),
        ({"wish": "smiling " * 100}, "wish"),
        ({"wish": torch.zeros(3, 8, 8)}, "image"),
        ({"wish": torch.full((1, 3, 8, 8), torch.nan)}, "image"),
        ({"evaluations": 0}, "evaluations"),
        ({"evaluations": 10.0}, "evaluations"),
        ({"space": "v"}, "space"),
        ({"space": None}, "space"),
        ({"atlas": "avatars"}, "atlas"),
        ({"truncation": torch.nan}, "truncation"),
        ({"seed": -1}, "seed"),
        ({"cancelled": True}, "cancelled"),
    ],
)
def test_what_is_not_allowed_is_named(generator, arguments, named):
    arguments = {"generator": generator, "judge": JUDGE, "wish": "red hair"} | arguments
    with pytest.raises(ArgumentError, match=named):
        next(find(**arguments))


@pytest.mark.slow
def test_the_bundled_networks_find_what_is_asked(monkeypatch):
    monkeypatch.undo()
    networks, judge = ss.load("avatars"), ss.load_judge("avatars")
    generations = list(ss.find(networks, judge, "a smiling woman with red hair, no glasses", evaluations=150))
    words = ss.load_classifier("avatars").words(generations[-1].best.render())[0]
    assert (words["mouth"], words["hair_color"], words["glasses"]) == ("smile", "red", "none")
    assert generations[-1].best_score > generations[0].best_score

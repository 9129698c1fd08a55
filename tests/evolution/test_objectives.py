"""Objectives and their sums, with a judge of three numbers and with the bundled networks."""

import math

import pytest
import torch
from torch.nn import functional as F

import spaceseed as ss
from spaceseed.errors import ArgumentError
from spaceseed.evolution.objectives import MAX_PROMPT, score_columns

COLOURS = {"red": [1.0, 0, 0], "green": [0, 1.0, 0], "blue": [0, 0, 1.0]}


class Colours:
    """A judge that sees the mean colour of an image, 0 to 1, and counts the batches that it has seen."""

    def __init__(self, name="colours"):
        self.name, self.batches = name, 0

    def embed_text(self, text):
        return torch.tensor([COLOURS[text]])

    def embed_images(self, images):
        self.batches += 1
        return F.normalize((images.mean(dim=(2, 3)) + 1) / 2 + 1e-6, dim=1)


class Brightness(ss.Objective):
    def __call__(self, images):
        images.clamp_(0, 1)  # as an objective may
        return images.mean(dim=(1, 2, 3)).tolist()


def plain(colour, count=1):
    """Returns images [count, 3, 4, 4] of one colour."""
    return (2 * torch.tensor(COLOURS[colour]) - 1)[None, :, None, None].expand(count, -1, 4, 4).clone()


IMAGES = torch.cat([plain("red"), plain("green"), (plain("red") + plain("green")) / 2])


@pytest.fixture(scope="module")
def judge():
    return ss.load_judge("avatars")


@pytest.fixture(scope="module")
def classifier():
    return ss.load_classifier("avatars")


@pytest.fixture(scope="module")
def faces():
    generator = ss.load("avatars", device="cpu")
    with torch.no_grad():
        return generator.synthesize(generator.map(ss.latents_from_seeds(range(6), generator.z_dim), truncation=0.7))


def test_a_text_objective_is_a_cosine_with_the_prompt():
    objective = ss.TextObjective(Colours(), " red ")
    torch.testing.assert_close(objective(IMAGES), torch.tensor([1, 0, math.sqrt(0.5)]), atol=1e-5, rtol=0)
    assert (objective.prompt, objective.judge) == ("red", "colours")


@pytest.mark.parametrize("prompt", ["", " \n\t ", "x" * (MAX_PROMPT + 1)])
def test_an_unfit_prompt_is_named_in_one_short_sentence(prompt):
    with pytest.raises(ArgumentError, match="prompt") as caught:
        ss.TextObjective(Colours(), prompt)
    assert len(str(caught.value)) < 200


def test_swapped_arguments_are_named(classifier):
    for make, name in (
        (lambda: ss.TextObjective("red", Colours()), "judge"),
        (lambda: ss.TextObjective(Colours(), ["red", "blue"]), "prompt"),
        (lambda: ss.ImageObjective(IMAGES, Colours()), "judge"),
        (lambda: ss.PicksObjective(IMAGES, Colours()), "judge"),
        (lambda: ss.ClassObjective("mouth", "smile", classifier), "classifier"),
        (lambda: ss.RealismObjective(ss.FeatureStatistics(3), classifier.features), "features"),
    ):
        with pytest.raises(ArgumentError) as caught:
            make()
        assert caught.value.name == name


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (64, 64)])
def test_an_image_is_most_similar_to_itself(judge, faces, size):
    wanted = F.interpolate(faces, size, mode="area")[2:3]
    objective = ss.ImageObjective(judge, wanted)
    assert objective(wanted).item() == pytest.approx(1, abs=1e-5)
    scores = objective(faces)
    assert bool((scores.abs() <= 1 + 1e-5).all())
    assert size != (64, 64) or int(scores.argmax()) == 2


@pytest.mark.parametrize(
    "image",
    [torch.zeros(3, 8, 8), torch.zeros(2, 3, 8, 8), torch.zeros(1, 1, 8, 8), torch.full((1, 3, 2, 2), torch.nan)],
)
def test_an_unfit_image_is_named(image):
    with pytest.raises(ArgumentError, match="image"):
        ss.ImageObjective(Colours(), image)
    with pytest.raises(ArgumentError, match="one pixel"):
        ss.ImageObjective(Colours(), torch.zeros(1, 3, 0, 8))


def test_picks_lead_to_the_liked_and_away_from_the_disliked():
    liked, disliked = torch.cat([plain("red", 2), plain("green")]), plain("blue", 30)
    liking, both = ss.PicksObjective(Colours(), liked), ss.PicksObjective(Colours(), liked, disliked)
    assert liking(plain("red")).item() == pytest.approx(2 / math.sqrt(5), abs=1e-5)
    assert liking(plain("blue")).item() == pytest.approx(0, abs=1e-5)
    expected = F.normalize(torch.tensor([2 / 3, 1 / 3, -0.5]), dim=0)
    seen = torch.cat([both(plain(colour)) for colour in COLOURS])
    torch.testing.assert_close(seen, expected, atol=1e-5, rtol=0)
    nobody = ss.PicksObjective(Colours(), liked, liked[:0])
    assert torch.equal(nobody(IMAGES), liking(IMAGES))
    with pytest.raises(ArgumentError, match="one image or more"):
        ss.PicksObjective(Colours(), liked[:0])


def test_a_class_objective_is_the_classifiers_probability(classifier, faces):
    values = classifier.attributes["mouth"]
    scores = torch.stack([ss.ClassObjective(classifier, "mouth", value)(faces) for value in values], dim=1)
    torch.testing.assert_close(scores, classifier.probabilities(faces)["mouth"])
    with pytest.raises(ArgumentError, match="attribute"):
        ss.ClassObjective(classifier, "nose", "smile")
    with pytest.raises(ArgumentError, match="value"):
        ss.ClassObjective(classifier, "mouth", "red")


def test_the_parts_of_a_sum_count_by_their_weights():
    text, image = ss.TextObjective(Colours(), "red"), ss.ImageObjective(Colours(), plain("green"))
    bright = Brightness()
    expected = 0.7 * text(IMAGES) + 0.3 * image(IMAGES) - 2 * torch.tensor(bright(IMAGES.clone()))
    before = IMAGES.clone()
    total = 0.7 * text + image * 0.3 - 2 * bright
    torch.testing.assert_close(total(IMAGES), expected)
    assert torch.equal(before, IMAGES)
    assert total.parts == (text, image, bright)
    assert total.weights == pytest.approx((0.7, 0.3, -2))
    torch.testing.assert_close((-2 * (total + bright))(IMAGES), -2 * expected - 2 * torch.tensor(bright(before)))
    torch.testing.assert_close((text - text)(IMAGES), torch.zeros(3))


@pytest.mark.parametrize("weight", [math.nan, math.inf, "2", None, True])
def test_weights_are_finite_numbers(weight):
    with pytest.raises(ArgumentError, match="weight"):
        _ = weight * Brightness()


def test_weights_that_overflow_are_refused():
    with pytest.raises(ArgumentError, match="weight"):
        _ = 1e200 * (1e200 * Brightness())


def test_only_objectives_can_be_added():
    for other in (1.0, len, None):
        with pytest.raises(TypeError):
            _ = Brightness() + other
        with pytest.raises(TypeError):
            _ = Brightness() - other
    with pytest.raises(ArgumentError, match="weight"):
        _ = Brightness() * Brightness()


def test_a_sum_names_what_its_parts_name():
    judges = Colours("one"), Colours("two")
    red, blue, green = (ss.TextObjective(judges[i], c) for i, c in ((0, "red"), (1, "blue"), (0, "green")))
    assert ((2 * red + Brightness()).prompt, (2 * red + Brightness()).judge) == ("red", "one")
    assert ((-red).prompt, (Brightness() + Brightness()).prompt) == ("-1 * red", None)
    assert (0.5 * red + blue + green).prompt == "0.5 * red + 1 * blue + 1 * green"
    assert (0.5 * red + blue + green).judge == "one, two"
    assert (Brightness() + Brightness()).judge is None


def test_a_judge_embeds_an_image_once_even_in_a_sum():
    one, two = Colours("one"), Colours("two")
    total = ss.TextObjective(one, "red") + 0.5 * ss.ImageObjective(one, plain("green"))
    mixed = total + ss.TextObjective(two, "blue") + Brightness()
    for objective, counts in ((total, (1, 0)), (mixed, (1, 1))):
        one.batches = two.batches = 0
        objective(IMAGES)
        assert (one.batches, two.batches) == counts
    assert not isinstance(mixed, ss.EmbeddingObjective)


@pytest.mark.parametrize("kind", ["text", "image", "picks", "sum"])
def test_embeddings_are_scored_as_the_images_are(judge, faces, kind):
    objective = {
        "text": ss.TextObjective(judge, "red hair"),
        "image": ss.ImageObjective(judge, faces[:1]),
        "picks": ss.PicksObjective(judge, faces[:2], faces[2:3]),
        "sum": 0.7 * ss.TextObjective(judge, "red hair") - ss.PicksObjective(judge, faces[:2]),
    }[kind]
    assert isinstance(objective, ss.EmbeddingObjective)
    assert objective.network is judge
    embeddings = judge.embed_images(faces)
    torch.testing.assert_close(objective.of_embeddings(embeddings), objective(faces), atol=1e-5, rtol=0)
    with pytest.raises(ArgumentError, match="embeddings"):
        objective.of_embeddings(embeddings[:, 1:])


def test_every_objective_tells_itself_from_others(classifier):
    judge, statistics = Colours(), ss.FeatureStatistics(2).add(torch.eye(2))
    makers = [
        lambda: ss.TextObjective(judge, "red"),
        lambda: ss.TextObjective(judge, "blue"),
        lambda: ss.TextObjective(Colours("other"), "red"),
        lambda: ss.ImageObjective(judge, plain("red")),
        lambda: ss.ImageObjective(judge, plain("blue")),
        lambda: ss.PicksObjective(judge, plain("red")),
        lambda: ss.PicksObjective(judge, plain("red"), plain("blue")),
        lambda: ss.ClassObjective(classifier, "mouth", "smile"),
        lambda: ss.RealismObjective(len, statistics),
        lambda: ss.RealismObjective(len, ss.FeatureStatistics(2).add(2 * torch.eye(2))),
        lambda: ss.TextObjective(judge, "red") + Brightness(),
        lambda: 2 * ss.TextObjective(judge, "red") + Brightness(),
    ]
    assert len({repr(make()) for make in makers}) == len(makers)
    assert [repr(make()) for make in makers] == [repr(make()) for make in makers]


def test_an_objective_that_does_not_score_each_image_is_named():
    class Short(ss.Objective):
        def __call__(self, images):
            return images[1:].mean(dim=(1, 2, 3))

    with pytest.raises(ArgumentError, match=r"Short\(images\).* one score for each of 3 images"):
        score_columns([Brightness(), Short()], IMAGES)


def test_a_sum_is_searched_and_its_recipe_names_it(judge, classifier):
    generator = ss.load("avatars", device="cpu")
    objective = 0.5 * ss.TextObjective(judge, "glasses") + 0.1 * ss.ClassObjective(classifier, "mouth", "smile")
    *_, last = ss.search(generator, objective, ss.RandomSearch(generator.z_dim, population=4), generations=2)
    assert (last.best.found.prompt, last.best.found.judge) == ("glasses", "avatars")

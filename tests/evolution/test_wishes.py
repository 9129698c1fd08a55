"""Wishes are taken apart, and images are told from each other by what they meet."""

from typing import ClassVar

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.errors import ArgumentError
from spaceseed.evolution.wishes import Wish, WishObjective

# typed: the text to compare images with, what is wanted, what is refused
WISHES = {
    "a smiling woman with red hair": ("a smiling woman with red hair", ["smiling", "woman", "red hair"], []),
    "a woman without glasses": ("a woman", ["woman"], ["glasses"]),
    "old man without a beard, smiling": ("old man, smiling", ["old", "man", "smiling"], ["beard"]),
    "red hair, no glasses or beard": ("red hair", ["red hair"], ["glasses", "beard"]),
    "not smiling but with a hat": ("a hat", ["hat"], ["smiling"]),
    "a man who isn't smiling": ("a man", ["man"], ["smiling"]),
    "She isn\u2019t smiling": ("a woman", ["woman"], ["smiling"]),
    "No glasses": ("", [], ["glasses"]),
    "A WOMAN WITHOUT GLASSES": ("A WOMAN", ["woman"], ["glasses"]),
    "not too old": ("", [], ["old"]),
    "he has no hair": ("a man", ["man"], ["hair"]),
    "a woman who is not wearing glasses": ("a woman", ["woman"], ["glasses"]),
    "a girl that doesnt have a hat": ("a girl", ["girl"], ["hat"]),
    "not in a red hoodie": ("", [], ["red hoodie"]),
    "a man with no beard who smiles": ("a man who smiles", ["man", "smiles"], ["beard"]),
    "without any glasses or hats, but with a beard": ("a beard", ["beard"], ["glasses", "hats"]),
    "man without glasses, a beard or a hat, smiling": ("man, smiling", ["man", "smiling"], ["glasses", "beard", "hat"]),
    "no beard, red hair and a hat": ("red hair and a hat", ["red hair", "hat"], ["beard"]),
    "without a hat or with glasses": ("glasses", ["glasses"], ["hat"]),
    "a man with or without glasses, bald": ("a man, bald", ["man", "bald"], []),
    "nothing but a hat": ("a hat", ["hat"], []),
    "not only old but also bald": ("old but also bald", ["old", "bald"], []),
    "no makeup look": ("", [], ["makeup look"]),
    "a no-makeup look": ("a no-makeup look", ["no-makeup look"], []),
    "no-one": ("no-one", ["no-one"], []),
    "knot": ("knot", ["knot"], []),
    "notable man": ("notable man", ["notable", "man"], []),
    "black and white": ("black and white", ["black and white"], []),
    "A black and white photo of a man": ("A black and white photo of a man", ["black and white", "man"], []),
    "black beard and white hair": ("black beard and white hair", ["black beard", "white hair"], []),
    "winking, with square glasses": ("winking with square glasses", ["winking", "square glasses"], []),
    "red hair/glasses & hat": ("red hair / glasses & hat", ["red hair", "glasses", "hat"], []),
    "a woman (no glasses) - old": ("a woman - old", ["woman", "old"], ["glasses"]),
    "a woman \u2014 no \U0001f453": ("a woman", ["woman"], []),
    "woman's face, red-haired": ("woman's face, red-haired", ["woman", "red-haired"], []),
    "eine Frau ohne Brille": ("eine Frau ohne Brille", ["eine frau ohne brille"], []),
    "\u7737\u93e1": ("\u7737\u93e1", ["\u7737\u93e1"], []),
    "\U0001f600": ("", [], []),
    "neither glasses nor a beard, red hair": ("red hair", ["red hair"], ["glasses", "beard"]),
    "a photo of a fluffy white cat on a sofa": ("a fluffy white cat on a sofa", ["fluffy white cat", "sofa"], []),
    "bald man sticking out his tongue": (
        "bald man sticking out his tongue",
        ["bald", "man", "sticking out tongue"],
        [],
    ),
    "no glasses": ("", [], ["glasses"]),
    "Happy   person, happy": ("Happy person, happy", ["happy"], []),
    "nobody knows nothing": ("nobody knows nothing", ["nobody knows nothing"], []),
    ", .": ("", [], []),
    "": ("", [], []),
}


@pytest.mark.parametrize("typed", WISHES)
def test_a_wish_is_taken_apart(typed):
    wish = Wish.parse(typed)
    phrases = [[phrase.text for phrase in part] for part in (wish.wanted, wish.refused)]
    assert (wish.text, *phrases) == WISHES[typed]


@given(st.text(max_size=80))
def test_any_text_can_be_typed(typed):
    wish = Wish.parse(typed)
    assert wish.typed == " ".join(typed.split())
    assert all(phrase.text.strip() for phrase in wish.phrases)
    assert len(set(wish.phrases)) == len(wish.phrases)


@pytest.mark.parametrize("typed", WISHES)
def test_capitals_change_nothing(typed):
    assert Wish.parse(typed.upper()).phrases == Wish.parse(typed).phrases


PARTS = ("red hair", "no glasses", "without a beard", "smiling", "old man", "with", "and")


@given(st.lists(st.sampled_from(PARTS), max_size=6))
def test_what_is_refused_is_not_in_the_text(parts):
    wish = Wish.parse(", ".join(parts))
    words = wish.text.lower()
    assert not any(phrase.text in words for phrase in wish.refused)


class Eye:
    """A judge that sees one number for each of three words; a text is the mean of its words."""

    name, matching = "eye", None
    kinds: ClassVar[dict[str, tuple[str, ...]]] = {}
    words = ("smiling", "woman", "glasses")

    def embed_text(self, text):
        texts = [text] if isinstance(text, str) else text
        rows = torch.tensor([[float(word in each) for word in self.words] for each in texts])
        return torch.nn.functional.normalize(rows, dim=1)

    def embed_images(self, images):
        return torch.nn.functional.normalize(images.mean(dim=(2, 3)), dim=1)


# Unit vectors evenly over the sphere, so that each word is seen from -1 to 1.
NATURAL = torch.nn.functional.normalize(torch.randn(4000, 3, generator=torch.Generator().manual_seed(0)), dim=1)


def faces(*rows):
    return torch.nn.functional.normalize(torch.tensor(rows, dtype=torch.float32), dim=1)


def test_an_image_with_everything_is_preferred_to_a_clearer_one_that_lacks_a_part():
    objective = WishObjective(Eye(), "a smiling woman", NATURAL)
    both, clearer = faces([1.0, 0.85, 0.4], [1.0, 0.35, 0.0])
    both_score, clearer_score = objective.of_embeddings(torch.stack([both, clearer])).tolist()
    assert both_score > clearer_score
    assert objective.met(torch.stack([both, clearer])).tolist() == [[True, True], [True, False]]


def test_a_refused_phrase_is_met_where_it_is_absent():
    objective = WishObjective(Eye(), "a woman without glasses", NATURAL)
    with_glasses, without = faces([0.0, 1.0, 1.0], [0.0, 1.0, -0.5])
    assert objective.met(torch.stack([with_glasses, without])).tolist() == [[True, False], [True, True]]
    scores = objective.of_embeddings(torch.stack([with_glasses, without]))
    assert scores[1] > scores[0]


def test_kinds_of_what_is_refused_are_refused_too():
    eye = Eye()
    smiling = faces([1.0, 0.0, 0.0])
    assert WishObjective(eye, "no glasses", NATURAL).met(smiling).all()
    eye.kinds = {"glasses": ("smiling",)}
    assert not WishObjective(eye, "no glasses", NATURAL).met(smiling).any()
    assert not WishObjective(eye, "glasses", NATURAL).met(smiling).any()


@pytest.mark.parametrize("wish", ["no glasses", "a person without glasses"])
def test_only_refusals_can_be_searched_for(wish):
    scores = WishObjective(Eye(), wish, NATURAL).of_embeddings(faces([0, 0, 1], [0, 1, -1]))
    assert scores[1] > scores[0]


def test_what_is_refused_counts_more_than_a_clearer_match():
    objective = WishObjective(Eye(), "a smiling woman without glasses", NATURAL)
    with_glasses, without = objective.of_embeddings(faces([1.0, 1.0, 0.6], [1.0, 0.8, -0.4])).tolist()
    assert without > with_glasses


def test_far_from_what_is_refused_is_no_better_than_without_it():
    objective = WishObjective(Eye(), "no glasses", NATURAL)
    assert objective.of_embeddings(faces([0, 0, -1], [0.05, 0, -1])).tolist() == pytest.approx([0, 0])


def test_a_judge_that_knows_what_matches_is_believed_where_nature_has_no_example():
    natural = NATURAL[NATURAL[:, 2] < 0.2]  # nobody wears glasses
    eye = Eye()
    almost = faces([0.0, 1.0, 0.2])
    assert WishObjective(eye, "glasses", natural).met(almost).all()
    eye.matching = 0.8
    assert not WishObjective(eye, "glasses", natural).met(almost).any()
    assert WishObjective(eye, "glasses", natural).met(faces([0.0, 0.1, 1.0])).all()


def test_one_natural_image_gives_no_extreme_scores():
    objective = WishObjective(Eye(), "a smiling woman without glasses", NATURAL[:1])
    assert objective.of_embeddings(NATURAL).abs().max() < 100


def test_an_image_scores_as_its_embedding():
    objective = WishObjective(Eye(), "a smiling woman", NATURAL)
    images = torch.rand(3, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    assert torch.equal(objective(images), objective.of_embeddings(Eye().embed_images(images)))
    assert (objective.prompt, objective.judge) == ("a smiling woman", "eye")


@pytest.mark.parametrize(
    ("wish", "natural", "named"),
    [
        ("", NATURAL, "wish"),
        (", and", NATURAL, "wish"),
        ("smiling " * 60, NATURAL, "wish"),
        (3, NATURAL, "wish"),
        ("\U0001f600", NATURAL, "wish"),
        ("smiling", NATURAL[:0], "natural"),
        ("smiling", NATURAL[:, :2], "natural"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(wish, natural, named):
    with pytest.raises(ArgumentError, match=named):
        WishObjective(Eye(), wish, natural)

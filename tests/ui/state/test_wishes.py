"""What an image has of a wish, in words."""

import pytest

from spaceseed.evolution.wishes import Wish
from spaceseed.recipes.recipe import Found
from spaceseed.ui.state.wishes import parts, said, short, summary

PHRASES = Wish.parse("a smiling woman with red hair, no glasses").phrases


def found(phrases, met):
    has, lacks = parts(phrases, [bool(yes) for yes in met])
    return Found(has=has, lacks=lacks)


@pytest.mark.parametrize(
    ("met", "words", "few", "sentence"),
    [
        (
            [1, 1, 1, 1],
            "Has smiling, woman, red hair, no glasses",
            "has all 4",
            "The best image has all that you asked for.",
        ),
        (
            [1, 0, 1, 1],
            "Has smiling, red hair, no glasses; lacks woman",
            "lacks woman",
            "The best image has 3 of 4: it lacks woman.",
        ),
        (
            [0, 0, 0, 0],
            "Lacks smiling, woman, red hair and shows glasses, which you refused",
            "lacks smiling, woman, red hair and shows glasses",
            "The best image has 0 of 4: it lacks smiling, woman, red hair and shows glasses, which you refused.",
        ),
    ],
)
def test_phrases_are_listed_and_summed_up(met, words, few, sentence):
    find = found(PHRASES, met)
    assert (said(find), short(find), summary(find)) == (words, few, sentence)


def test_a_single_phrase_is_not_counted():
    missed = found(Wish.parse("red hair").phrases, [False])
    assert summary(missed) == "The best image lacks red hair."
    assert short(found(Wish.parse("red hair").phrases, [True])) == "has it"
    assert said(Found()) == short(Found()) == ""

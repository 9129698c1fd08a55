"""What an image has of a wish, in words."""

import pytest

from spaceseed.evolution.wishes import Wish
from spaceseed.ui.search.met import listed, summary

PHRASES = Wish.parse("a smiling woman with red hair, no glasses").phrases


@pytest.mark.parametrize(
    ("met", "said", "sentence"),
    [
        ([1, 1, 1, 1], "Has smiling, woman, red hair, no glasses", "The best image has all that you asked for."),
        (
            [1, 0, 1, 1],
            "Has smiling, red hair, no glasses; lacks woman",
            "The best image has 3 of 4: it lacks woman.",
        ),
        (
            [0, 0, 0, 0],
            "Lacks smiling, woman, red hair and shows glasses, which you refused",
            "The best image has 0 of 4: it lacks smiling, woman, red hair and shows glasses, which you refused.",
        ),
    ],
)
def test_phrases_are_listed_and_summed_up(met, said, sentence):
    met = [bool(yes) for yes in met]
    assert listed(PHRASES, met) == said
    assert summary(PHRASES, met) == sentence


def test_a_single_phrase_is_not_counted():
    assert summary(Wish.parse("red hair").phrases, [False]) == "The best image lacks red hair."
    assert listed((), ()) == ""

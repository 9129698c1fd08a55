"""What is said of words that a judge has never seen."""

import pytest

from spaceseed.models.judges.clip import load_judge
from spaceseed.models.zoo.loading import card
from spaceseed.ui.state import prompts
from spaceseed.ui.state.examples import subject_of


@pytest.fixture(scope="module")
def judge():
    return load_judge()


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        ("a smiling woman with red hair", []),
        ("Red-haired MAN, round glasses.", []),
        ("a dragon in a castle", ["dragon", "castle"]),
        ("femme souriante", ["femme", "souriante"]),
        ("dragon dragon", ["dragon"]),
        ("😀", ["😀"]),
        ("<script>alert(1)</script>", ["script", "alert"]),
    ],
)
def test_words_that_the_judge_never_saw_are_found(judge, prompt, unknown):
    assert prompts.unknown_words(judge, prompt) == unknown


def test_a_judge_of_any_text_knows_all_words():
    class Public:
        name = "ViT-B-32/laion2b_s34b_b79k"

    assert prompts.unknown_words(Public(), "a dragon") == []


def test_unknown_words_are_said(judge):
    assert prompts.about_unknown_words(judge, "a woman") == ""
    sentence = prompts.about_unknown_words(judge, "five six seven eight dragons with wings")
    assert sentence.startswith('Not understood: "five", "six", "seven" and more.')


def test_the_example_prompts_are_known(judge, said):
    examples = subject_of(card("avatars")).prompts
    assert len(examples) >= 8
    assert not any(prompts.unknown_words(judge, prompt) for prompt in examples)

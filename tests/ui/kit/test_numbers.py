import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.models.generators.generator import MAX_SEED
from spaceseed.ui.kit.numbers import is_number, number, parse_numbers, whole

NO_NUMBERS = [None, "3", True, [3], math.nan, math.inf, -math.inf, 10**400]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: str(value)[:9])
def test_what_is_no_finite_number_is_none(value):
    assert not is_number(value)
    for check in (number, whole):
        with pytest.raises(ValueError, match="Seconds must be"):
            check(value, 0, 10, "Seconds")


@pytest.mark.parametrize("value", [-1, 10.5, 11])
def test_numbers_out_of_range_get_a_sentence(value):
    assert is_number(value)
    with pytest.raises(ValueError, match=r"Seconds must be a number from 0 to 10\."):
        number(value, 0, 10, "Seconds")
    with pytest.raises(ValueError, match=r"Seconds must be a whole number from 0 to 10\."):
        whole(value, 0, 10, "Seconds")


def test_a_number_within_its_range_is_taken():
    assert number(2.5, 0, 10, "Seconds") == 2.5
    assert whole(10.0, 0, 10, "Seconds") == 10
    with pytest.raises(ValueError, match="whole"):
        whole(2.5, 0, 10, "Seconds")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("3, 1,2", [3, 1, 2]), ("1-4", [1, 2, 3, 4]), (" 2 – 3; 1 1", [2, 3, 1, 1]), ("5", [5])],
)
def test_order_and_repeats_are_kept(text, numbers):
    assert parse_numbers(text, 1, 5, "find") == numbers


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write some finds first: whole numbers from 1 to 5."),
        ("Ada", "'Ada' is not a find"),
        ("1.5", "'1.5' is not a find"),
        ("-1", "'-1' is not a find"),
        ("6", "go from 1 to 5, and 6 is not among them"),
        ("0-3", "go from 1 to 5"),
        ("4-2", "runs backwards"),
        ("1-5 1-5 1-5", "These are 15 finds: 10 are allowed."),
        ("9" * 5_000, "is not a find"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        parse_numbers(text, 1, 5, "find", limit=10)
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 120


def parse_seeds(text):
    return parse_numbers(text, 0, MAX_SEED, "seed", limit=36, repeats=False)


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("42", [42]),
        ("1, 2, 42", [1, 2, 42]),
        ("1 2;42\n7", [1, 2, 42, 7]),
        ("0-3", [0, 1, 2, 3]),
        (" 0 – 3 , 9,", [0, 1, 2, 3, 9]),
        ("5, 5, 4-6", [5, 4, 6]),
        (str(MAX_SEED), [MAX_SEED]),
    ],
)
def test_repeats_can_be_left_out(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Write some seeds"),
        (" , ;", "Write some seeds"),
        ("-5", "'-5' is not a seed"),
        ("cat", "'cat' is not a seed"),
        ("1.5", "'1.5' is not a seed"),
        ("٣", "is not a seed"),
        ("😀" * 5000, "is not a seed"),
        (str(MAX_SEED + 1), "not among them"),
        ("9-3", "runs backwards"),
        ("0-4000000000", "too long"),
        (" ".join(map(str, range(37))), "37 seeds"),
    ],
)
def test_what_is_wrong_with_seeds_is_said_in_a_sentence(text, problem):
    with pytest.raises(ValueError, match=problem) as caught:
        parse_seeds(text)
    assert len(str(caught.value)) < 150


@given(st.text(max_size=200))
def test_any_text_gives_seeds_or_a_sentence(text):
    try:
        seeds = parse_seeds(text)
    except ValueError as error:
        sentence = str(error)
    else:
        sentence = f"{len(seeds)} seeds."
        assert 1 <= len(seeds) <= 36
        assert all(0 <= seed <= MAX_SEED for seed in seeds)
    assert sentence.endswith(".")

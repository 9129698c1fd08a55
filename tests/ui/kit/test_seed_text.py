import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.models.generators.generator import MAX_SEED
from spaceseed.ui.kit.seed_text import parse_seeds


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
def test_reads_numbers_and_ranges(text, seeds):
    assert parse_seeds(text, 36) == seeds


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
        (str(MAX_SEED + 1), "too large"),
        ("9-3", "runs backwards"),
        ("0-4000000000", "too long"),
        (" ".join(map(str, range(37))), "37 seeds"),
    ],
)
def test_says_what_is_wrong(text, problem):
    with pytest.raises(ValueError, match=problem) as caught:
        parse_seeds(text, 36)
    assert len(str(caught.value)) < 150


@given(st.text(max_size=200))
def test_any_text_gives_seeds_or_a_sentence(text):
    try:
        seeds = parse_seeds(text, 36)
    except ValueError as error:
        sentence = str(error)
    else:
        sentence = f"{len(seeds)} seeds."
        assert 1 <= len(seeds) <= 36
        assert all(0 <= seed <= MAX_SEED for seed in seeds)
    assert sentence.endswith(".")

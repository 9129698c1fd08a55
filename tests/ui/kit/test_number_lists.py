"""Numbers as visitors write them."""

import pytest

from spaceseed.ui.kit.number_lists import parse_numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("3, 1,2", [3, 1, 2]), ("1-4", [1, 2, 3, 4]), (" 2 – 3; 1 1", [2, 3, 1, 1]), ("5", [5])],
)
def test_order_and_repeats_are_kept(text, numbers):
    assert parse_numbers(text, 1, 5, "finds") == numbers


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write some finds first: 1 to 5."),
        ("Ada", "'Ada' is not a number"),
        ("1.5", "'1.5' is not a number"),
        ("-1", "'-1' is not a number"),
        ("6", "go from 1 to 5, and 6 is not among them"),
        ("0-3", "go from 1 to 5"),
        ("4-2", "runs backwards"),
        ("1-5 1-5 1-5", "too many finds: 10"),
        ("9" * 5_000, "is not a number"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        parse_numbers(text, 1, 5, "finds", limit=10)
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 120

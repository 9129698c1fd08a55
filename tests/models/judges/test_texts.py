"""Long texts are split at suitable positions into parts that fit, and nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.models.judges.texts import split_text


def shorter(limit):
    return lambda text: len(text.split()) <= limit and all(len(word) <= 4 * limit for word in text.split())


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("one two three", 3, ["one two three"]),
        ("  one  ", 3, ["  one  "]),
        ("One two. Three, four five six.", 5, ["One two.", "Three, four five six."]),
        ("one two three, four five six", 5, ["one two three,", "four five six"]),
        ("one two three four five six", 5, ["one two three", "four five six"]),
        ("one two three\nfour five six", 5, ["one two three", "four five six"]),
        ("one two, three four five six", 3, ["one two,", "three four", "five six"]),
        ("A. one two three four five", 5, ["A. one two", "three four five"]),  # not "A." by itself
        ("3.5 one two 3.5 one two", 5, ["3.5 one two", "3.5 one two"]),
        ("x" * 40 + " one two", 5, ["x" * 20, "x" * 20, "one two"]),
    ],
)
def test_texts_are_cut_near_the_middle_at_the_best_place(text, limit, parts):
    assert split_text(text, shorter(limit)) == parts


@given(text=st.text(st.sampled_from("ab,. \n。é🙂"), max_size=200), limit=st.integers(1, 5))
def test_parts_fit_and_lose_nothing(text, limit):
    fits = shorter(limit)
    parts = split_text(text, fits)
    assert all(map(fits, parts))
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert parts == [text] or all(part.strip() for part in parts)


@given(words=st.lists(st.text("abcdefgh,.", min_size=1, max_size=8), min_size=1, max_size=60))
def test_no_word_is_cut_that_fits(words):
    words = [word.replace(",", "").replace("。", "") or "x" for word in words]
    parts = split_text(" ".join(words), lambda text: len(text) <= 8)
    assert [word for part in parts for word in part.split()] == words


def test_what_never_fits_ends():
    assert split_text("endless", lambda text: False) == list("endless")
    assert split_text("", lambda text: False) == [""]

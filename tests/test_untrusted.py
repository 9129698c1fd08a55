"""Text from strangers is made harmless, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from spaceseed.untrusted import StrictLine, clean_text

TEXTS = st.text(st.characters(codec=None))
LINE = TypeAdapter(StrictLine)


@given(text=TEXTS, limit=st.integers(1, 20))
def test_cleaned_text_is_short_printable_and_stays_as_it_is(text, limit):
    cleaned = clean_text(text, limit)
    assert len(cleaned) <= limit
    assert clean_text(cleaned, limit) == cleaned
    assert not set(cleaned) & set(map(chr, [*range(32), *range(127, 160), *range(0x202A, 0x202F)]))
    cleaned.encode()


@given(text=TEXTS)
def test_a_strict_line_takes_what_cleaning_leaves_as_it_is(text):
    cleaned = clean_text(text, 100)
    assert LINE.validate_python(cleaned) == cleaned


@pytest.mark.parametrize("character", ["\n", "\0", "\x85", "\u2028", "\u202e", "\u2066"])
def test_a_strict_line_refuses_what_is_not_one_line(character):
    with pytest.raises(ValidationError, match="not one line"):
        LINE.validate_python(f"a{character}b")

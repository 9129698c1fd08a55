import math

import pytest

from spaceseed.ui.kit.numbers import is_number, number, whole

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

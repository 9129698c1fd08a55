"""What the grid takes from the browser."""

import pytest

from spaceseed.ui.mix.grid import MixGrid


@pytest.mark.parametrize("payload", [None, {}, {"at": "0"}, {"at": [0]}, {"at": [-1, 0]}, {"at": [True, 0]}, 3])
def test_what_the_browser_makes_up_is_nothing(payload):
    assert MixGrid().preprocess(payload) is None
    assert MixGrid().preprocess({"at": [1, 2]}) == (1, 2)

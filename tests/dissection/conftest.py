"""What all tests of dissection share: the oracle, and its table."""

import pytest

from spaceseed.dissection.dissect import dissect
from tests.dissection.oracle import Shapes, colours


@pytest.fixture(scope="session")
def shapes():
    return Shapes()


@pytest.fixture(scope="session")
def segmenter():
    return colours()


@pytest.fixture(scope="session")
def units(shapes, segmenter):
    return dissect(shapes, segmenter, "shapes", 40)

"""What tests of the Search tab share."""

import pytest

from spaceseed.atlas.atlas import Atlas
from spaceseed.models.judges.clip import load_judge


@pytest.fixture(scope="module")
def judge():
    return load_judge()


@pytest.fixture(scope="module")
def atlas():
    return Atlas.open("avatars")

"""What tests of the Photo tab share."""

import pytest

from spaceseed.ui.shell.switching import switch


@pytest.fixture
def picture(generator, find, tmp_path):
    """The path of an avatar's picture, at a size that pictures have."""
    path = tmp_path / "private-name.png"
    find(7).save(path, generator, min_side=256)
    return path


@pytest.fixture
def moved(tiny_networks, newcomer):
    """Changes the newcomer's model."""

    def to(model):
        list(switch(tiny_networks, newcomer, model))
        return tiny_networks.generator(model)

    return to

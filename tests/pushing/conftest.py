"""The stand-in Hub with two people, and finds of the bundled model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.models.zoo import loading
from spaceseed.recipes.recipe import Found, Recipe
from tests.hub import StandInHub, stand_in_hub

TOKEN, OTHER = "hf_ada_0123456789secret", "hf_eve_9876543210secret"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[StandInHub]:
    with stand_in_hub(tmp_path / "cache") as hub:
        hub.users = {TOKEN: "ada", OTHER: "eve"}
        yield hub


@pytest.fixture(scope="session")
def generator() -> Generator:
    return loading.load("avatars", "cpu")


@pytest.fixture(scope="session")
def finds(generator: Generator) -> list[Recipe]:
    """A seed, and a face that was searched for in w."""
    z = latents_from_seeds([3, 4], generator.z_dim)
    w = generator.map(z)[1, 0]
    found = Found(by="search", prompt='red "hair",\nÄrger', score=0.31)
    return [
        Recipe.of(generator, z[0], seed=3, truncation=0.7, name="Ada | *bold*", found=Found(by="seed")),
        Recipe.of(generator, w, space="w", truncation=0.7, found=found),
    ]

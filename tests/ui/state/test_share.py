import base64
import zlib

import pytest
import torch

from spaceseed.recipes.recipe import Found, Recipe, RecipeError
from spaceseed.ui.state.share import MAX_LINK, SeedLink, read_query, write_query


def parameters(query: str | None) -> dict[str, str]:
    assert query is not None
    return dict(pair.split("=", 1) for pair in query.removeprefix("?").split("&"))


def test_a_seed_makes_a_short_link(find):
    query = write_query(find(42))
    assert query == "?model=avatars&seed=42&truncation=0.7"
    assert read_query(parameters(query)) == SeedLink("avatars", 42, 0.7)


def test_a_seed_alone_is_a_link_too():
    assert read_query({"seed": "42"}) == SeedLink("", 42, None)


def test_a_model_with_a_long_name_is_cut():
    assert len(read_query({"seed": "42", "model": "m" * 5000}).model) == 100


def test_a_seed_seen_in_another_way_takes_a_long_link(find):
    turned = find(42).replace(transform=torch.eye(3))
    assert list(parameters(write_query(turned))) == ["find"]
    assert read_query(parameters(write_query(turned))) == turned


def test_a_seed_that_is_not_the_latents_is_not_believed(find):
    assert list(parameters(write_query(find(42).replace(seed=43)))) == ["find"]


def test_a_link_holds_a_find_of_any_space_whole(generator):
    spread = torch.linspace(-1, 1, generator.num_ws * generator.w_dim).view(generator.num_ws, -1)
    for space, latent in {"z": spread.flatten()[: generator.z_dim], "w": spread[0], "ws": spread}.items():
        found = Found(by="search", prompt="ünïcode & <b>", score=0.25)
        recipe = Recipe.of(generator, latent.contiguous(), space=space, truncation=0.8, name="Ada", found=found)
        assert read_query(parameters(write_query(recipe))) == recipe


def test_no_link_is_too_long_for_a_server(generator):
    noise = torch.randn(64, 512, generator=torch.Generator().manual_seed(0))
    assert write_query(Recipe.of(generator, noise, space="ws")) is None


def test_an_ordinary_address_holds_nothing():
    assert read_query({"__theme": "dark"}) is None


BOMB = base64.urlsafe_b64encode(zlib.compress(b" " * 3_000_000)).decode()


@pytest.mark.parametrize(
    "query",
    [
        {"seed": "cat"},
        {"seed": "-1"},
        {"seed": "4294967296"},
        {"seed": "1", "truncation": "nan"},
        {"seed": "1", "truncation": "99"},
        {"find": ""},
        {"find": "AAAA"},
        {"find": "!!!"},
        {"find": "é"},
        {"find": BOMB},
        {"find": "A" * (MAX_LINK + 1)},
        {"find": base64.urlsafe_b64encode(zlib.compress(b'{"format": 1}')).decode()},
    ],
)
def test_a_bad_link_gets_one_sentence(query):
    with pytest.raises(RecipeError, match=r"\.$"):
        read_query(query)


def test_a_link_cut_short_gets_one_sentence(find):
    query = parameters(write_query(find(1).replace(seed=None)))
    for length in range(0, len(query["find"]), 97):
        with pytest.raises(RecipeError):
            read_query({"find": query["find"][:length]})

"""One find in full: its history, and its files."""

from dataclasses import replace

import pytest
import torch

from spaceseed.recipes.recipe import Found
from spaceseed.ui.finds.detail import history
from spaceseed.ui.state.view import View
from tests.ui.standins import find_of


def test_the_history_tells_how_a_find_came_about(find, generator):
    recipe = find(1).replace(found=Found(by="search", prompt="red hair", score=0.25))
    told = dict(history(recipe, generator.card))
    assert (told["Found"], told["Asked for (prompt)"], told["Likeness (score)"]) == (
        "searched for",
        "red hair",
        "0.250",
    )
    assert "Compared by (judge)" not in told
    assert "Kept away from what is bad (filter)" not in told


def test_the_history_names_the_filter(find, generator):
    name = "soft network in w, 50% kept, 6f90325fc0a6178f"
    told = history(find(1).replace(found=Found(by="breed", avoided=name)), generator.card)
    assert ("Kept away from what is bad (filter)", name) in told


@pytest.mark.parametrize(
    ("model", "chosen", "said"),
    [
        ("tiny-classes", [2], ("Kinds (classes)", "kind 2")),
        ("tiny-classes", [3, 1, 0], ("Kinds (classes)", "kind 0 33.3 %, kind 1 33.3 %, kind 3 33.3 %")),
        ("tiny-attributes", [4, 1], ("Attributes", "hair: curly, mood: angry")),
        ("tiny-attributes", [2, 3], ("Attributes", "mood: glad 50 %, mood: sad 50 %")),
        ("tiny-attributes", [], ("Attributes", "left open")),
    ],
)
def test_the_history_names_the_classes(tiny_networks, model, chosen, said):
    generator = tiny_networks.generator(model)
    space = View.of(generator).changed(generator, [0.7, chosen, 0, 0, 0]).space(generator)
    assert said in history(space.recipe(space.draw([3])[0]), tiny_networks.cards[model])


def test_the_history_names_no_classes_where_there_are_none(tiny_networks):
    card = tiny_networks.cards["tiny-classes"]
    strange = find_of(tiny_networks, "tiny-classes").replace(labels=torch.full((7,), 1e38))
    assert "Kinds (classes)" not in dict(history(strange, card))
    assert "Kinds (classes)" not in dict(history(find_of(tiny_networks, "avatars"), tiny_networks.cards["avatars"]))
    assert len(dict(history(strange, replace(card, classes=tuple("abcdefg"))))["Kinds (classes)"]) < 1000
    crowd = replace(card, classes=tuple(f"kind {i}" for i in range(100)))
    told = dict(history(strange.replace(labels=torch.full((100,), 0.01)), crowd))
    assert told["Kinds (classes)"].endswith("kind 15 1 %, 84 more")

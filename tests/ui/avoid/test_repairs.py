"""The repair of the Avoid tab: found, shown, used and loaded."""

import pytest
import torch

from spaceseed.dissection.repair import Repair
from spaceseed.errors import DissectionError
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.avoid.examples import find_by_words
from spaceseed.ui.avoid.learning import FROM_IMAGES
from spaceseed.ui.avoid.repairs import find, load, other_seeds, pictures, show_state, use_in_breed, use_in_search
from spaceseed.ui.avoid.telling import REPAIRED, breed_line, search_line
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.search.tab import ask
from spaceseed.ui.shell.switching import switch
from spaceseed.ui.state.marks import recipes
from tests.ui.avoid.lessons import brightness, mark, study


@pytest.fixture
def repaired(bright_networks, learner):
    """One who found a repair of what is bright."""
    list(find_by_words(bright_networks, learner, "something bright", 100))
    *_, (said, _) = find(bright_networks, learner)
    assert said.startswith("Found")
    return learner


def test_what_is_bad_is_limited(bright_networks, repaired):
    workspace = repaired.workspace
    space = workspace.view.space(bright_networks.generator(repaired.model))
    vectors = space.draw(range(500, 700))
    after = brightness(space.repaired(workspace.repairing.repair), vectors)
    assert after.mean() < brightness(space, vectors).mean()


def test_a_repair_is_described(bright_networks, repaired):
    column, told, in_breed, in_search, download = show_state(bright_networks, repaired)
    repair = repaired.workspace.repairing.repair
    assert column.visible
    assert told.startswith(f"Units that are limited: {repair.count}, in {repair.edits[0].layer}")
    assert (in_breed, in_search) == (False, False)
    assert Repair.open(download.value["path"]).edits == repair.edits


def test_images_are_shown_without_and_with_it(bright_networks, repaired):
    *_, (before, after) = pictures(bright_networks, repaired)
    assert len(before) == len(after) == 12
    assert [tile["caption"] for tile in before] == [f"seed {i}" for i in range(12)]
    assert [tile["find"] for tile in before] != [tile["find"] for tile in after]
    *_, (before, _) = other_seeds(bright_networks, repaired)
    assert before[0]["caption"] == "seed 12"


def test_breed_draws_repaired_images_and_their_recipes_name_it(bright_networks, repaired):
    workspace, generator = repaired.workspace, bright_networks.generator(repaired.model)
    plain = recipes(generator, workspace.view, workspace.breeding.page)
    use_in_breed(bright_networks, repaired, True)
    found = recipes(generator, workspace.view, workspace.breeding.page)
    assert all(recipe.edits[0].name == str(workspace.repairing.repair) for recipe in found)
    assert breed_line(workspace.avoiding, workspace.repairing) == REPAIRED
    again = Recipe.from_json(found[0].to_json())
    assert not torch.equal(again.render(generator), plain[0].render(generator))
    use_in_breed(bright_networks, repaired, False)
    assert recipes(generator, workspace.view, workspace.breeding.page) == plain
    assert breed_line(workspace.avoiding, workspace.repairing) == ""


def test_repaired_finds_can_be_bred(bright_networks, repaired):
    workspace, generator = repaired.workspace, bright_networks.generator(repaired.model)
    use_in_breed(bright_networks, repaired, True)
    found = recipes(generator, workspace.view, workspace.breeding.page)
    assert workspace.breed_from(generator, found[:2]) is None


def test_searches_draw_repaired_images_where_they_are_asked_to(bright_networks, repaired):
    workspace, generator = repaired.workspace, bright_networks.generator(repaired.model)
    asked = {"prompt": "anything", "algorithm": "Random search", "space": "z", "generations": 2, "warm_start": 0}

    def space():
        return ask(repaired, workspace.view, Picked({}, None), asked).space(generator)

    assert space().repair is None
    use_in_search(bright_networks, repaired, True)
    assert space().repair is workspace.repairing.repair
    assert search_line(workspace.avoiding, workspace.repairing) == REPAIRED
    use_in_breed(bright_networks, repaired, True)
    use_in_search(bright_networks, repaired, False)
    assert space().repair is None


def test_a_file_can_be_loaded_again(bright_networks, repaired, tmp_path):
    repair = repaired.workspace.repairing.repair
    repair.save(tmp_path / "repair.safetensors")
    repaired.workspace.repairing.repair = None
    load(bright_networks, repaired, str(tmp_path / "repair.safetensors"))
    assert repaired.workspace.repairing.repair.edits == repair.edits


def test_a_file_of_another_model_leaves_the_repair_before(bright_networks, repaired, tmp_path):
    repair = repaired.workspace.repairing.repair
    repair.save(tmp_path / "repair.safetensors")
    list(switch(bright_networks, repaired, "tiny-pggan"))
    with pytest.raises(DissectionError, match="belongs to the model"):
        load(bright_networks, repaired, str(tmp_path / "repair.safetensors"))
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    with pytest.raises(DissectionError, match="damaged"):
        load(bright_networks, repaired, str(tmp_path / "bad.safetensors"))
    assert repaired.workspace.repairing.repair is None
    list(switch(bright_networks, repaired, "tiny-stylegan2"))
    assert repaired.workspace.repairing.repair is repair


def test_too_few_marks_are_told(bright_networks, learner):
    mark(learner, bad=[0, 1], good=[2, 3])
    with pytest.raises(DissectionError, match="mark some more"):
        list(find(bright_networks, learner))
    with pytest.raises(ValueError, match="Find the units first"):
        use_in_breed(bright_networks, learner, True)
    with pytest.raises(ValueError, match="Find the units first"):
        use_in_search(bright_networks, learner, True)
    assert pictures(bright_networks, learner).__next__() == [[], []]


def test_what_all_visitors_share_is_not_repaired(bright_networks, repaired):
    use_in_breed(bright_networks, repaired, True)
    study(bright_networks, repaired, method=FROM_IMAGES)
    learned = repaired.workspace.avoiding.learned
    assert learned.space.repair is None

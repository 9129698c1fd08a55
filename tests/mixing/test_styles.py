"""Style mixing takes some style layers of one find from another."""

import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.mixing.styles import mix, style_groups
from spaceseed.mixing.walk import walk
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.recipes.recipe import Recipe, RecipeError
from tests.mixing.finds import EDIT, G, find, make_generator


class TestGroups:
    def test_every_layer_is_in_one_group(self):
        for size in (8, 16, 32):
            generator = make_generator(size=size)
            assert [i for group in style_groups(generator).values() for i in group] == list(range(generator.num_ws))
            assert all(style_groups(generator).values())

    def test_a_model_with_one_style_has_none(self):
        alone = make_generator()
        alone.num_ws = 1
        with pytest.raises(ArgumentError, match="mix"):
            style_groups(alone)


class TestMix:
    def test_layers_come_from_the_other_and_the_rest_from_the_base(self, tmp_path):
        child = mix(G, find(1), find(2), [0, 3])
        child.save(tmp_path / "child.json")
        ws = Recipe.open(tmp_path / "child.json").ws(G)
        torch.testing.assert_close(ws[:, [0, 3]], find(2).ws(G)[:, [0, 3]])
        torch.testing.assert_close(ws[:, [1, 2, 4]], find(1).ws(G)[:, [1, 2, 4]])
        assert child.found.parents == (find(1).id, find(2).id)
        assert child.name == "seed 1"

    def test_finds_of_one_truncation_can_be_truncated_further(self):
        child = mix(G, find(1), find(2), [0])
        assert child.truncation == 0.7
        torch.testing.assert_close(child.replace(truncation=0.0).ws(G), G.w_avg.expand(1, G.num_ws, -1))

    @pytest.mark.parametrize("fields", [{"truncation": 0.4}, {"edits": (EDIT,)}, {"truncation_cutoff": 2}])
    def test_finds_that_differ_are_mixed_as_they_look(self, fields):
        other = find(2, **fields)
        ws = mix(G, find(1), other, [1]).ws(G)
        assert torch.equal(ws[:, 1], other.ws(G)[:, 1])
        assert torch.equal(ws[:, 2], find(1).ws(G)[:, 2])

    @pytest.mark.parametrize("layers", [[], [8], [-1], range(3, 1)])
    def test_layers_that_do_not_exist_are_named(self, layers):
        with pytest.raises(ArgumentError, match="layers"):
            mix(G, find(1), find(2), layers)

    def test_one_layer_is_a_list_of_one(self):
        assert mix(G, find(1), find(2), 3) == mix(G, find(1), find(2), [3])
        recipes = [find(1), find(2)]
        assert torch.equal(walk(G, recipes, 4, layers=3), walk(G, recipes, 4, layers=[3]))

    def test_arguments_of_other_types_are_named(self):
        for arguments, name in (
            ((find(1), find(2), G, [0]), "generator"),
            ((G, "seed 1", find(2), [0]), "base"),
            ((G, find(1), [0], find(2)), "other"),
            ((G, find(1), find(2), "0"), "layers"),
        ):
            with pytest.raises(ArgumentError) as caught:
                mix(*arguments)
            assert caught.value.name == name
        for arguments, name in (
            (([find(1), find(2)], G, 4), "generator"),
            ((G, find(1), 4), "recipes"),
            ((G, [find(1), "seed 2"], 4), "recipes"),
            ((G, [find(1), find(2)], 4.5), "frames"),
        ):
            with pytest.raises(ArgumentError) as caught:
                walk(*arguments)
            assert caught.value.name == name

    def test_finds_of_different_models_do_not_mix(self):
        stranger = Recipe.of(make_generator("other"), latents_from_seeds([1], 8)[0])
        with pytest.raises(RecipeError, match="other"):
            mix(G, find(1), stranger, [0])

import io
import json
import math
import zipfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from spaceseed.errors import ArgumentError
from spaceseed.images import to_uint8
from spaceseed.models.generators.generator import ModelCard, latents_from_seeds
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.models.zoo import loading
from spaceseed.recipes.files import MAX_RECIPE_BYTES, MAX_ZIP_ENTRIES, write_zip
from spaceseed.recipes.recipe import Edit, Found, Recipe, RecipeError, open_any

SUFFIXES = (".png", ".json", ".npz")
SHAPES = {"z": (8,), "w": (8,), "ws": (4, 8)}


def make_generator(num_classes: int = 0) -> StyleGAN2:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = StyleGAN2(8, 8, {4: 8, 8: 4}, mapping_layers=2, num_classes=num_classes).requires_grad_(False)
        generator.w_avg.normal_()
        for name, parameter in generator.named_parameters():
            if name.endswith("noise_strength"):
                parameter.fill_(0.5)
    generator.card = ModelCard(
        id="tiny",
        title="Tiny",
        family="StyleGAN2",
        resolution=8,
        licence="CC0-1.0",
        terms="",
        source="",
        size=1,
        sha256="ab" * 32,
        truncation=0.7,
        bundled=False,
    )
    return generator


G = make_generator()


def make_recipe(**fields: Any) -> Recipe:
    return Recipe.of(G, **({"latent": latents_from_seeds([3], 8)[0]} | fields))


FULL = make_recipe(
    space="ws",
    latent=torch.linspace(-2, 2, 32).reshape(4, 8),
    truncation=0.7,
    truncation_cutoff=3,
    noise="random",
    noise_seed=5,
    edits=(Edit(name="smile", layers=(1, 2), vector=torch.full((8,), 0.1), amount=2.5),),
    seed=3,
    name="Ada 😀",
    found=Found(
        by="search",
        prompt="a smiling woman",
        judge="avatars",
        optimizer="CMAES",
        settings={"population": 32, "sigma": 0.5, "warm": True, "strategy": "rand/1/bin", "digits": "5"},
        score=0.31,
        generation=40,
        parents=("00ff", "ff00"),
        avoided="soft network in w, 50% kept, 6f90325fc0a6178f",
    ),
)


def save_zip(recipes: list[Recipe], path: Path) -> None:
    write_zip(path, ((f"{recipe.stem}.png", recipe.to_bytes(".png", G)) for recipe in recipes))


@cache
def written(recipe: Recipe, suffix: str) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"found{suffix}"
        recipe.save(path, G)
        return path.read_bytes()


def reopened(folder: Path, data: bytes, suffix: str) -> list[Recipe]:
    path = folder / f"upload{suffix}"
    path.write_bytes(data)
    return open_any(path)


def changed(**fields: Any) -> bytes:
    """Returns a recipe's JSON with some fields replaced, without id."""
    document = json.loads(make_recipe().to_json()) | fields
    del document["id"]
    return json.dumps(document).encode()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def npz(**members: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **members)
    return file.getvalue()


def png(text: str | None = None, size: tuple[int, int] = (1, 1), compress: bool = False) -> bytes:
    info, file = PngInfo(), io.BytesIO()
    if text is not None:
        info.add_itxt("spaceseed", text, zip=compress)
    Image.new("1", size).save(file, format="PNG", pnginfo=info)
    return file.getvalue()


LARGE_NPZ = npz(latent=np.zeros(480_000, np.float32), recipe=np.bytes_(b"{}"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("recipes")


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    def floats(shape: tuple[int, ...]) -> Tensor:
        numbers = st.floats(-(2.0**100), 2.0**100, width=32)  # images of these can be drawn, also with edits
        return torch.from_numpy(draw(arrays(np.float32, shape, elements=numbers)))

    finite = st.floats(allow_nan=False, allow_infinity=False)
    space = draw(st.sampled_from(sorted(SHAPES)))
    noise_seed = draw(st.none() | st.integers(0, 2**32 - 1))
    values = st.booleans() | st.integers(-(2**63), 2**63 - 1) | finite | st.text()
    return make_recipe(
        space=space,
        latent=floats(SHAPES[space]),
        truncation=draw(st.floats(-10, 10)),
        truncation_cutoff=draw(st.none() | st.integers(0, 4)),
        noise=draw(st.sampled_from(["const", "none"])) if noise_seed is None else "random",
        noise_seed=noise_seed,
        edits=[
            Edit(
                name=draw(st.text()),
                layers=draw(st.sets(st.integers(0, 3), min_size=1).map(tuple)),
                vector=floats((8,)),
                amount=amount,
            )
            for amount in draw(st.lists(st.floats(-1e6, 1e6), max_size=2))
        ],
        name=draw(st.text(max_size=200)),
        found=Found(
            prompt=draw(st.none() | st.text()),
            settings=draw(st.dictionaries(st.text(), values, max_size=3)),
            score=draw(st.none() | finite),
        ),
    )


class TestRoundTrip:
    @pytest.mark.parametrize("suffix", SUFFIXES)
    @settings(max_examples=30)
    @given(recipe=recipes())
    def test_every_recipe_survives_bit_for_bit(self, folder, suffix, recipe):
        path = folder / f"found{suffix}"
        recipe.save(path, G)
        again = Recipe.open(path)
        assert again == recipe
        assert again.id == recipe.id
        assert again.latent.numpy().tobytes() == recipe.latent.numpy().tobytes()  # also -0.0, which equals 0.0

    @pytest.mark.parametrize("suffix", SUFFIXES)
    @pytest.mark.parametrize("recipe", [make_recipe(), FULL], ids=["plain", "full"])
    def test_pixels_are_the_same_after_it(self, tmp_path, suffix, recipe):
        path = tmp_path / f"found{suffix}"
        recipe.save(path, G)
        assert torch.equal(Recipe.open(path).render(G), recipe.render(G))

    @pytest.mark.parametrize("suffix", [".png", ".json"])
    def test_the_filter_is_named(self, tmp_path, suffix):
        recipe = make_recipe(found=Found(by="breed", avoided="truncate mean in z, 75% kept,\n6f90325fc0a6178f"))
        recipe.save(tmp_path / f"found{suffix}", G)
        again = Recipe.open(tmp_path / f"found{suffix}")
        assert again.found.avoided == "truncate mean in z, 75% kept, 6f90325fc0a6178f"
        assert again.id == make_recipe().id

    def test_recipes_from_before_filters_were_named_are_read(self):
        document = json.loads(FULL.to_json())
        del document["found"]["avoided"]
        again = Recipe.from_json(json.dumps(document))
        assert again.found.avoided is None
        assert again.id == FULL.id

    def test_zip_keeps_order_and_takes_names_that_paths_cannot(self, tmp_path):
        kept = [FULL, make_recipe(name="../../etc/passwd"), make_recipe(name=""), FULL]
        save_zip(kept, tmp_path / "all.zip")
        assert open_any(tmp_path / "all.zip") == kept
        names = zipfile.ZipFile(tmp_path / "all.zip").namelist()
        assert names == ["001-ada.png", "002-etc-passwd.png", f"003-{kept[2].id}.png", "004-ada.png"]
        with pytest.raises(RecipeError, match="4 recipes, not one"):
            Recipe.open(tmp_path / "all.zip")

    @pytest.mark.parametrize(
        ("name", "stem"),
        [
            ("Ada & Bob!", "ada-bob"),
            ("Élodie Müller", "élodie-müller"),
            ("E\u0301lodie", "élodie"),
            ("हिन्दी चेहरा", "हिन्दी-चेहरा"),
            ("ใบหน้า", "ใบหน้า"),
            ("顔 3", "顔-3"),
            ("лицо/../лицо", "лицо-лицо"),
            ("a\u202eb.exe", "ab-exe"),
            ("nul:\\\\con", "nul-con"),
        ],
    )
    def test_file_names_keep_letters_of_all_scripts_and_nothing_else(self, name, stem):
        assert make_recipe(name=name).stem == stem

    @pytest.mark.parametrize("name", ["", "!?", "🌱"])
    def test_a_name_without_letters_gives_way_to_the_id(self, name):
        recipe = make_recipe(name=name)
        assert recipe.stem == recipe.id

    @pytest.mark.parametrize("letter", ["a", "é", "顔", "𒀀"])
    def test_a_long_name_still_makes_a_file_name(self, tmp_path, letter):
        recipe = make_recipe(name=100 * letter)
        assert set(recipe.stem) == {letter}
        recipe.save(tmp_path / f"001-{recipe.stem}.json")

    def test_the_png_shows_the_image(self, tmp_path):
        FULL.save(tmp_path / "found.PNG", G)
        with Image.open(tmp_path / "found.PNG") as image:
            assert np.array_equal(np.asarray(image), to_uint8(FULL.render(G))[0])

    @pytest.mark.parametrize("min_side", [1, G.resolution, G.resolution + 1, 100])
    def test_a_large_png_shows_each_pixel_as_a_square_and_holds_the_same_recipe(self, tmp_path, min_side):
        FULL.save(tmp_path / "found.png", G, min_side=min_side)
        times = math.ceil(min_side / G.resolution)
        pixels = to_uint8(FULL.render(G))[0]
        with Image.open(tmp_path / "found.png") as image:
            assert np.array_equal(np.asarray(image), np.kron(pixels, np.ones((times, times, 1), np.uint8)))
        assert Recipe.open(tmp_path / "found.png") == FULL

    @pytest.mark.parametrize("min_side", [0, 4097, 1.5])
    def test_a_png_is_not_enlarged_without_bounds(self, tmp_path, min_side):
        with pytest.raises(ArgumentError, match="min_side"):
            FULL.save(tmp_path / "found.png", G, min_side=min_side)

    def test_npz_is_plain_arrays(self, tmp_path):
        FULL.save(tmp_path / "found.npz")
        with np.load(tmp_path / "found.npz", allow_pickle=False) as file:
            assert np.array_equal(file["latent"], FULL.latent)
            assert "latent" not in json.loads(file["recipe"].item())

    def test_zips_of_other_programs_are_read_without_their_extra_entries(self, folder):
        data = zipped(
            {
                "faces/": b"",
                "faces/a.json": written(FULL, ".json"),
                "faces/b.NPZ": written(FULL, ".npz"),
                "README.txt": b"hello",
                "__MACOSX/faces/._a.json": b"\0\5\x16\7",
                "._b.npz": b"\0",
            }
        )
        assert reopened(folder, data, ".zip") == [FULL, FULL]


class TestRender:
    @pytest.mark.parametrize("truncation", [0.7, 1.0])
    def test_matches_the_generator_and_no_batch_matters(self, truncation):
        z = latents_from_seeds(range(5), 8)
        for latent in z:
            alone = G.synthesize(G.map(latent[None], truncation=truncation))
            assert torch.equal(make_recipe(latent=latent, truncation=truncation).render(G), alone)
        batch = G.synthesize(G.map(z, truncation=truncation))
        assert torch.allclose(make_recipe(latent=z[2], truncation=truncation).render(G), batch[2:3], atol=1e-5)

    @pytest.mark.parametrize("cutoff", [None, 0, 2])
    def test_all_three_spaces_mean_the_same_image(self, cutoff):
        z = latents_from_seeds([7], 8)
        ws = G.map(z)
        expected = G.map(z, truncation=0.6, truncation_cutoff=cutoff)
        for space, latent in {"z": z[0], "w": ws[0, 0], "ws": ws[0]}.items():
            recipe = make_recipe(space=space, latent=latent, truncation=0.6, truncation_cutoff=cutoff)
            assert torch.equal(recipe.ws(G), expected)
            assert recipe.render(G).shape == (1, 3, 8, 8)

    @pytest.mark.parametrize("amounts", [(1e6,), (9e5, 9e5), (9e5, 9e5, 9e5)])
    def test_edits_too_large_to_draw_are_refused_in_a_sentence(self, amounts):
        vector = torch.full((8,), 2e32)
        recipe = make_recipe(edits=[Edit(layers=(0,), vector=vector * 9e5 / a, amount=a) for a in amounts] * 2)
        with pytest.raises(RecipeError, match="so large that its image cannot be drawn"):
            recipe.render(G)

    def test_edits_move_their_layers_after_truncation_and_leave_the_recipe_alone(self):
        plain = FULL.replace(edits=()).ws(G)
        expected = plain.clone()
        expected[:, [1, 2]] += 0.25
        assert torch.allclose(FULL.ws(G), expected)
        assert torch.equal(FULL.ws(G), FULL.ws(G))

    def test_noise_is_the_recipes_own(self):
        seeds = [make_recipe(noise="random", noise_seed=seed).render(G) for seed in (1, 1, 2)]
        assert torch.equal(seeds[0], seeds[1])
        assert not torch.equal(seeds[0], seeds[2])
        const, none = make_recipe().render(G), make_recipe(noise="none").render(G)
        assert torch.equal(const, G.synthesize(make_recipe().ws(G), noise="const"))
        assert not torch.equal(const, none)

    def test_labels_reach_a_conditional_model(self):
        conditional = make_generator(num_classes=3)
        labels = torch.tensor([0.0, 0.5, 0.5])
        recipe = make_recipe(labels=labels)
        assert torch.equal(recipe.ws(conditional), conditional.map(recipe.latent[None], labels[None]))
        with pytest.raises(RecipeError, match="does not fit"):
            recipe.render(G)
        with pytest.raises(RecipeError, match="does not fit"):
            make_recipe().render(conditional)

    def test_models_are_loaded_only_by_id(self, monkeypatch):
        monkeypatch.setattr(loading, "list_models", lambda: [G.card])
        monkeypatch.setattr(loading, "load", {"tiny": G}.__getitem__)
        assert torch.equal(FULL.render(), FULL.render(G))
        for stranger in ("../../tmp/evil", "hub:evil/repo/file.pkl@main"):
            with pytest.raises(RecipeError, match="not among the models here"):
                FULL.replace(model=stranger).render()

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"model": "other"}, "made with the model 'other', not with 'tiny'"),
            ({"sha256": "0" * 64}, "other weights of 'tiny'"),
            ({"latent": torch.zeros(9)}, "does not fit"),
            ({"latent": torch.zeros(9), "space": "w"}, "does not fit"),
            ({"latent": torch.zeros(3, 8), "space": "ws"}, "does not fit"),
            ({"truncation_cutoff": 5}, "does not fit"),
            ({"edits": [Edit(layers=(4,), vector=torch.zeros(8), amount=1)]}, "does not fit"),
            ({"edits": [Edit(layers=(0,), vector=torch.zeros(1), amount=1)]}, "does not fit"),
        ],
    )
    def test_what_does_not_fit_the_model_is_said(self, fields, sentence):
        recipe = make_recipe().replace(**fields)
        for use in (recipe.ws, recipe.render):
            with pytest.raises(RecipeError, match=sentence):
                use(G)

    def test_a_network_without_a_card_has_no_recipes(self):
        nameless = make_generator()
        nameless.card = None
        with pytest.raises(ArgumentError, match="card"):
            Recipe.of(nameless, torch.zeros(8))
        with pytest.raises(RecipeError, match="without a card"):
            make_recipe().render(nameless)


class TestFields:
    def test_the_id_follows_the_pixels_alone(self):
        same = FULL.replace(
            name="Bob", found=Found(), seed=None, spaceseed="9", edits=[FULL.edits[0].model_copy(update={"name": "x"})]
        )
        assert same.id == FULL.id
        assert same != FULL
        others = [
            FULL.replace(**fields)
            for fields in (
                {"model": "b"},
                {"sha256": "0" * 64},
                {"latent": FULL.latent.nextafter(torch.tensor(9.0))},
                {"truncation": 0.5},
                {"truncation_cutoff": None},
                {"noise_seed": 6},
                {"noise": "none", "noise_seed": None},
                {"edits": ()},
                {"edits": FULL.edits * 2},
            )
        ]
        assert len({FULL.id, *(recipe.id for recipe in others)}) == len(others) + 1

    def test_recipes_keep_their_own_copy_of_the_numbers(self):
        latent = torch.zeros(8)
        recipe = make_recipe(latent=latent)
        latent.fill_(1)
        assert recipe.latent.eq(0).all()
        assert recipe == make_recipe(latent=np.zeros(8, np.float32))

    def test_equal_recipes_are_one_in_a_set(self):
        assert len({make_recipe(), make_recipe(), FULL}) == 2

    @pytest.mark.parametrize(
        "fields",
        [
            {"latent": torch.zeros(8, dtype=torch.complex64)},
            {"latent": torch.zeros(8, dtype=torch.bool)},
            {"latent": torch.full((8,), 1e300, dtype=torch.float64)},
            {"latent": np.array(["a"] * 8)},
            {"latent": "latent"},
            {"latent": None},
            {"latent": torch.zeros(0)},
            {"latent": torch.zeros(2**16 + 1)},
            {"latent": torch.full((8,), math.nan)},
            {"latent": torch.zeros(1, 8)},
            {"space": "ws"},
            {"space": "y"},
            {"sha256": "AB" * 32},
            {"truncation": math.nan},
            {"truncation": -11},
            {"truncation_cutoff": -1},
            {"labels": torch.zeros(1, 3)},
            {"labels": torch.zeros(3), "space": "w"},
            {"noise": "random"},
            {"noise_seed": 1},
            {"seed": -1},
            {"seed": 2**32},
            {"model": "\n"},
            {"colour": "red"},
            {"found": {"settings": {"F": math.nan}}},
            {"found": {"score": math.nan}},
            {"edits": [{"layers": [], "vector": torch.zeros(8), "amount": 1}]},
            {"edits": [{"layers": [64], "vector": torch.zeros(8), "amount": 1}]},
            {"edits": [{"layers": "12", "vector": torch.zeros(8), "amount": 1}]},
            {"edits": 3},
            {"edits": [{"layers": [0], "vector": torch.zeros(8), "amount": 1, "sha256": "cd" * 32}]},
            {"edits": [{"layers": [0], "vector": torch.zeros(8), "amount": math.nan}]},
            {"edits": [{"layers": [0], "vector": torch.zeros(1, 8), "amount": 1}]},
        ],
    )
    def test_what_is_not_allowed_is_refused_in_a_sentence(self, fields):
        with pytest.raises(RecipeError) as caught:
            make_recipe().replace(**fields)
        assert_sentence(caught.value)

    @pytest.mark.parametrize("convert", ["double", "half", "long", "numpy"])
    def test_numbers_of_other_precision_are_kept_as_float32(self, convert):
        latent = torch.arange(8.0)
        assert make_recipe(latent=getattr(latent, convert)()) == make_recipe(latent=latent)

    def test_arguments_that_do_not_fit_are_named_in_a_sentence(self):
        with pytest.raises(ArgumentError, match="generator = 'Tensor'"):
            Recipe.of(torch.zeros(8), G)
        with pytest.raises(RecipeError, match="latent"):
            Recipe.of(G, "latent")
        for fields in ({"layers": [0], "vector": torch.zeros(8)}, {"layers": 0, "vector": 1, "amount": 1}, {}):
            with pytest.raises(RecipeError) as caught:
                Edit(**fields)
            assert_sentence(caught.value)

    def test_an_edit_moves_one_layer_or_several(self):
        edits = [Edit(layers=layers, vector=torch.ones(8).double(), amount=2) for layers in (1, [1], range(1, 2))]
        assert edits[0] == edits[1] == edits[2]
        ws = torch.zeros(2, 4, 8)
        assert torch.equal(edits[0].apply(ws.half()), edits[0].apply(ws))
        assert edits[0].apply(ws)[:, 1].eq(2).all()
        for wrong, name in ((ws[..., :7], "ws"), (ws[0], "ws"), (ws * torch.nan, "ws"), (ws[:, :1], "layers")):
            with pytest.raises(ArgumentError) as caught:
                edits[0].apply(wrong)
            assert caught.value.name == name

    def test_an_edit_remembers_its_weights_and_does_not_write_them(self):
        recipe = make_recipe()
        edit = Edit(layers=0, vector=torch.ones(8), amount=1, sha256=recipe.sha256)
        edited = recipe.replace(edits=(edit,))
        plain = recipe.replace(edits=(Edit(layers=0, vector=torch.ones(8), amount=1),))
        assert edited == plain
        assert edited.id == plain.id
        assert Recipe.from_json(edited.to_json()) == edited

    def test_free_text_is_cut_not_refused(self):
        recipe = make_recipe(name="A\x00da\n Lovelace 👩\u200d🔬 ", found=Found(prompt="x" * 10_000))
        assert recipe.name == "A da Lovelace 👩\u200d🔬"
        assert recipe.found.prompt == "x" * 2000


class TestHostileFiles:
    """Any file gives a recipe or a `RecipeError` of one sentence, and nothing else."""

    @pytest.mark.parametrize("suffix", [*SUFFIXES, ".zip"])
    def test_cut_anywhere(self, folder, suffix):
        data = zipped({"a.png": written(FULL, ".png")}) if suffix == ".zip" else written(FULL, suffix)
        for length in range(0, len(data), 17):
            try:
                assert reopened(folder, data[:length], suffix) == [FULL]
            except RecipeError as error:
                assert_sentence(error)

    @pytest.mark.parametrize("suffix", [*SUFFIXES, ".zip"])
    @settings(max_examples=50)
    @given(data=st.data())
    def test_flipped_bytes(self, folder, suffix, data):
        original = zipped({"a.npz": written(FULL, ".npz")}) if suffix == ".zip" else written(FULL, suffix)
        damaged = bytearray(original)
        for _ in range(data.draw(st.integers(1, 3))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
        try:
            (recipe,) = reopened(folder, bytes(damaged), suffix)
        except RecipeError as error:
            assert_sentence(error)
        else:
            assert recipe.id == FULL.id
            assert suffix == ".json" or recipe == FULL

    @pytest.mark.parametrize("suffix", [*SUFFIXES, ".zip"])
    @settings(max_examples=30)
    @given(data=st.binary())
    def test_noise(self, folder, suffix, data):
        with pytest.raises(RecipeError) as caught:
            reopened(folder, data, suffix)
        assert_sentence(caught.value)

    @given(
        document=st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec=None)), inner),
            max_leaves=5,
        ),
        field=st.sampled_from(sorted(Recipe.model_fields)),
    )
    def test_any_json_in_any_field(self, document, field):
        try:
            recipe = Recipe.from_json(changed(**{field: document}))
        except RecipeError as error:
            assert_sentence(error)
        else:
            assert Recipe.from_json(recipe.to_json()) == recipe

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (b"", "is empty"),
            (b"null", "no recipe"),
            (b'{"prompt": "hello"}', "no recipe"),
            (b"[" * 100_000, "cannot be read"),
            (b'{"format":1,"found":' * 50_000, "cannot be read"),
            (b'{"format": 1' + b" " * 50_000_000 + b"}", "too large"),
            (changed(format=2), "format 2, from a newer spaceseed; this one reads format 1"),
            (changed(format=10**30), "newer"),
            (changed(surprise=1), "field 'surprise' is not known"),
            (changed(sha256=None), "field 'sha256' has a value out of range"),
            (changed(latent={"shape": [1], "float32": "AADAfw=="}), "not finite"),
            (changed(latent={"shape": [3, 4], "float32": "AAAA" * 10 + "AAA="}), "damaged"),
            (changed(latent={"shape": [10**18, 0], "float32": ""}), "1 to 65536 numbers"),
            (changed(latent={"shape": [-1, -8], "float32": "AAAA" * 10 + "AAA="}), "damaged"),
            (changed(latent={"shape": [8], "float32": "!!"}), "damaged"),
            (changed(latent={"shape": [10**9] * 150_000, "float32": ""}), "damaged"),
            (changed(latent={"shape": [8]}), "damaged"),
            (changed(**{"\ud800": 1}), "has a value out of range"),
            (changed(latent=[0.0] * 8), "float32"),
            (changed(space="ws"), "wrong shape"),
            (FULL.to_json().replace('"truncation": 0.7', '"truncation": 0.8').encode(), "damaged or changed after"),
        ],
        ids=range(21),
    )
    def test_json(self, folder, data, sentence):
        assert_refused(folder, data, ".json", sentence)

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (png(), "holds no recipe"),
            (png("hello"), "cannot be read"),
            (png("{}"), "holds no recipe"),
            (png(" " * 3_000_000), "damaged"),
            (png(" " * 30_000_000, compress=True), "damaged"),
            (png(FULL.to_json(), size=(20_000, 1)), "too large: 20000 x 1 pixels"),
            (png(FULL.to_json(), size=(16_000, 16_000)), "damaged"),
            (b"GIF89a", "not a PNG"),
        ],
        ids=range(8),
    )
    def test_png(self, folder, data, sentence):
        assert_refused(folder, data, ".png", sentence)

    def test_pixels_are_never_decoded(self, folder):
        data = written(FULL, ".png")
        start = data.index(b"IDAT") + 4
        assert reopened(folder, data[:start] + b"\xff" * 50, ".png") == [FULL]

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (npz(latent=np.zeros(8, np.float32)), "holds no recipe"),
            (npz(latent=np.array([{}], dtype=object), recipe=np.bytes_(b"{}")), "may hold programs"),
            (npz(latent=np.zeros(8), recipe=np.bytes_(b"{}")), "holds no recipe"),
            (npz(latent=np.zeros(8, np.float32), recipe=np.str_("{}")), "holds no recipe"),
            (npz(latent=np.zeros((0, 8), np.float32), recipe=np.bytes_(b"{}")), "damaged"),
            (npz(latent=np.zeros(9, np.float32), recipe=np.bytes_(changed())), None),
            (npz(latent=np.zeros(9, np.float32), recipe=np.bytes_(FULL.to_json().encode())), "wrong shape"),
            (npz(a=1, b=2, c=3), "too many entries"),
            (npz(latent=np.zeros(600_000, np.float32), recipe=np.bytes_(b"{}")), "too large"),
            (zipped({"latent.npy": b"\0" * 50_000_000, "recipe.npy": b""}), "damaged"),
            (zipped({"latent.npy": b"", "recipe.npy": b""}, zipfile.ZIP_LZMA), "unusual"),
        ],
        ids=range(11),
    )
    def test_npz(self, folder, data, sentence):
        if sentence is None:  # the separate latent replaces that in the recipe
            assert len(reopened(folder, data, ".npz")[0].latent) == 9
        else:
            assert_refused(folder, data, ".npz", sentence)

    def test_npz_header_that_promises_terabytes(self, folder):
        file = io.BytesIO()
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (2**40,)})
        data = zipped({"latent.npy": file.getvalue() + b"\0" * 32, "recipe.npy": b""})
        assert_refused(folder, data, ".npz", "damaged")

    @pytest.mark.parametrize(
        ("members", "sentence"),
        [
            ({}, "holds no recipes"),
            ({"a.txt": b"hello"}, "holds no recipes"),
            ({"../a.json": changed()}, "unsafe path"),
            ({"a/../../b.json": changed()}, "unsafe path"),
            ({"/etc/a.json": changed()}, "unsafe path"),
            ({"C:\\a.json": changed()}, "unsafe path"),
            ({"..\\a.json": changed()}, "unsafe path"),
            ({f"{i}.json": b"" for i in range(MAX_ZIP_ENTRIES + 1)}, "too many entries: the limit is 500"),
            ({f"{i}.json": b"" for i in range(4 * MAX_ZIP_ENTRIES + 1)}, "too many entries: the limit is 500"),
            ({"a.json": b" " * 50_000_000}, "a.json: This JSON file is too large"),
            ({f"{i}.json": changed() + b" " * 1_900_000 for i in range(12)}, "recipes in this ZIP file are too large"),
            ({"good.json": changed(), "b\x1bad.json": b"{}"}, "^b ad.json: This file holds no recipe"),
            ({"empty.png": b""}, "empty.png: This PNG file is empty"),
            ({f"{i}.npz": LARGE_NPZ for i in range(12)}, "recipes in this ZIP file are too large"),
            ({"a.zip": zipped({"a.json": changed()})}, "holds no recipes"),
        ],
        ids=range(15),
    )
    def test_zip(self, folder, members, sentence):
        assert_refused(folder, zipped(members), ".zip", sentence)

    def test_zip_with_a_link(self, folder):
        link = zipfile.ZipInfo("a.json")
        link.external_attr = 0o120777 << 16
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(link, "/etc/passwd")
        assert_refused(folder, file.getvalue(), ".zip", "link")

    def test_zip_packed_by_a_method_without_bounds(self, folder):
        assert_refused(folder, zipped({"a.json": changed()}, zipfile.ZIP_BZIP2), ".zip", "unusual")

    def test_unknown_suffix(self, folder):
        assert_refused(folder, b"", ".pkl", r"\.png, \.json, \.npz or \.zip, unlike 'upload\.pkl'")
        with pytest.raises(RecipeError, match=r"not in '\.gif'"):
            FULL.save(folder / "a.gif")
        assert not (folder / "a.gif").exists()


class TestSaving:
    def test_what_could_not_be_read_again_is_not_written(self, tmp_path):
        vector = torch.zeros(2**16)
        edits = [Edit(layers=(0,), vector=vector, amount=1) for _ in range(MAX_RECIPE_BYTES // 2**18)]
        recipe = make_recipe(edits=edits)
        for suffix in (".json", ".npz"):
            with pytest.raises(RecipeError, match="too large to save"):
                recipe.save(tmp_path / f"a{suffix}")
        assert not list(tmp_path.iterdir())

    def test_a_zip_that_fails_midway_leaves_the_old_one(self, tmp_path):
        path = tmp_path / "all.zip"
        save_zip([FULL], path)
        with pytest.raises(RecipeError, match="other weights"):
            save_zip([FULL, FULL.replace(sha256="0" * 64)], path)
        assert open_any(path) == [FULL]
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize("count", [0, MAX_ZIP_ENTRIES + 1])
    def test_a_zip_of_too_few_or_many(self, tmp_path, count):
        with pytest.raises(RecipeError, match="1 to 500"):
            save_zip([FULL] * count, tmp_path / "all.zip")

    def test_a_zip_too_large_to_be_read_again(self, tmp_path, monkeypatch):
        monkeypatch.setattr("spaceseed.recipes.files.MAX_ZIP_BYTES", 5000)
        with pytest.raises(RecipeError, match="do not fit into one ZIP"):
            save_zip([FULL] * 10, tmp_path / "all.zip")
        assert not list(tmp_path.iterdir())


def assert_refused(folder: Path, data: bytes, suffix: str, sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence) as caught:
        reopened(folder, data, suffix)
    assert_sentence(caught.value)


def assert_sentence(error: RecipeError) -> None:
    text = str(error)
    assert text.endswith(".")
    assert len(text) < 250
    assert text.isprintable()
    assert "pydantic" not in text

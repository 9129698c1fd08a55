import hashlib
import shutil
import tomllib
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from spaceseed.devices import default_device
from spaceseed.errors import ArgumentError, CheckpointError, DownloadError
from spaceseed.models.checkpoints import openvino
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.zoo import catalogue, loading
from tests.hub import stand_in_hub
from tests.models.golden import DATA

# An entry of the catalogue for each file format, and a small file of this format to serve instead.
KINDS = {
    "stylegan2-ada-afhqcat": "rosinality_sg2/checkpoint.pt",
    "pggan-celebahq": "genforce_pggan/flat.pth",
    "stylegan-anime": "genforce_stylegan/checkpoint.pth",
    "biggan-deep-128": "hf_biggan_deep/pytorch_model.bin",
}
COMMIT = "a" * 40


@pytest.fixture
def hub(tmp_path):
    with stand_in_hub(tmp_path / "cache") as hub:
        yield hub


def file_of(name):
    entry = catalogue.entries()[name][1]
    return f"{entry.repo}/{entry.file}"


def draw(generator):
    z = latents_from_seeds([0], generator.z_dim)
    labels = torch.eye(generator.num_classes)[:1] if generator.num_classes else None
    return generator.synthesize(generator.map(z, labels))


def test_every_model_has_a_card_of_its_own():
    cards = loading.list_models()
    assert [card.id for card in cards if card.bundled] == ["avatars", "avatars-pggan"]
    assert len({card.id for card in cards}) == len({card.title for card in cards}) == len(cards)
    for card in cards:
        assert loading.card(card.id) is card
        assert card.licence
        assert card.terms.endswith(".")
        assert card.note.endswith(".") or (card.note == "" and (card.bundled or card.id == "ffhq-mobile"))
        assert card.source.startswith("https://") or card.bundled
        assert card.truncation is None or 0 < card.truncation <= 1
        assert (card.truncation is None) == (card.family == "PGGAN")


def test_every_file_is_pinned_or_says_that_it_is_not():
    for card, entry in catalogue.entries().values():
        if isinstance(entry, catalogue.HubEntry):
            pinned = len(entry.revision) == 40 and set(entry.revision) <= set("0123456789abcdef")
            assert pinned or "commit" in card.note


def test_the_package_is_the_one_that_is_read():
    card, entry = catalogue.entries()["ffhq-mobile"]
    assert f"{entry.package}=={entry.version}" == openvino.PACKAGE
    assert entry.sha256 == card.sha256 == openvino.SHA256[Path(entry.file).name]


def test_nvidias_weights_are_not_called_free():
    for card in loading.list_models():
        if card.family in {"StyleGAN1", "StyleGAN2", "StyleGAN3", "PGGAN", "MobileStyleGAN"} and not card.bundled:
            assert "on-commercial" in card.terms


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", "With Spaces"), ("sha256", "0" * 63), ("size", "many"), ("licence", 3), ("extra", 1), ("truncation", 2.0)],
)
def test_a_mistake_in_the_catalogue_is_found(field, value):
    content = tomllib.loads(Path(catalogue.__file__).with_suffix(".toml").read_text())
    content["hub"][0][field] = value
    with pytest.raises(ValidationError, match=field):
        catalogue.Catalogue.model_validate(content)


def test_classes_are_named_in_imagenets_order():
    import spaceseed.models.judges._torchvision  # noqa: F401  # before open_clip

    # isort: split
    import open_clip

    assert loading.card("biggan-deep-128").classes == open_clip.IMAGENET_CLASSNAMES
    assert not loading.card("stylegan2-ffhq").classes


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("stylegan2-cats", "stylegan2-cat"),
        ("avatar", "avatars"),
        ("biggan", "biggan-deep-128"),
        ("", "avatars"),
        ("no/such/file.pt", "a file"),
        ("/", "a file"),
        (5000 * "x", "a file"),
        ("hub:someone/gan/g.pt", "hub:owner/repo/file@revision"),
        ("hub:someone/g.pt@main", "hub:owner/repo/file@revision"),
    ],
)
def test_unknown_names_are_refused_with_suggestions(name, suggestion):
    with pytest.raises(ArgumentError, match=suggestion) as caught:
        loading.load(name)
    assert caught.value.value == name
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "file",
    [
        "owner/repo/../../../../secret.pt@main",
        "owner/repo/weights/..@main",
        "owner/repo//etc/secret.pt@main",
        "owner/repo/..\\secret.pt@main",
        "owner/../secret.pt@main",
        "owner/repo/weights.pt@../../secret",
        "owner/repo/weights.pt@main\n",
    ],
)
def test_a_file_on_the_hub_lies_inside_its_repository(monkeypatch, file):
    monkeypatch.setattr(loading, "fetch", lambda *_, **__: pytest.fail("asked for a file elsewhere"))
    with pytest.raises(ArgumentError, match="hub:owner/repo/file@revision"):
        loading.load(f"hub:{file}")


@pytest.mark.parametrize("function", [loading.card, loading.available])
def test_only_ids_have_cards(function):
    with pytest.raises(ArgumentError, match="stylegan2-cat"):
        function("stylegan2-cats")


def test_a_model_without_its_package_is_not_available(monkeypatch):
    monkeypatch.setattr(openvino, "installed", lambda: None)
    assert not loading.available("ffhq-mobile")
    assert loading.available("avatars")
    assert loading.available("stylegan2-ffhq")
    with pytest.raises(ArgumentError, match="make faces"):
        loading.load("ffhq-mobile")


@pytest.mark.parametrize(
    ("environment", "gpu", "package", "reachable", "model", "device"),
    [
        ({}, False, False, True, "avatars", "cpu"),
        ({}, False, True, True, "ffhq-mobile", "cpu"),
        ({}, False, True, False, "avatars", "cpu"),
        ({}, True, True, True, "stylegan2-ffhq", "cuda"),
        ({"SPACES_ZERO_GPU": "true"}, True, False, True, "stylegan2-ffhq", "cpu"),
        ({"SPACES_ZERO_GPU": "1"}, False, False, True, "stylegan2-ffhq", "cpu"),
        ({"SPACES_ZERO_GPU": ""}, True, False, True, "stylegan2-ffhq", "cuda"),
        ({"SPACESEED_MODEL": "stylegan-anime"}, True, True, True, "stylegan-anime", "cuda"),
        ({"SPACESEED_MODEL": ""}, False, False, True, "avatars", "cpu"),
    ],
)
def test_the_first_model_suits_the_hardware(monkeypatch, environment, gpu, package, reachable, model, device):
    for name in ("SPACES_ZERO_GPU", "SPACESEED_MODEL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(openvino, "installed", lambda: Path() if package else None)
    monkeypatch.setattr(loading, "is_reachable", lambda: reachable)
    assert loading.choose_default_model() == model
    assert default_device().type == device


def test_a_chosen_first_model_must_exist(monkeypatch):
    monkeypatch.setenv("SPACESEED_MODEL", "stylegan2-ffqh")
    with pytest.raises(ArgumentError, match="stylegan2-ffhq"):
        loading.choose_default_model()


@pytest.mark.parametrize(
    "name", [str(DATA / "nv_sg2ada_cond" / "network.pkl"), "hub:me/faces/generator.safetensors@main"]
)
def test_the_first_model_may_be_a_file(monkeypatch, name):
    monkeypatch.setenv("SPACESEED_MODEL", name)
    assert loading.choose_default_model() == name


@pytest.mark.parametrize(("name", "allowed"), [("lost/generator.safetensors", "a file"), ("hub:me/faces", "revision")])
def test_what_is_no_file_and_no_address_is_refused_at_once(monkeypatch, name, allowed):
    monkeypatch.setenv("SPACESEED_MODEL", name)
    with pytest.raises(ArgumentError, match=allowed):
        loading.choose_default_model()


@pytest.mark.parametrize("name", KINDS)
def test_a_model_of_the_catalogue_comes_from_the_hub(hub, name):
    content = (DATA / KINDS[name]).read_bytes()
    entry = catalogue.entries()[name][1]
    hub.files[file_of(name)] = content
    hub.files |= {f"{entry.repo}/{file}": (DATA / KINDS[name]).with_name(file).read_bytes() for file in entry.also}
    told = []
    generator = loading.load(name, "cpu", lambda *step: told.append(step))
    listed, card = loading.card(name), generator.card
    assert told[-1] == (len(content), len(content))
    assert card.sha256 == hashlib.sha256(content).hexdigest()
    assert (card.size, card.resolution) == (len(content), generator.resolution)
    assert (card.id, card.title, card.terms, card.note) == (listed.id, listed.title, listed.terms, listed.note)
    assert card.family == type(generator).__name__
    assert not generator.training
    assert not any(parameter.requires_grad for parameter in generator.parameters())
    image = draw(generator)
    hub.stop()
    assert torch.equal(draw(loading.load(name, "cpu")), image)


def test_a_model_whose_hash_is_known_must_have_it(hub):
    hub.files[file_of("stylegan2-cat")] = (DATA / "rosinality_sg2/checkpoint.pt").read_bytes()
    with pytest.raises(DownloadError, match="sha256"):
        loading.load("stylegan2-cat")


def test_the_hub_serves_any_file_by_its_full_name(hub):
    content = (DATA / "rosinality_sg2/checkpoint.pt").read_bytes()
    hub.files["someone/gan/deep/inside/g.pt"] = content
    name = f"hub:someone/gan/deep/inside/g.pt@{COMMIT}"
    card = loading.load(name, "cpu").card
    assert (card.id, card.title, card.family, card.resolution) == (name, "g.pt", "StyleGAN2", 32)
    assert (card.licence, card.truncation, card.bundled) == ("unknown", 0.7, False)
    assert card.sha256 == hashlib.sha256(content).hexdigest()


def test_a_local_file_loads(hub):
    path = DATA / "rosinality_sg2/checkpoint.pt"
    generator = loading.load(str(path), "cpu")
    assert (generator.card.id, generator.card.size) == ("checkpoint.pt", path.stat().st_size)
    assert generator.card.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert draw(generator).isfinite().all()
    assert not hub.asked


def test_nvidias_pickles_load_by_name(hub):
    hub.files["someone/gan/network.pkl"] = (DATA / "nv_sg3_t/network.pkl").read_bytes()
    card = loading.load(f"hub:someone/gan/network.pkl@{COMMIT}", "cpu").card
    assert card.family == loading.card("stylegan3-t-lhq").family


def test_truncation_is_not_suggested_where_it_has_no_effect():
    assert loading.load(str(DATA / "genforce_pggan/flat.pth"), "cpu").card.truncation is None


def test_a_file_without_a_generator_says_so(tmp_path):
    (tmp_path / "notes.txt").write_text("no weights")
    with pytest.raises(CheckpointError, match=r"notes\.txt"):
        loading.load(str(tmp_path / "notes.txt"))


def test_a_file_is_loaded_by_its_path():
    path = DATA / "nv_sg2ada_cond" / "network.pkl"
    by_path, by_name = (loading.load(name, device="cpu") for name in (path, str(path)))
    assert by_path.card == by_name.card
    with pytest.raises(ArgumentError, match="a file"):
        loading.load(path.with_name("none.pkl"))


@pytest.mark.parametrize(
    ("name", "device", "wrong"), [(3, "cpu", "name"), (None, "cpu", "name"), ("avatars", "gpu", "device")]
)
def test_what_is_no_name_or_device_is_named(name, device, wrong):
    with pytest.raises(ArgumentError) as caught:
        loading.load(name, device)
    assert caught.value.name == wrong


def test_the_bundled_card_is_what_its_file_says(tmp_path):
    written = loading.ASSETS / "avatars" / loading.CARD
    folder = tmp_path / "avatars"
    folder.mkdir()
    shutil.copy(written.with_name("generator.safetensors"), folder)
    loading.write_bundled_card(folder / "generator.safetensors")
    assert (folder / loading.CARD).read_text() == written.read_text()

"""Files of this package: a saved generator draws the same images, and invalid files are refused with one sentence."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from safetensors.torch import save_file

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints import own, read_generator
from spaceseed.models.generators.dcgan import DCGAN
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.generators.pggan import PGGAN
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.models.zoo import loading

CHANNELS = {4: 4, 8: 2}
MAKE = {
    "StyleGAN2": lambda: StyleGAN2(3, 3, CHANNELS, mapping_layers=2),
    "PGGAN": lambda: PGGAN(3, CHANNELS),
    "DCGAN": lambda: DCGAN(3, CHANNELS),
}
FIELDS = {
    "title": "Small faces",
    "licence": "CC0-1.0",
    "terms": "Free for any use.",
    "truncation": 0.5,
}
NAMES = ("hair: short", "hair: long", "mouth: open", "mouth: smile", "mouth: sad")


def draw(generator, labels=None):
    return generator.synthesize(generator.map(latents_from_seeds([0, 1], 3), labels))


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return DCGAN(3, CHANNELS).eval()


def write(path, generator, header=None, **tensors):
    """Writes a file with any text as header, and some other tensors."""
    if not isinstance(header, str):
        header = json.dumps({"family": type(generator).__name__, **FIELDS, **(header or {})})
    state = {name: tensor.contiguous() for name, tensor in generator.state_dict().items()}
    save_file(state | tensors, path, metadata={own.KEY: header})
    return path


@pytest.mark.parametrize("family", MAKE)
def test_what_was_written_is_drawn_again(family, tmp_path):
    torch.manual_seed(0)
    generator = MAKE[family]().eval()
    again = loading.load(str(write(tmp_path / "mine.safetensors", generator)), "cpu")
    torch.testing.assert_close(draw(again), draw(generator))
    card = again.card
    assert (card.id, card.title, card.family) == ("mine.safetensors", "Small faces", family)
    assert (card.licence, card.terms, card.source) == ("CC0-1.0", "Free for any use.", "a local file")
    assert card.truncation == (0.5 if family == "StyleGAN2" else None)
    assert (card.classes, card.groups) == ((), ())


def test_groups_of_labels_come_along(tmp_path):
    torch.manual_seed(0)
    generator = StyleGAN2(3, 3, CHANNELS, mapping_layers=1, num_classes=5).eval()
    again = loading.load(str(write(tmp_path / "g.safetensors", generator, {"classes": NAMES, "groups": (2, 3)})), "cpu")
    assert (again.card.classes, again.card.groups) == (NAMES, (2, 3))
    labels = torch.tensor([[1.0, 0, 0, 0, 1], [0, 0, 0, 1, 0]])  # the second has no label for hair
    torch.testing.assert_close(draw(again, labels), draw(generator, labels))


def test_titles_may_use_any_script(generator, tmp_path):
    title = "Gesichter – 顔\u3000 \N{WOMAN}\N{ZERO WIDTH JOINER}\N{ARTIST PALETTE}"
    path = write(tmp_path / "g.safetensors", generator, {"title": title})
    assert loading.load(str(path), "cpu").card.title == title


def test_files_without_our_header_stay_what_they_were(tmp_path):
    generator = MAKE["StyleGAN2"]()
    save_file(generator.state_dict(), tmp_path / "plain.safetensors")
    assert own.read_header(tmp_path / "plain.safetensors") is None
    assert loading.load(str(tmp_path / "plain.safetensors"), "cpu").card.title == "plain.safetensors"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{",
        "null",
        "[]",
        "[" * 10_000,
        '{"title": "no more"}',
        {"family": "BigGAN"},
        {"family": ["DCGAN"]},
        {"title": ""},
        {"title": "x" * 251},
        {"title": "x" * 500_000},
        {"title": "two\nlines"},
        {"title": "\u202eturned round"},
        {"title": 3},
        {"truncation": 0.0},
        {"truncation": 1.5},
        {"truncation": float("nan")},
        {"truncation": "0.5"},
        {"groups": [2, 3]},
        {"classes": NAMES},
        {"classes": NAMES, "groups": [2, 2]},
        {"classes": NAMES, "groups": [5, 0]},
        {"classes": NAMES, "groups": [6, -1]},
        {"classes": NAMES, "groups": [2.5, 2.5]},
        {"classes": NAMES, "groups": [10**30]},
        {"classes": ["c"] * 2_001, "groups": [2_001]},
        {"classes": ["c"] * 65, "groups": [1] * 65},
        {"size": 1},
    ],
)
def test_a_wrong_header_is_refused_in_a_sentence(header, generator, tmp_path):
    with pytest.raises(CheckpointError) as caught:
        read_generator(write(tmp_path / "g.safetensors", generator, header))
    assert "g.safetensors" in str(caught.value)
    assert len(str(caught.value)) <= 400


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_every_field_is_checked(value):
    for field in own.Header.model_fields:
        try:
            header = own.Header.model_validate_json(json.dumps({"family": "DCGAN", **FIELDS, field: value}))
        except (ValidationError, UnicodeError):
            continue
        assert all(len(text) <= 250 for text in (header.title, header.licence, header.terms, *header.classes))
        assert 0 < header.truncation <= 1


def test_a_header_too_long_to_be_one_is_not_read(generator, tmp_path):
    with pytest.raises(CheckpointError, match="header is longer"):
        read_generator(write(tmp_path / "g.safetensors", generator, "x" * 2**20))


@pytest.mark.parametrize(
    ("family", "name", "change", "says"),
    [
        ("DCGAN", "torgb.bias", lambda t: t * float("nan"), "torgb.bias"),
        ("DCGAN", "norms.layer0.running_var", lambda t: t - 2, "negative variances"),
        ("DCGAN", "norms.layer1.bias", lambda t: t[:1], "norms.layer1.bias"),
        ("PGGAN", "convolutions.layer1.bias", lambda t: t * float("inf"), "convolutions.layer1.bias"),
        ("PGGAN", "torgb.weight", lambda t: t.long(), "torgb.weight"),
        ("StyleGAN2", "mapping.w_avg", lambda t: t * float("nan"), "mapping.w_avg"),
        ("StyleGAN2", "synthesis.b8.conv1.noise_const", lambda t: t[:4], "noise_const"),
        ("StyleGAN2", "extra", None, "extra"),
        ("PGGAN", "below.weight", None, "below.weight"),
    ],
)
def test_tensors_that_are_no_weights_are_refused(family, name, change, says, tmp_path):
    generator = MAKE[family]()
    tensor = change(generator.state_dict()[name]) if change else torch.zeros(1)
    path = write(tmp_path / "g.safetensors", generator, None, **{name: tensor.contiguous()})
    with pytest.raises(CheckpointError, match=says):
        read_generator(path)


def test_the_header_must_fit_the_tensors(generator, tmp_path):
    path = write(tmp_path / "g.safetensors", generator, {"classes": NAMES, "groups": (2, 3)})
    with pytest.raises(CheckpointError, match="5 classes, but its labels have 0"):
        read_generator(path)
    conditional = StyleGAN2(3, 3, CHANNELS, mapping_layers=1, num_classes=5)
    with pytest.raises(CheckpointError, match="0 classes, but its labels have 5"):
        read_generator(write(path, conditional))
    with pytest.raises(CheckpointError, match="lack"):
        read_generator(write(path, generator, {"family": "StyleGAN2"}))

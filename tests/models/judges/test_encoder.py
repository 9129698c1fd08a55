"""Encoders as files: what they hold, whose they are, and what is refused."""

import pytest
import torch

from spaceseed.errors import ArgumentError, CheckpointError
from spaceseed.models.generators.generator import ModelCard
from spaceseed.models.judges.encoder import Encoder, Header, load_encoder, save_encoder
from tests.models import families


def header(**fields):
    return Header(**{"resolution": 16, "widths": (4, 8), "num_ws": 6, "w_dim": 8} | fields)


@pytest.fixture
def encoder():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = Encoder(header())
    return encoder.requires_grad_(False).half().float()  # as files hold it


def test_a_saved_encoder_answers_the_same(encoder, tmp_path):
    save_encoder(encoder, tmp_path / "e.safetensors")
    again = load_encoder(tmp_path / "e.safetensors")
    images = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert torch.equal(again(images), encoder(images))
    assert again.header == encoder.header
    assert not any(parameter.requires_grad for parameter in again.parameters())


@pytest.mark.parametrize("side", [1, 16, 50])
def test_images_of_any_size_get_styles_alone_as_in_a_batch(encoder, side):
    images = torch.rand(3, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
    ws = encoder(images)
    assert ws.shape == (3, 6, 8)
    torch.testing.assert_close(ws, torch.cat([encoder(image[None]) for image in images]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("images", [torch.zeros(2, 3), torch.zeros(2, 1, 8, 8), torch.full((1, 3, 8, 8), torch.nan)])
def test_what_is_no_image_is_refused(encoder, images):
    with pytest.raises(ArgumentError, match="images"):
        encoder(images)


def test_widths_must_fit_the_resolution():
    with pytest.raises(ArgumentError, match="widths"):
        Encoder(header(resolution=32))


def test_an_encoder_fits_one_generator():
    generator = families.small("stylegan2")
    generator.card = ModelCard("mine", "", "StyleGAN2", 16, "", "", "", 1, "a" * 64, 0.7, False)
    Encoder(header(num_ws=generator.num_ws)).check(generator)
    Encoder(header(num_ws=generator.num_ws, model="mine", sha256="a" * 64)).check(generator)
    for wrong in ({"model": "other"}, {"model": "mine", "sha256": "b" * 64}, {"w_dim": 9}):
        with pytest.raises(CheckpointError, match="This encoder belongs to"):
            Encoder(header(**{"num_ws": generator.num_ws} | wrong)).check(generator)


def test_damaged_files_are_refused(encoder, tmp_path):
    path = tmp_path / "e.safetensors"
    save_encoder(encoder, path)
    content = path.read_bytes()
    for damaged in (b"", content[:-3], content[:200], content.replace(b'"num_ws\\":6', b'"num_ws\\":7')):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="encoder"):
            load_encoder(path)


@pytest.mark.parametrize("name", ["no-such-model", "../avatars", "a\nb", "/nowhere/e.safetensors"])
def test_unknown_names_are_refused(name):
    with pytest.raises(ArgumentError, match="name"):
        load_encoder(name)

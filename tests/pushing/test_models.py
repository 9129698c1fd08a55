import pytest
import torch
from huggingface_hub import ModelCard

import spaceseed as ss
from spaceseed.models.checkpoints.saving import save_generator
from spaceseed.pushing.cards import MARK
from spaceseed.pushing.models import push_model
from spaceseed.training.networks.pairs import build
from tests.pushing.conftest import TOKEN

NAME = "generator.safetensors"


@pytest.fixture
def trained(tmp_path):
    """The file of a small generator with labels, as training writes it."""
    groups = {"hair": ("short", "long"), "mood": ("glad", "sad", "angry")}
    pair = build("stylegan2", 16, z_dim=8, capacity=0.05, label_groups=groups, condition="embed")
    path = tmp_path / NAME
    save_generator(pair.generator, path, title="My | faces", licence="CC0-1.0", groups=groups)
    return path


def test_a_pushed_generator_can_be_loaded_by_its_commit(hub, trained):
    pushed = push_model(trained, "faces", token=TOKEN, private=False)
    loaded = ss.load(f"hub:{pushed.repo}/{NAME}@{pushed.revision}", device="cpu")
    mine = ss.load(trained, device="cpu")
    z = ss.latents_from_seeds([3], mine.z_dim)
    labels = ss.labels(mine, "hair: long")[None]
    assert torch.equal(loaded.synthesize(loaded.map(z, labels)), mine.synthesize(mine.map(z, labels)))
    assert loaded.card.sha256 == mine.card.sha256
    assert pushed.url == f"{hub.address}/ada/faces"
    assert hub.commits == ["Add My | faces"]


def test_the_card_says_what_it_is_and_how_to_load_it(hub, trained):
    pushed = push_model(trained, "faces", token=TOKEN, private=False)
    card = ModelCard(hub.contents("ada/faces")["README.md"].decode())
    assert card.data.license == "cc0-1.0"
    assert card.data.pipeline_tag == "unconditional-image-generation"
    assert card.data.library_name == "spaceseed"
    assert r"# My \| faces" in card.text
    assert ss.load(trained, device="cpu").card.sha256 in card.text
    assert "samples.png" in card.text
    assert hub.contents("ada/faces")["samples.png"].startswith(b"\x89PNG")
    names = {}
    exec(card.text.split("```python\n")[1].split("```")[0], names)
    assert names["images"].shape == (3, 3, 16, 16)
    assert pushed.repo in card.text


def test_a_model_is_private_unless_asked_otherwise(hub, trained):
    push_model(trained, "faces", token=TOKEN)
    assert "ada/faces" in hub.private


@pytest.mark.parametrize(("text", "kept"), [("my words", True), (f"an earlier page\n{MARK}", False)])
def test_a_page_of_somebody_else_is_kept_and_ours_is_written_anew(hub, trained, text, kept):
    hub.create("ada/faces")
    hub.files["ada/faces/README.md"] = text.encode()
    push_model(trained, "faces", token=TOKEN, private=False)
    assert (hub.contents("ada/faces")["README.md"] == text.encode()) is kept


def test_what_training_did_not_write_is_refused_without_a_request(hub, tmp_path):
    other = tmp_path / "weights.pt"
    torch.save({"a": torch.zeros(1)}, other)
    for path in (other, tmp_path / "none.safetensors", tmp_path, 3, None):
        with pytest.raises(ss.ArgumentError, match="training"):
            push_model(path, "faces", token=TOKEN)
    assert not hub.requests


def test_a_damaged_file_is_refused_without_a_request(hub, trained):
    trained.write_bytes(trained.read_bytes()[:-100])
    with pytest.raises((ss.ArgumentError, ss.CheckpointError)):
        push_model(trained, "faces", token=TOKEN)
    assert not hub.requests


def test_a_refusal_is_one_sentence(hub, trained):
    hub.status = 403
    with pytest.raises(ss.UploadError, match="may not write there") as caught:
        push_model(trained, "faces", token=TOKEN)
    assert "secret" not in str(caught.value)

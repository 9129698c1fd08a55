"""SegFormer, compared with transformers' output for the same weights, and the download of its weights."""

import hashlib

import pytest
import torch
from safetensors.torch import load_file, save

from spaceseed.errors import CheckpointError, DownloadError
from spaceseed.models.judges.segformer import FILE, PUBLISHED, Published, load_segformer
from spaceseed.models.judges.segmenter import load_segmenter
from tests.hub import stand_in_hub
from tests.models.golden import Golden

GOLDEN = Golden("hf_segformer")
SIZES = GOLDEN.facts["sizes"]
WEIGHTS = (GOLDEN.folder / FILE).read_bytes()
CLASSES = ("nothing", "left", "right", "top", "bottom")


@pytest.fixture
def hub(tmp_path):
    with stand_in_hub(tmp_path / "cache") as hub:
        yield hub


@pytest.fixture
def publish(hub, tmp_path, monkeypatch):
    """Returns a function that puts contents on the Hub, in the place of the segmenter "scenes"."""

    def function(content, served=None):
        names = tmp_path / "names.txt"
        names.write_text("\n".join(CLASSES) + "\n")
        published = Published(
            "someone/small",
            "1" * 40,
            hashlib.sha256(content).hexdigest(),
            str(names),
            tuple(SIZES["depths"]),
            tuple(SIZES["hidden_sizes"]),
            SIZES["decoder_hidden_size"],
        )
        monkeypatch.setitem(PUBLISHED, "scenes", published)
        hub.files[f"{published.repo}/{FILE}"] = content if served is None else served
        return published

    return function


def test_logits_are_those_of_transformers(publish):
    network = load_segformer(publish(WEIGHTS)).eval()
    pixels = GOLDEN.inputs["pixels"].float() / 127.5 - 1
    with torch.no_grad():
        GOLDEN.check("logits", network(pixels))


def test_a_segmenter_from_the_hub_is_like_any_other(publish):
    received = []
    published = publish(WEIGHTS)
    segmenter = load_segmenter("scenes", progress=lambda *bytes: received.append(bytes))
    assert received[-1] == (len(WEIGHTS), len(WEIGHTS))
    assert segmenter.classes == CLASSES
    assert (segmenter.name, segmenter.sha256, segmenter.resolution) == ("scenes", published.sha256, 512)
    images = torch.rand(2, 3, 40, 24, generator=torch.Generator().manual_seed(0)) * 2 - 1
    probabilities = segmenter.probabilities(images)
    assert probabilities.shape == (2, 5, 40, 24)
    assert torch.equal(segmenter.segment(images), probabilities.argmax(dim=1))
    torch.testing.assert_close(segmenter.probabilities(images[1:]), probabilities[1:], rtol=0, atol=1e-5)
    assert not any(p.requires_grad or p.is_meta for p in segmenter.network.parameters())


def test_colours_arrive_as_imagenets(publish):
    publish(WEIGHTS)
    segmenter, seen = load_segmenter("scenes"), []
    segmenter.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    colour = torch.tensor([0.485, 0.456, 0.406]) + 0.1
    segmenter.segment((2 * colour - 1).view(1, 3, 1, 1).expand(1, 3, 8, 8))
    expected = torch.tensor([0.1 / 0.229, 0.1 / 0.224, 0.1 / 0.225])
    torch.testing.assert_close(seen[0].mean(dim=(0, 2, 3)), expected, rtol=0, atol=1e-4)


def test_the_published_ones_are_pinned_and_have_names():
    assert len(PUBLISHED["faces"].classes) == 19
    assert len(PUBLISHED["scenes"].classes) == 150
    for published in PUBLISHED.values():
        assert len(published.revision) == 40
        assert len(published.sha256) == 64
        assert len(set(published.classes)) == len(published.classes)
        assert all(name == name.strip() for name in published.classes)
    assert PUBLISHED["faces"].classes[3] == "glasses"
    assert PUBLISHED["scenes"].classes[66] == "flower"


def test_another_file_is_deleted(publish):
    publish(WEIGHTS, served=WEIGHTS + b" ")
    with pytest.raises(DownloadError, match="has the wrong sha256") as caught:
        load_segmenter("scenes")
    assert "\n" not in str(caught.value)


def test_a_repository_without_the_file_is_named(publish, hub):
    repo = publish(WEIGHTS).repo
    hub.files[f"{repo}/other"] = hub.files.pop(f"{repo}/{FILE}")
    with pytest.raises(DownloadError, match=r"small cannot be downloaded: .* no such file"):
        load_segmenter("scenes")


@pytest.mark.parametrize("name", ["faces", "scenes"])
def test_without_the_hub_there_is_one_sentence(hub, name):
    hub.stop()
    with pytest.raises(DownloadError, match="the connection to the Hub failed") as caught:
        load_segmenter(name)
    assert "\n" not in str(caught.value)


def changed(**tensors):
    return save(load_file(GOLDEN.folder / FILE) | tensors)


@pytest.mark.parametrize(
    "content",
    [
        b"no weights",
        save({"decode_head.classifier.bias": torch.zeros(5)}),
        changed(**{"decode_head.classifier.bias": torch.zeros(6)}),
    ],
    ids=["no file of tensors", "other weights", "another size"],
)
def test_other_contents_are_refused(publish, content):
    publish(content)
    with pytest.raises(CheckpointError, match="someone/small does not hold the weights"):
        load_segmenter("scenes")

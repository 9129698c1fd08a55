"""Inception, compared with pytorch-fid's code with the same random weights, and the download of its weights."""

import io

import pytest
import torch

from spaceseed.errors import ArgumentError, CheckpointError, DownloadError
from spaceseed.models.judges import inception as module
from spaceseed.models.judges.inception import FILE, REPOSITORY, Inception, load_inception
from tests.hub import stand_in_hub


@pytest.fixture(scope="module")
def inception():
    torch.manual_seed(0)
    network = Inception().eval().requires_grad_(False)
    for name, parameter in network.named_parameters():
        if parameter.ndim > 1:  # keeps the scale of activations
            parameter.normal_(0, (2 / parameter[0].numel()) ** 0.5)
        else:
            parameter.fill_(0.1 if name.endswith("bias") else 1.0)
    return network


@pytest.fixture(scope="module")
def images():
    return torch.rand(3, 3, 40, 40, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(scope="module")
def features(inception, images):
    return inception(images)


def test_features_are_pytorch_fids(inception, images, features, monkeypatch):
    import pytorch_fid.inception

    monkeypatch.setattr(pytorch_fid.inception, "fid_inception_v3", lambda: inception.network)
    theirs = pytorch_fid.inception.InceptionV3([3]).eval()
    expected = theirs((images + 1) / 2)[0].flatten(1)
    assert features.shape == (3, 2048)
    assert features.std() > 0.01
    torch.testing.assert_close(features, expected, rtol=1e-3, atol=1e-4)


def test_the_graph_is_that_of_pytorch_fid(inception, monkeypatch):
    import pytorch_fid.inception

    monkeypatch.setattr(
        pytorch_fid.inception, "load_state_dict_from_url", lambda *_, **__: inception.network.state_dict()
    )
    theirs = pytorch_fid.inception.fid_inception_v3()
    assert [type(part) for part in theirs.modules()] == [type(part) for part in inception.network.modules()]


def test_features_do_not_depend_on_the_batch_nor_on_what_the_screen_clips(inception, images, features):
    torch.testing.assert_close(inception(images[1:2]), features[1:2], rtol=1e-3, atol=1e-4)
    clipped = torch.where(images[:1] > 0.9, 5.0, images[:1])
    torch.testing.assert_close(inception(clipped), inception(clipped.clamp(-1, 1)))


def test_probabilities_are_those_of_the_last_layer_without_its_bias(inception, features):
    probabilities = inception.classify(features)
    assert probabilities.shape == (3, 1008)
    torch.testing.assert_close(probabilities, (features @ inception.network.fc.weight.T).softmax(dim=1))


def saved(content):
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def test_without_the_weights_the_reason_is_told(tmp_path):
    with stand_in_hub(tmp_path) as hub:
        with pytest.raises(DownloadError, match="no such repository"):
            load_inception()
        hub.files[f"{REPOSITORY}/{FILE}"] = b"something else"
        with pytest.raises(DownloadError, match="has the wrong sha256"):
            load_inception()


@pytest.mark.parametrize("content", [b"no weights", saved({"fc.weight": torch.zeros(2)}), saved([1, 2])])
def test_other_contents_are_refused(tmp_path, monkeypatch, content):
    import hashlib

    monkeypatch.setattr(module, "SHA256", hashlib.sha256(content).hexdigest())
    with stand_in_hub(tmp_path) as hub:
        hub.files[f"{REPOSITORY}/{FILE}"] = content
        with pytest.raises(CheckpointError, match="Inception"):
            load_inception()


def test_weights_arrive_and_the_network_is_frozen(tmp_path, monkeypatch, inception, images, features):
    import hashlib

    content = saved(inception.network.state_dict())
    monkeypatch.setattr(module, "SHA256", hashlib.sha256(content).hexdigest())
    with stand_in_hub(tmp_path) as hub:
        hub.files[f"{REPOSITORY}/{FILE}"] = content
        loaded = load_inception()
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    torch.testing.assert_close(loaded(images), features)


def test_what_does_not_fit_is_named(inception):
    for images in (torch.zeros(3, 8, 8), torch.full((1, 3, 8, 8), torch.nan)):
        with pytest.raises(ArgumentError, match="images"):
            inception(images)
    for features in (torch.zeros(1, 7), torch.full((1, 2048), torch.nan)):
        with pytest.raises(ArgumentError, match="features"):
            inception.classify(features)
    with pytest.raises(ArgumentError, match="device = 'gpu'"):
        load_inception("gpu")

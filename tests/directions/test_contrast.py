import pytest
import torch

from spaceseed.directions.contrast import contrast_directions, direction_between
from spaceseed.errors import ArgumentError
from spaceseed.models.judges.classifier import load_classifier
from spaceseed.models.zoo.loading import load


def clouds(n, m, dims=20, distance=3.0):
    """Returns two normal clusters that differ only along the first axis."""
    rng = torch.Generator().manual_seed(0)
    negative = torch.randn(m, dims, generator=rng)
    positive = torch.randn(n, dims, generator=rng)
    positive[:, 0] += distance
    return positive, negative


@pytest.mark.parametrize("method", ["svm", "mean"])
@pytest.mark.parametrize(("n", "m"), [(200, 200), (40, 300)])
def test_the_planted_difference_is_found(method, n, m):
    vector = direction_between(*clouds(n, m), method)
    assert vector[0] > 0.9
    assert abs(vector.norm() - 1) < 1e-5
    assert torch.equal(vector, direction_between(*clouds(n, m), method))


@pytest.mark.parametrize("method", ["svm", "mean"])
def test_one_example_of_each_is_enough(method):
    vector = direction_between(torch.tensor([[2.0, 1.0]]), torch.tensor([[0.0, 1.0]]), method)
    torch.testing.assert_close(vector, torch.tensor([1.0, 0.0]))


@pytest.mark.parametrize(
    ("positive", "negative", "method", "name"),
    [
        (torch.zeros(0, 3), torch.ones(2, 3), "svm", "positive"),
        (torch.ones(2, 3), torch.ones(3), "mean", "negative"),
        (torch.ones(2, 3), torch.ones(4, 3), "svm", "positive"),
        (torch.zeros(2, 3), torch.ones(4, 3), "magic", "method"),
    ],
)
def test_faults_are_named(positive, negative, method, name):
    with pytest.raises(ArgumentError) as caught:
        direction_between(positive, negative, method)
    assert caught.value.name == name


@pytest.fixture(scope="module")
def bundled():
    return load("avatars", device="cpu"), load_classifier("avatars")


@pytest.mark.slow
def test_the_classifier_sees_what_a_direction_promises(bundled):
    faces, classifier = bundled

    def attributes(images):
        found = classifier.probabilities(images)
        return {"glasses": 1 - found["glasses"][:, 0], "dark skin": found["skin"][:, 3:].sum(dim=1)}

    directions = contrast_directions(faces, attributes, samples=200)
    assert directions.names == ("glasses", "dark skin")
    ws = faces.map(torch.randn(12, faces.z_dim, generator=torch.Generator().manual_seed(5)), truncation=0.7)
    for index, name in enumerate(directions.names):
        less, more = (attributes(faces.synthesize(directions.apply(ws, index, a)))[name].mean() for a in (-3, 3))
        assert more > less + 0.3


def test_an_attribute_that_all_images_share_is_named(bundled):
    with pytest.raises(ArgumentError, match="nose"):
        contrast_directions(bundled[0], lambda images: {"nose": torch.ones(len(images))}, samples=20)
    with pytest.raises(ArgumentError, match="share"):
        contrast_directions(bundled[0], lambda images: {}, samples=20, share=0.6)


@pytest.mark.parametrize(
    "scores", [lambda images: images, lambda images: 1.0, lambda images: images.mean(dim=(1, 2, 3)) * torch.nan]
)
def test_an_attribute_that_is_not_one_finite_number_an_image_is_named(scores):
    generator = load("avatars", device="cpu")
    with pytest.raises(ArgumentError, match="smile"):
        contrast_directions(generator, lambda images: {"smile": scores(images)}, samples=10)
    with pytest.raises(ArgumentError, match="scores by name"):
        contrast_directions(generator, scores, samples=10)


def test_examples_that_do_not_fit_are_named():
    rows = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    for positive, negative, name in (
        (rows * torch.nan, rows, "positive"),
        (rows, rows[0], "negative"),
        (rows, rows[:, :3], "negative"),
        ("rows", rows, "positive"),
    ):
        with pytest.raises(ArgumentError) as caught:
            direction_between(positive, negative)
        assert caught.value.name == name
    assert torch.equal(direction_between(rows.double(), -rows.double()), direction_between(rows, -rows))

import pytest
import torch

from spaceseed.directions.refine import refine_directions
from spaceseed.directions.sets import DirectionSet
from spaceseed.errors import ArgumentError
from spaceseed.models.generators.generator import DirectGenerator
from spaceseed.models.judges.classifier import load_classifier
from spaceseed.models.zoo.loading import load


class Painter(DirectGenerator):
    """A generator of plain colours: the first coordinate makes red, the second red and green."""

    def __init__(self):
        super().__init__()
        self.z_dim = self.w_dim = 4
        self.resolution, self.layers = 4, ()
        self.mix = torch.nn.Parameter(torch.tensor([[1.0, 0, 0], [1, 2, 0], [0, 0, 0], [0, 0, 0]]))

    def compute_images(self, ws, tap, **options):
        return (ws[:, 0] @ self.mix).tanh()[:, :, None, None].expand(-1, -1, 4, 4)

    def style_weights(self, layer):
        raise NotImplementedError


def colours(images):
    return {"red": images[:, 0].mean(dim=(1, 2)), "green": images[:, 1].mean(dim=(1, 2))}


def straight(*vectors, names=("red",)):
    """Returns directions with the given vectors."""
    vectors = torch.nn.functional.normalize(torch.tensor(vectors), dim=1)
    return DirectionSet("none", "", "", vectors, torch.ones(len(vectors)), (0,), names)


def test_changes_of_other_attributes_are_penalised():
    begun = straight([1.0, 1.0, 0.0, 0.0])
    dear, free = (refine_directions(Painter(), begun, colours, price=price, truncation=1.0) for price in (2.0, 0.0))
    assert dear.vectors[0, 0] > 0.97  # only red
    assert free.vectors[0, 1] > 0.5  # both make it redder
    assert dear.names == begun.names
    assert dear.layers == begun.layers
    assert dear.scales == pytest.approx([1.0], abs=0.05)


def test_a_direction_may_be_reversed():
    found = refine_directions(Painter(), straight([-0.6, 0.0, 0.8, 0.0]), colours, truncation=1.0)
    assert found.vectors[0, 0] > 0.5


def test_the_same_seed_gives_the_same_directions():
    begun = straight([1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0], names=("red", "green"))
    before = begun.vectors.clone()
    once, again, other = (refine_directions(Painter(), begun, colours, steps=20, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(begun.vectors, before)
    assert torch.equal(once.vectors, again.vectors)
    assert not torch.equal(once.vectors, other.vectors)
    torch.testing.assert_close(once.vectors.norm(dim=1), torch.ones(2))
    alone = refine_directions(Painter(), straight([0.0, 1.0, 1.0, 0.0], names=("green",)), colours, steps=20)
    torch.testing.assert_close(alone.vectors[0], once.vectors[1])


def test_other_layers_do_not_change():
    """The generator would react to any layer, but only those of the directions are moved."""
    faces, classifier = load("avatars", device="cpu"), load_classifier("avatars")
    seen = []

    def attributes(images):
        seen.append(images.detach())
        return {"glasses": 1 - classifier.probabilities(images)["glasses"][:, 0]}

    fine = DirectionSet.of(faces, "none", torch.eye(faces.w_dim)[:1], ("glasses",), torch.eye(faces.w_dim), (9,))
    refine_directions(faces, fine, attributes, steps=1, batch=2)
    above, below = seen[0].chunk(2)
    assert (above - below).abs().mean() < 0.02


@pytest.mark.slow
def test_the_classifier_sees_more_of_what_was_refined():
    faces, classifier = load("avatars", device="cpu"), load_classifier("avatars")
    column = classifier.attributes["glasses"].index("none")

    def attributes(images):
        seen = classifier.probabilities(images)
        return {"glasses": 1 - seen["glasses"][:, column], "dark skin": seen["skin"][:, 3:].sum(dim=1)}

    rng = torch.Generator().manual_seed(5)
    vague = torch.nn.functional.normalize(torch.randn(1, faces.w_dim, generator=rng), dim=1)
    begun = DirectionSet("none", "", "", vague, torch.ones(1), tuple(range(faces.num_ws)), ("glasses",))
    found = refine_directions(faces, begun, attributes, steps=30, batch=8)
    ws = faces.map(torch.randn(16, faces.z_dim, generator=rng), truncation=0.7)
    with torch.no_grad():
        more, less = (attributes(faces.synthesize(found.apply(ws, 0, amount))) for amount in (2, -2))
    changes = {name: float((more[name] - less[name]).mean()) for name in more}
    assert changes["glasses"] > 0.5
    assert abs(changes["dark skin"]) < 0.5 * changes["glasses"]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"price": -0.1}, "price"),
        ({"steps": 0}, "steps"),
        ({"batch": 0}, "batch"),
        ({"attributes": lambda images: {"blue": images.mean(dim=(1, 2, 3))}}, "attributes"),
        ({"attributes": lambda images: {"red": images.detach().mean(dim=(1, 2, 3))}}, "attributes"),
    ],
)
def test_faults_are_named(options, name):
    with pytest.raises(ArgumentError) as caught:
        refine_directions(Painter(), straight([1.0, 0.0, 0.0, 0.0]), **{"attributes": colours, **options})
    assert caught.value.name == name


@pytest.mark.parametrize("convert", [torch.mean, lambda red: red * torch.nan, lambda red: red[1:]])
def test_an_attribute_that_is_not_one_finite_number_an_image_is_named(convert):
    begun = straight([1.0, 0.0, 0.0, 0.0])
    with pytest.raises(ArgumentError, match=r"red = .* one score for each of 32 images"):
        refine_directions(Painter(), begun, lambda images: {"red": convert(colours(images)["red"])}, steps=1)
    with pytest.raises(ArgumentError, match="scores by name"):
        refine_directions(Painter(), begun, lambda images: colours(images)["red"], steps=1)

"""A small convolutional classifier of faces, with several attributes.

Example::

    classifier = load_classifier("avatars")
    classifier.probabilities(images)["mouth"]       # [N, 5], columns in the order of classifier.attributes["mouth"]

It is independent of the CLIP judges, so it can check the results of a search. Its features are used for distances
between sets of images.
"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from spaceseed.arguments import check_choice, check_device, check_tensor
from spaceseed.errors import ArgumentError

ASSETS = Path(__file__).parents[2] / "assets" / "classifier"


def _block(channels_in: int, channels_out: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels_out), nn.ReLU(inplace=True))


class Classifier(nn.Module):
    """A plain convolutional network with one linear head for each attribute.

    Args:
        attributes: the names of the values of each attribute.
        resolution: side in pixels of the network's input; images are resized to it.
        widths: channels after each halving of the resolution.
    """

    def __init__(
        self, attributes: dict[str, tuple[str, ...]], resolution: int = 64, widths: tuple[int, ...] = (24, 48, 80, 96)
    ) -> None:
        super().__init__()
        self.attributes = attributes
        self.resolution = resolution
        channels = (3, *widths)
        blocks = []
        for before, after in zip(channels, widths, strict=False):
            blocks += [_block(before, after, 2), _block(after, after, 1)]
        self.body = nn.Sequential(*blocks)
        self.heads = nn.ModuleDict({name: nn.Linear(widths[-1], len(v)) for name, v in attributes.items()})

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Returns the pooled activations that are the input of the heads.

        Args:
            images: [N, 3, H, W], clipped to [-1, 1] first, as on a screen.

        Returns:
            [N, widths[-1]], 0 or more.

        Raises:
            ArgumentError: the images have another shape or are not finite.
        """
        like = next(self.parameters())
        images = check_tensor("images", images, ["N", 3, "H", "W"], like.dtype).to(like.device).clamp(-1, 1)
        if images.shape[-2:] != (self.resolution, self.resolution):
            images = F.interpolate(images, (self.resolution, self.resolution), mode="bilinear", antialias=True)
        return self.body(images).mean(dim=(2, 3))

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Returns logits [N, values] for each attribute."""
        features = self.features(images)
        return {name: head(features) for name, head in self.heads.items()}

    def probabilities(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Returns probabilities [N, values] for each attribute, of images [N, 3, H, W] in [-1, 1]."""
        return {name: logits.softmax(dim=1) for name, logits in self(images).items()}

    def words(self, images: torch.Tensor) -> list[dict[str, str]]:
        """Returns the most probable value of each attribute, for each image of [N, 3, H, W]."""
        likeliest = {name: logits.argmax(dim=1).tolist() for name, logits in self(images).items()}
        names = self.attributes
        return [{name: names[name][likeliest[name][i]] for name in names} for i in range(len(images))]


def load_classifier(name: str = "avatars", device: torch.device | str | None = None) -> Classifier:
    """Loads a bundled classifier, in evaluation mode.

    Args:
        name: "avatars", for the faces of the bundled generator.
        device: where it runs; the CPU by default.

    Raises:
            ArgumentError: there is no such classifier, or this machine does not have the device.
    """
    device = check_device("device", device)
    check_choice("name", name, {"avatars": ASSETS})
    config = json.loads((ASSETS / "config.json").read_text())
    attributes = {attribute: tuple(values) for attribute, values in config["attributes"].items()}
    classifier = Classifier(attributes, config["resolution"], tuple(config["widths"]))
    classifier.load_state_dict(load_file(ASSETS / "model.safetensors"))
    return classifier.to(device).eval().requires_grad_(False)


@torch.no_grad()
def confirmed(classifier: Classifier, images: Tensor, asked: Mapping[str, Collection[str]]) -> Tensor:
    """Returns the share of the wanted attributes that the classifier finds in each image.

    Args:
        classifier: a classifier that was not used in the search.
        images: [N, 3, H, W].
        asked: the wanted values of each attribute: {"mouth": ["smile"], "hair_color": ["red", "auburn"]}.

    Returns:
        [N], 0 to 1.

    Raises:
        ArgumentError: `asked` is empty, or has attributes or values that the classifier does not know.
    """
    for name, values in asked.items():
        if not values or not set(values) <= set(classifier.attributes.get(name, ())):
            raise ArgumentError(
                "asked", {name: list(values)}, f"of the classifier's attributes {classifier.attributes}"
            )
    if not asked:
        raise ArgumentError("asked", {}, "one attribute or more")
    met = [[words[name] in values for name, values in asked.items()] for words in classifier.words(images)]
    return torch.tensor(met, dtype=torch.float32).mean(dim=1)

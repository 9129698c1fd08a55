"""The network of the Frechet Inception distance and the Inception score.

Example::

    inception = load_inception()                  # downloads 96 MB from the Hub, once
    features = inception(images)                  # [N, 2048]
    probabilities = inception.probabilities(images)       # [N, 1008]

It is pytorch-fid's port of TensorFlow's Inception v3, with the same weights. Any other Inception, such as
torchvision's, gives figures that cannot be compared with published ones.
"""

from pathlib import Path

import torch

import spaceseed.models.judges._torchvision  # noqa: F401

# isort: split
import torchvision
from pytorch_fid.inception import FIDInceptionA, FIDInceptionC, FIDInceptionE_1, FIDInceptionE_2
from torch import Tensor, nn
from torch.nn import functional as F

from spaceseed.arguments import check_device, check_tensor
from spaceseed.errors import CheckpointError
from spaceseed.models.hub import ByteProgress, fetch

REPOSITORY = "RaphaelLiu/EvalCrafter-Models"
REVISION = "6040b4d40fdcde446a0cf753b0527585b6b77c54"
FILE = "pt_inception-2015-12-05-6726825d.pth"
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
CLASSES = 1008
RESOLUTION = 299


class Inception(nn.Module):
    """Inception v3 with the pooling of TensorFlow's graph of 2015, and uninitialised weights.

    Attributes:
        name: name of the features in reports.
    """

    name = "Inception features"

    def __init__(self) -> None:
        super().__init__()
        # No transform_input: it would undo torchvision's normalisation of colours, which these weights do not use.
        network = torchvision.models.Inception3(
            num_classes=CLASSES, aux_logits=False, transform_input=False, init_weights=False
        )
        network.Mixed_5b = FIDInceptionA(192, pool_features=32)
        network.Mixed_5c = FIDInceptionA(256, pool_features=64)
        network.Mixed_5d = FIDInceptionA(288, pool_features=64)
        network.Mixed_6b = FIDInceptionC(768, channels_7x7=128)
        network.Mixed_6c = FIDInceptionC(768, channels_7x7=160)
        network.Mixed_6d = FIDInceptionC(768, channels_7x7=160)
        network.Mixed_6e = FIDInceptionC(768, channels_7x7=192)
        network.Mixed_7b = FIDInceptionE_1(1280)
        network.Mixed_7c = FIDInceptionE_2(2048)
        self.network = network
        # All layers but the last, in order. Dropout has no effect in evaluation mode.
        self._body = [module for name, module in network.named_children() if name != "fc"]

    def forward(self, images: Tensor) -> Tensor:
        """Returns the activations of the last pooling.

        Args:
            images: [N, 3, H, W], clipped to [-1, 1] first, as on a screen.

        Returns:
            [N, 2048], 0 or more.

        Raises:
            ArgumentError: the images have another shape or are not finite.
        """
        like = self.network.fc.weight
        x = check_tensor("images", images, ["N", 3, "H", "W"], like.dtype).to(like.device).clamp(-1, 1)
        # Without antialiasing, as in pytorch-fid. That resizes before it scales the values, which gives the same.
        x = F.interpolate(x, (RESOLUTION, RESOLUTION), mode="bilinear", align_corners=False)
        for module in self._body:
            x = module(x)
        return x.flatten(1)

    def probabilities(self, images: Tensor) -> Tensor:
        """Returns class probabilities [N, 1008] of images [N, 3, H, W]: p(y|x) of the Inception score."""
        return self.classify(self(images))

    def classify(self, features: Tensor) -> Tensor:
        """Returns class probabilities [N, 1008] of features [N, 2048], without the last bias as in the score."""
        like = self.network.fc.weight
        checked = check_tensor("features", features, ["N", like.shape[1]], like.dtype).to(like.device)
        return F.linear(checked, like).softmax(dim=1)


def inception_file(progress: ByteProgress | None = None) -> Path:
    """Returns the path of the weights, which are downloaded if they are not here yet.

    Args:
        progress: called during the download.

    Raises:
        DownloadError: the weights cannot be downloaded, or are not those that are pinned.
    """
    path, _ = fetch(REPOSITORY, FILE, REVISION, SHA256, progress)
    return path


def load_inception(device: torch.device | str | None = None, progress: ByteProgress | None = None) -> Inception:
    """Loads the network, in evaluation mode.

    Args:
        device: where it runs; the CPU by default.
        progress: called during the download.

    Raises:
        ArgumentError: this machine does not have the device.
        DownloadError: the weights cannot be downloaded.
        CheckpointError: the file does not hold the weights of this network.
    """
    device = check_device("device", device)
    path = inception_file(progress)
    inception = Inception()
    try:
        inception.network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises many types
        raise CheckpointError(f"{FILE} does not hold the weights of Inception v3.") from error
    return inception.to(device).eval().requires_grad_(False)

"""Encoders: networks that answer an image with the styles of a generator, in one pass.

Example::

    encoder = load_encoder("avatars")
    ws = encoder(images)                 # [N, num_ws, w_dim], before truncation
    G.synthesize(ws)                     # nearly the same images

An encoder fits one generator. `python -m spaceseed.training --encoder-for FILE` trains one.
"""

from pathlib import Path
from typing import Annotated

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional as F

from spaceseed.arguments import check_device, check_tensor
from spaceseed.errors import ArgumentError, CheckpointError
from spaceseed.models.generators.generator import Generator, check_model
from spaceseed.tensor_file import TensorFile
from spaceseed.untrusted import StrictLine

ASSETS = Path(__file__).parents[2] / "assets"
FILE = "encoder.safetensors"
MAX_BYTES = 200 * 10**6
LAST = 4  # side of the last map, which keeps places apart
HIDDEN = 128

Size = Annotated[int, Field(ge=1, le=2**14)]


class Header(BaseModel):
    """The sizes of an encoder, and the generator that it belongs to.

    Attributes:
        model: id of the generator; "" for any.
        sha256: hash of the generator's weights; "" for any.
        resolution: side of the encoder's input in pixels.
        widths: channels after each halving of the side.
        num_ws: number of style layers of the generator.
        w_dim: size of one w.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    model: Annotated[StrictLine, Field(max_length=250)] = ""
    sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""
    resolution: Annotated[int, Field(ge=8, le=1024)]
    widths: Annotated[tuple[Size, ...], Field(min_length=1, max_length=8)]
    num_ws: Annotated[int, Field(ge=1, le=256)]
    w_dim: Size


class Encoder(nn.Module):
    """A plain convolutional network: for each halving of the side two convolutions, then two linear layers.

    The last layer answers in standard deviations of w from its mean.

    Args:
        header: the sizes.

    Raises:
        ArgumentError: the widths do not lead from the resolution to 4 pixels.
    """

    center: Tensor
    spread: Tensor

    def __init__(self, header: Header) -> None:
        super().__init__()
        if header.resolution != LAST << len(header.widths):
            raise ArgumentError("widths", header.widths, f"one for each halving from {header.resolution} to {LAST}")
        self.header = header
        channels, blocks = (3, *header.widths), []
        for before, after in zip(channels, header.widths, strict=False):
            blocks += [_block(before, after, 2), _block(after, after, 1)]
        self.body = nn.Sequential(*blocks)
        self.hidden = nn.Linear(header.widths[-1] * LAST**2, HIDDEN)
        self.last = nn.Linear(HIDDEN, header.num_ws * header.w_dim)
        self.register_buffer("center", torch.zeros(header.w_dim))
        self.register_buffer("spread", torch.ones(header.w_dim))

    def offsets(self, images: Tensor) -> Tensor:
        """Returns ws of images as offsets from the mean w, in standard deviations, [N, num_ws, w_dim]."""
        images = check_tensor("images", images, ["N", 3, "H", "W"]).to(self.center.device).clamp(-1, 1)
        side = self.header.resolution
        if images.shape[-2:] != (side, side):
            images = F.interpolate(images, (side, side), mode="bilinear", antialias=True)
        hidden = F.leaky_relu(self.hidden(self.body(images).flatten(1)), 0.2)
        return self.last(hidden).unflatten(1, (self.header.num_ws, self.header.w_dim))

    def forward(self, images: Tensor) -> Tensor:
        """Returns the styles [N, num_ws, w_dim] of images [N, 3, H, W] in [-1, 1], before truncation.

        Raises:
            ArgumentError: the images have another shape or are not finite.
        """
        return self.center + self.spread * self.offsets(images)

    def check(self, generator: Generator) -> None:
        """Raises CheckpointError if this encoder belongs to another generator."""
        header = self.header
        check_model(generator, header.model, header.sha256, "This encoder belongs to", CheckpointError)
        if (header.num_ws, header.w_dim) != (generator.num_ws, generator.w_dim):
            raise CheckpointError("This encoder belongs to a generator with other styles.")


def _block(before: int, after: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, 3, stride, padding=1)
    return nn.Sequential(convolution, nn.LeakyReLU(0.2, inplace=True))


def _names(header: Header) -> tuple[str, ...]:
    return tuple(_uninitialised(header).state_dict())


def _uninitialised(header: Header) -> Encoder:
    with torch.device("meta"):
        return Encoder(header)


ENCODER_FILE = TensorFile("encoder", Header, _names, torch.float16, MAX_BYTES, CheckpointError)


def save_encoder(encoder: Encoder, path: str | Path) -> None:
    """Writes an encoder in half precision.

    Raises:
        OSError: the file cannot be written.
    """
    halves = {name: tensor.half() for name, tensor in encoder.state_dict().items()}
    ENCODER_FILE.write(path, encoder.header, halves)


def has_encoder(name: str) -> bool:
    """Returns whether an encoder for the model with this id is bundled."""
    return name.isprintable() and "/" not in name and (ASSETS / name / FILE).is_file()


def load_encoder(name: str | Path, device: torch.device | str | None = None) -> Encoder:
    """Loads an encoder, with frozen weights.

    Args:
        name: id of a bundled model that has one, such as "avatars", or the path of a file.
        device: where it runs; the CPU by default.

    Raises:
        ArgumentError: there is no such encoder, or this machine does not have the device.
        CheckpointError: the file does not hold an encoder.
    """
    device = check_device("device", device)
    path = ASSETS / str(name) / FILE if has_encoder(str(name)) else Path(name)
    if not path.is_file():
        raise ArgumentError("name", str(name), '"avatars", or the path of an encoder\'s file')
    header, tensors = ENCODER_FILE.read(path)
    try:
        encoder = Encoder(header)
        encoder.load_state_dict(tensors)
    except (ArgumentError, RuntimeError) as error:
        raise CheckpointError(f"{path.name} holds no encoder, or is damaged.") from error
    return encoder.to(device).eval().requires_grad_(False)

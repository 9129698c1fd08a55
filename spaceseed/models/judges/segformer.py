"""SegFormer (Xie et al. 2021), a network that gives each pixel a class, with public weights from the Hub.

The encoder is the Mix Transformer. It is the Pyramid Vision Transformer v2 of timm with another ratio in its MLPs, so
only the names of the weights differ. The decoder brings the four maps of the encoder to one size and mixes them.
`load_segmenter` loads the networks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

import spaceseed.models.judges._torchvision  # noqa: F401

# isort: split
from safetensors import SafetensorError, safe_open
from timm.models.pvt_v2 import PyramidVisionTransformerV2
from torch import Tensor, nn
from torch.nn import functional as F

from spaceseed.errors import CheckpointError
from spaceseed.models.hub import ByteProgress, fetch

ASSETS = Path(__file__).parents[2] / "assets" / "segmenter"
FILE = "model.safetensors"
RESOLUTION = 512
# ImageNet's mean and standard deviation of the colours, for colours in [-1, 1].
MEAN = tuple(2 * value - 1 for value in (0.485, 0.456, 0.406))
STD = tuple(2 * value for value in (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Published:
    """A published SegFormer.

    Attributes:
        repo: repository on the Hub.
        revision: hash of the commit.
        sha256: hash of the weights.
        names: file with the name of each class, one a line.
        depths: blocks in each of the four stages.
        widths: channels of the four stages.
        decoder: channels of the decoder.
    """

    repo: str
    revision: str
    sha256: str
    names: str
    depths: tuple[int, ...]
    widths: tuple[int, ...]
    decoder: int

    @property
    def classes(self) -> tuple[str, ...]:
        """The name of each class."""
        return tuple((ASSETS / self.names).read_text().splitlines())


PUBLISHED = {
    "faces": Published(
        "jonathandinu/face-parsing",
        "1f7e152e1efbfe03ce6c2637944a1f6a41bfcd0a",
        "c2bec795a8c243db71bd95be538fd62559003566466c71237e45c99b920f4b62",
        "faces.txt",
        depths=(3, 6, 40, 3),
        widths=(64, 128, 320, 512),
        decoder=768,
    ),
    "scenes": Published(
        "nvidia/segformer-b0-finetuned-ade-512-512",
        "489d5cd81a0b59fab9b7ea758d3548ebe99677da",
        "6ae39addd01de6b1b8bde2cf677d43a5cd733424b8d186de3f95d1c51fee23f9",
        "scenes.txt",
        depths=(2, 2, 2, 2),
        widths=(32, 64, 160, 256),
        decoder=256,
    ),
}

# From our names of weights to those in the files of transformers, applied one after the other.
RENAMED = (
    (r"^backbone\.patch_embed\.", "segformer.encoder.patch_embeddings.0."),
    (r"^backbone\.stages\.(\d)\.downsample\.", r"segformer.encoder.patch_embeddings.\1."),
    (r"^(segformer\.encoder\.patch_embeddings\.\d\.)norm\.", r"\1layer_norm."),
    (r"^backbone\.stages\.(\d)\.norm\.", r"segformer.encoder.layer_norm.\1."),
    (r"^backbone\.stages\.(\d)\.blocks\.(\d+)\.", r"segformer.encoder.block.\1.\2."),
    (r"\.norm(\d)\.", r".layer_norm_\1."),
    (r"\.attn\.q\.", ".attention.self.query."),
    (r"\.attn\.kv\.", ".attention.self.{}."),  # two in the files, "key" and "value"
    (r"\.attn\.sr\.", ".attention.self.sr."),
    (r"\.attn\.norm\.", ".attention.self.layer_norm."),
    (r"\.attn\.proj\.", ".attention.output.dense."),
    (r"\.mlp\.fc(\d)\.", r".mlp.dense\1."),
    (r"\.mlp\.dwconv\.", ".mlp.dwconv.dwconv."),
    (r"^linear\.(\d)\.", r"decode_head.linear_c.\1.proj."),
    (r"^fuse\.0\.", "decode_head.linear_fuse."),
    (r"^fuse\.1\.", "decode_head.batch_norm."),
    (r"^classifier\.", "decode_head.classifier."),
)


class SegFormer(nn.Module):
    """From images [N, 3, h, w] to logits [N, classes, h / 4, w / 4].

    Args:
        classes: number of classes.
        depths: blocks in each of the four stages.
        widths: channels of the four stages.
        decoder: channels of the decoder.
    """

    def __init__(self, classes: int, depths: Sequence[int], widths: Sequence[int], decoder: int) -> None:
        super().__init__()
        self.backbone = PyramidVisionTransformerV2(
            num_classes=0,
            depths=tuple(depths),
            embed_dims=tuple(widths),
            num_heads=(1, 2, 5, 8),
            sr_ratios=(8, 4, 2, 1),
            mlp_ratios=(4, 4, 4, 4),
            norm_layer=nn.LayerNorm,  # with an epsilon of 1e-5, as in transformers
        )
        self.linear = nn.ModuleList(nn.Linear(width, decoder) for width in widths)
        self.fuse = nn.Sequential(
            nn.Conv2d(decoder * len(widths), decoder, 1, bias=False), nn.BatchNorm2d(decoder), nn.ReLU()
        )
        self.classifier = nn.Conv2d(decoder, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.backbone.patch_embed(x)
        maps: list[Tensor] = []
        for stage, linear in zip(self.backbone.stages, self.linear, strict=True):
            x = stage(x)
            found = linear(x.movedim(1, 3)).movedim(3, 1)
            if maps:
                found = F.interpolate(found, maps[0].shape[-2:], mode="bilinear", align_corners=False)
            maps.append(found)
        return self.classifier(self.fuse(torch.cat(maps[::-1], dim=1)))


def load_segformer(published: Published, progress: ByteProgress | None = None) -> SegFormer:
    """Loads a published network.

    Args:
        published: one of `PUBLISHED`.
        progress: called with (bytes received, bytes in total) during a download.

    Raises:
        DownloadError: the weights cannot be downloaded, or are not those that are pinned.
        CheckpointError: the file does not hold the weights of this network.
    """
    path, _ = fetch(published.repo, FILE, published.revision, published.sha256, progress)
    with torch.device("meta"):
        network = SegFormer(len(published.classes), published.depths, published.widths, published.decoder)
    try:
        network.load_state_dict(_read(path, list(network.state_dict())), assign=True)
    except (SafetensorError, RuntimeError) as error:
        raise CheckpointError(f"{FILE} of {published.repo} does not hold the weights of this SegFormer.") from error
    return network


def _read(path: Path, names: Sequence[str]) -> dict[str, Tensor]:
    """Returns weights by our names from a file of transformers, which has keys and values apart."""
    tensors: dict[str, Tensor] = {}
    with safe_open(path, "pt") as file:
        for name in names:
            theirs = _renamed(name)
            parts = [theirs.format("key"), theirs.format("value")] if "{}" in theirs else [theirs]
            found = [file.get_tensor(part) for part in parts]
            tensors[name] = found[0] if len(found) == 1 else torch.cat(found)
    return tensors


def _renamed(name: str) -> str:
    for pattern, replacement in RENAMED:
        name = re.sub(pattern, replacement, name)
    return name

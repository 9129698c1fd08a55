"""Judges: CLIP models that score images against a text. They are bundled or public, and built by open_clip.

Example::

    judge = load_judge("avatars")
    judge.score(images, "a smiling woman")          # [N] cosine similarities

`Judge.preprocess` converts images to a model's resolution and colour statistics. It works on batches of tensors and is
differentiable, so a judge can also be used for gradient ascent.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import torch
import torch.nn.functional as F

import spaceseed.models.judges._torchvision  # noqa: F401

# isort: split
import open_clip
from open_clip.transform import PreprocessCfg
from torchvision.transforms import functional as TF

from spaceseed.arguments import check_device, check_tensor, check_type
from spaceseed.errors import ArgumentError, CheckpointError, DownloadError
from spaceseed.models.hub import ByteProgress, fetch
from spaceseed.models.judges.texts import split_text

ASSETS = Path(__file__).parents[2] / "assets" / "judge"
# Of the bundled judge, over 42 phrases: 97 % of the faces with an attribute have more, and 2 % of the others.
MATCHING = 0.25
# It was taught that glasses can be seen through.
KINDS = {"glasses": ("sunglasses",)}
# Names of the weights in repositories for which open_clip names no file; the first is preferred.
SAFE_WEIGHTS, PICKLED_WEIGHTS = "open_clip_model.safetensors", "open_clip_pytorch_model.bin"


class Judge:
    """A CLIP model (Radford et al. 2021) with its tokenizer and preprocessing.

    Args:
        model: an open_clip model; its `visual.preprocess_cfg` describes the preprocessing.
        tokenizer: one of open_clip's: from texts, and optionally a context length, to token ids [N, context_length].
        device: where the model runs. Images on other devices are moved.
        name: the name for `load_judge`, which recipes store; None for another model.
        matching: the cosine that an image has at least with a text of a few words that is true for it; None if that
            is not known.
        kinds: from a text to others that name kinds of it which this judge does not see in it.
    """

    def __init__(
        self,
        model: open_clip.CLIP,
        tokenizer: open_clip.tokenizer.SimpleTokenizer,
        device: torch.device | str = "cpu",
        name: str | None = None,
        matching: float | None = None,
        kinds: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self.name = name
        self.matching, self.kinds = matching, kinds
        self.model = model.to(device).eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self._preprocess = PreprocessCfg(**model.visual.preprocess_cfg)
        if self._preprocess.resize_mode not in ("shortest", "squash"):
            raise ArgumentError("resize_mode", self._preprocess.resize_mode, '"shortest" or "squash"')

    @property
    def device(self) -> torch.device:
        """Where the model runs."""
        return next(self.model.parameters()).device

    def to(self, device: torch.device | str) -> None:
        """Moves the model."""
        self.model.to(device)

    def preprocess(self, images: torch.Tensor) -> torch.Tensor:
        """Preprocesses images as the model's own PIL transform does: antialiased resize, crop, normalisation.

        Args:
            images: [N, 3, H, W], clipped to [-1, 1] first, as on a screen.

        Returns:
            [N, 3, h, w] at the model's resolution, differentiable with respect to `images`.

        Raises:
            ArgumentError: the images have another shape or are not finite.
        """
        config = self._preprocess
        size = [config.size] * 2 if isinstance(config.size, int) else list(config.size)
        images = check_tensor("images", images, ["N", 3, "H", "W"]).to(self.device)
        if not min(images.shape[-2:]):
            raise ArgumentError("images", tuple(images.shape), "of one pixel or more")
        images = (images.clamp(-1, 1) + 1) / 2
        if list(images.shape[-2:]) != size:
            mode = TF.InterpolationMode(config.interpolation)
            target = [min(size)] if config.resize_mode == "shortest" else size
            # Bicubic resizing overshoots. The model was trained on 8-bit images, which cannot, so values are clipped.
            images = TF.resize(images, target, mode, antialias=True).clamp(0, 1)
            images = TF.center_crop(images, size)
        return TF.normalize(images, list(config.mean), list(config.std))

    def embed_images(self, images: torch.Tensor) -> torch.Tensor:
        """Embeds images. Gradients flow back to them, except under `torch.no_grad()`.

        Args:
            images: [N, 3, H, W], nominally in [-1, 1].

        Returns:
            [N, d], unit vectors.
        """
        return self.model.encode_image(self.preprocess(images), normalize=True)

    @torch.no_grad()
    def embed_text(self, text: str | Sequence[str]) -> torch.Tensor:
        """Embeds one text, or several: [1, d] or [N, d], unit vectors.

        A text longer than the model's context is split into parts that fit, at sentence ends, commas or spaces. Its
        embedding is the normalised mean of theirs. So its score is proportional to the mean score of the parts.

        Raises:
            ArgumentError: an item is not a text.
        """
        texts = [text] if isinstance(text, str) else check_type("text", text, (list, tuple), "a text, or several")
        texts = [check_type("text", each, str, "a text, or several") for each in texts]
        embeddings = self._encode(texts)
        for row, parts in enumerate(split_text(text, self._fits) for text in texts):
            if len(parts) > 1:
                embeddings[row] = F.normalize(self._encode(parts).mean(dim=0), dim=0)
        return embeddings

    def _encode(self, texts: list[str]) -> torch.Tensor:
        return self.model.encode_text(self.tokenizer(texts).to(self.device), normalize=True)

    def _fits(self, text: str) -> bool:
        """Returns whether no token is cut: then a longer context gives the same number of tokens, without padding."""
        tokens = self.tokenizer([text])
        longer = self.tokenizer([text, ""], context_length=2 * tokens.shape[1])
        padding = longer[1].mode().values  # the most frequent token of an empty text
        return bool((tokens[0] != padding).sum() == (longer[0] != padding).sum())

    def score(self, images: torch.Tensor, text: str) -> torch.Tensor:
        """Returns the cosine similarities [N] of images [N, 3, H, W] and one text; higher is a better match.

        For a text longer than the model's context it is proportional to the mean over its parts: see `embed_text`.

        Raises:
            ArgumentError: the images have another shape or are not finite, or `text` is not a single text.
        """
        check_type("text", text, str, "one text")
        return self.embed_images(images) @ self.embed_text(text)[0]


def load_judge(
    name: str = "avatars", device: torch.device | str | None = None, progress: ByteProgress | None = None
) -> Judge:
    """Loads a judge.

    Args:
        name: "avatars", the bundled judge for faces of the bundled generator; or open_clip's
            "architecture/weights", such as "ViT-B-32/laion2b_s34b_b79k". Weights come from the Hub, or are the path of
            a local file. Public weights use the activation they were trained with, local ones that of the architecture.
        device: where it runs; the CPU by default.
        progress: called with (bytes received, bytes in total) during a download.

    Raises:
        ArgumentError: open_clip has no such model, or this machine does not have the device.
        DownloadError: the weights cannot be downloaded from the Hub.
        CheckpointError: the local file does not hold weights of this architecture.
    """
    check_type("name", name, str, '"avatars" or "architecture/weights"')
    device = check_device("device", device)
    if name == "avatars":
        judge = _build(name, f"local-dir:{ASSETS}", None, device, bpe_path=str(ASSETS / "bpe.txt.gz"))
        judge.matching, judge.kinds = MATCHING, KINDS
        return judge
    architecture, _, weights = name.partition("/")
    known = weights in open_clip.list_pretrained_tags_by_model(architecture)
    local = os.path.isfile(weights)  # noqa: PTH113 - Path.is_file raises for long names
    if architecture not in open_clip.list_models() or not (known or local):
        allowed = '"avatars" or one of open_clip\'s models as "architecture/weights", e.g. "ViT-B-32/laion2b_s34b_b79k"'
        raise ArgumentError("name", name, allowed)
    if known:
        _fetch(architecture, weights, progress)
        return _build(name, architecture, weights, device)
    try:
        return _build(name, architecture, weights, device)
    except Exception as error:  # torch, safetensors and open_clip raise many types without a common base
        raise CheckpointError(f"{Path(weights).name} holds no weights of {architecture} that can be read.") from error


def _fetch(architecture: str, tag: str, progress: ByteProgress | None) -> None:
    """Downloads weights to open_clip's cache. Without the Hub, open_clip would retry for a minute and log each try."""
    repo, file = open_clip.get_pretrained_cfg(architecture, tag)["hf_hub"].rsplit("/", 1)
    safe = SAFE_WEIGHTS if not file else re.sub(r"\.(bin|pth)$", ".safetensors", file)
    try:
        fetch(repo, safe, "main", progress=progress)
    except DownloadError:
        fetch(repo, file or PICKLED_WEIGHTS, "main", progress=progress)


def _build(
    name: str, model_name: str, weights: str | None, device: torch.device | str, **tokenizer_options: str
) -> Judge:
    # open_clip reads pickled weights with weights_only=True. Its preprocessing is not used, see Judge.preprocess.
    # Some public weights were trained with QuickGELU, although the architecture of the same name has GELU.
    quick_gelu = open_clip.get_pretrained_cfg(model_name, weights or "").get("quick_gelu", False)
    model, _, _ = open_clip.create_model_and_transforms(
        model_name, pretrained=weights, weights_only=True, force_quick_gelu=quick_gelu
    )
    return Judge(model, open_clip.get_tokenizer(model_name, **tokenizer_options), device, name)

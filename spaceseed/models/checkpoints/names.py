"""Looks at the names in a parsed file: prefixes of wrappers, and the kind of a file that holds no generator."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from spaceseed.models.checkpoints.persistence import PersistentObject

PREFIXES = ("module.", "_orig_mod.")  # of torch's DataParallel and torch.compile
# Other kinds of networks that users may choose by mistake. All patterns of a kind must match; the first kind counts.
KINDS = {
    "the state of an optimizer": (r"param_groups",),
    "a LoRA, which changes another model": (r"(.*[._])?lora_?(up|down|A|B)\..*",),
    "a diffusion model": (r"(.*\.)?(time_embed|time_embedding|time_text_embed|t_embedder)\..*",),
    "an autoencoder": (r"(.*\.)?encoder\.conv_in\.weight", r"(.*\.)?decoder\.conv_in\.weight"),
    "a CLIP model": (r"logit_scale", r"(visual|vision_model)\..*"),
    "an encoder, as pSp and e4e have": (r"(encoder\.)?input_layer\.0\.weight", r"(encoder\.)?(styles\.0|body\.0)\..*"),
    "a discriminator": (r"b4\.out\.weight|final_linear\.0\.weight|input0\.(conv\.)?weight",),
    "a ResNet, which classifies images": (r"layer4\.0\.conv1\.weight",),
    "an Inception network, which classifies images": (r"Mixed_7c\..*",),
    "a language model": (r"(.*\.)?(embed_tokens|wte)\.weight",),
}


def unwrapped(content: Any) -> Any:
    """Removes the prefixes that wrappers of the network added to all names of a dictionary.

    Args:
        content: the result of `read_container`.
    """
    if not isinstance(content, dict):
        return content
    names = list(content)
    while names and all(isinstance(name, str) and name.startswith(PREFIXES) for name in names):
        names = [name.split(".", 1)[1] for name in names]
    return {name: unwrapped(value) for name, value in zip(names, content.values(), strict=True)}


def describe(content: Any) -> str:
    """Returns a description of a file that holds no generator, from its names. It continues "... holds".

    Args:
        content: the result of `unwrapped`.
    """
    tensors = list(_tensors(content))
    names = (
        [*tensors, *(name for name in content if isinstance(name, str))] if isinstance(content, Mapping) else tensors
    )
    for kind, patterns in KINDS.items():
        if all(any(re.fullmatch(pattern, name) for name in names) for pattern in patterns):
            return kind
    if isinstance(content, Mapping):
        for value in content.values():
            if isinstance(value, PersistentObject):
                return f"a network of the class {value.class_name[:50]!r}"
    return f"tensors of an unknown network, such as {tensors[0][:100]!r}" if tensors else "no named tensors"


def _tensors(content: Any) -> Iterator[str]:
    """Yields names of tensors, also in nested dictionaries."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            if isinstance(name, str) and isinstance(value, Tensor):
                yield name
            yield from _tensors(value)

"""Writes a trained generator to one file with its description. `spaceseed.load(path)` and the app open it."""

from collections.abc import Mapping
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors.torch import save_file

from spaceseed.errors import ArgumentError
from spaceseed.models.checkpoints.own import KEY, Header
from spaceseed.models.generators.generator import Generator


def save_generator(
    generator: Generator,
    path: str | Path,
    *,
    title: str,
    licence: str = "unknown",
    terms: str = "Unknown: ask whoever made the weights.",
    truncation: float = 0.7,
    groups: Mapping[str, tuple[str, ...]] | None = None,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Writes a generator as safetensors, with its description in the header.

    Args:
        generator: of any family but BigGAN, in its form for inference.
        path: path of the file, usually with the suffix `.safetensors`.
        title: the name that people see.
        licence: licence of the weights; an SPDX identifier if there is one.
        terms: one sentence on what the licence means for users of the images.
        truncation: recommended psi.
        groups: names of the labels by group, for a conditional generator; otherwise None.
        dtype: float32, which keeps the weights unchanged, or float16, which needs half the space.

    Raises:
        ArgumentError: readers would refuse a field of the header, or the labels do not fit the generator.
    """
    groups = groups or {}
    classes = tuple(f"{group}: {name}" for group, names in groups.items() for name in names)
    if len(classes) != generator.num_classes:
        raise ArgumentError("groups", f"{len(classes)} labels", f"the generator's {generator.num_classes} labels")
    try:
        header = Header(
            family=type(generator).__name__,  # type: ignore[arg-type]  # pydantic checks it
            title=title,
            licence=licence,
            terms=terms,
            truncation=truncation,
            classes=classes,
            groups=tuple(len(names) for names in groups.values()),
            **generator.settings,
        )
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        name = str(wrong["loc"][0]) if wrong["loc"] else "card"
        raise ArgumentError(name, str(wrong["input"])[:80], f"a value that readers accept ({wrong['msg']})") from error
    tensors = {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).cpu().contiguous()
        for name, tensor in generator.state_dict().items()
    }
    save_file(tensors, path, metadata={KEY: header.model_dump_json()})

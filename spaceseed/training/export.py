"""One file that holds a trained generator and says what it is; `spaceseed.load(path)` and the app open it."""

from collections.abc import Mapping
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors.torch import save_file

from spaceseed.errors import ArgumentError
from spaceseed.models.checkpoints.own import KEY, Header
from spaceseed.models.generators.generator import Generator


def export(
    generator: Generator,
    path: Path,
    *,
    title: str,
    licence: str = "unknown",
    terms: str = "Unknown: ask whoever made the weights.",
    truncation: float = 0.7,
    groups: Mapping[str, tuple[str, ...]] | None = None,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Writes a generator as safetensors, its card in the header.

    Args:
        generator: a StyleGAN2, PGGAN or DCGAN, as inference uses it.
        path: of the file, by custom with the suffix `.safetensors`.
        title: a name for people.
        licence: of the weights; an SPDX identifier where there is one.
        terms: what the licence means for whoever uses the images, in a sentence.
        truncation: psi that suits the generator.
        groups: names of the labels by group, for a conditional generator; None for others.
        dtype: float32, which keeps the weights as they are, or float16, which takes half the room.

    Raises:
        ArgumentError: a field of the card is outside what readers accept, or the labels are not the generator's.
    """
    groups = groups or {}
    classes = tuple(f"{group}: {name}" for group, names in groups.items() for name in names)
    if len(classes) != generator.num_classes:
        raise ArgumentError("groups", f"{len(classes)} labels", f"the generator's {generator.num_classes} labels")
    try:
        header = Header(
            family=type(generator).__name__,  # type: ignore[arg-type]  # checked here
            title=title,
            licence=licence,
            terms=terms,
            truncation=truncation,
            classes=classes,
            groups=tuple(len(names) for names in groups.values()),
        )
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        name = str(wrong["loc"][0]) if wrong["loc"] else "card"
        raise ArgumentError(name, str(wrong["input"])[:80], f"what readers accept ({wrong['msg']})") from error
    tensors = {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).cpu().contiguous()
        for name, tensor in generator.state_dict().items()
    }
    save_file(tensors, path, metadata={KEY: header.model_dump_json()})

"""A GPU on a ZeroGPU Space: it is there only during a call that asks for it.

Weights stay on the CPU in the app's own process. A call forks a worker, which inherits them, moves them to the GPU it
was lent, and ends; so arguments and results are CPU tensors, and nothing that a worker changes is kept.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from spaceseed.devices import is_zero_gpu
from spaceseed.models.generators.generator import ActivationEdit, Generator

if TYPE_CHECKING:
    from spaceseed.models.judges.clip import Judge

# Seconds of GPU that a call asks for: the visitor's quota is checked against these, not against what it takes.
START_SECONDS, SECONDS_PER_MEGAPIXEL, MAX_SECONDS = 4.0, 0.25, 120


def lend_to_generator(generator: Generator) -> Generator:
    """Lets a generator draw on the GPU of each call; where this is no ZeroGPU Space, it is left as it is.

    Edits of activations are functions, which no worker can be handed; those images are drawn on the CPU.
    """
    if not is_zero_gpu():
        return generator
    import spaces  # noqa: PLC0415 - there is no such package elsewhere

    here = generator.synthesize

    def seconds(ws: Tensor, options: Mapping[str, Any]) -> int:  # noqa: ARG001 - called with the arguments of `there`
        return asked(len(ws) * generator.resolution**2)

    @spaces.GPU(duration=seconds)
    @torch.no_grad()
    def there(ws: Tensor, options: Mapping[str, Any]) -> Tensor:
        device = lent_device()
        generator.to(device)
        moved: dict[str, Any] = {n: v.to(device) if isinstance(v, Tensor) else v for n, v in options.items()}
        return here(ws.to(device), **moved).cpu()

    def synthesize(ws: Tensor, *, edits: Mapping[str, ActivationEdit] | None = None, **options: Any) -> Tensor:
        return here(ws, edits=edits, **options) if edits else there(ws, options)

    generator.synthesize = synthesize  # type: ignore[method-assign]
    return generator


def lend_to_judge(judge: "Judge") -> "Judge":
    """Lets a judge look at images on the GPU of each call; where this is no ZeroGPU Space, it is left as it is."""
    if not is_zero_gpu():
        return judge
    import spaces  # noqa: PLC0415 - there is no such package elsewhere

    here = judge.embed_images

    @spaces.GPU(duration=lambda images: asked(images.numel() // 3))
    @torch.no_grad()
    def there(images: Tensor) -> Tensor:
        judge.device = lent_device()
        judge.model.to(judge.device)
        return here(images).cpu()

    judge.embed_images = there  # type: ignore[method-assign]
    return judge


def asked(pixels: int) -> int:
    """Returns the seconds of GPU to ask for when so many pixels are drawn or looked at."""
    return min(round(START_SECONDS + SECONDS_PER_MEGAPIXEL * pixels / 10**6), MAX_SECONDS)


def lent_device() -> torch.device:
    """Returns the GPU of this worker."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")

"""Large amounts of work in batches. Memory stays bounded, and progress can be reported."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from spaceseed.models.generators.generator import Generator

# On a CPU: at 64 pixels 16 images at once, 8 at 128, 2 at 256, and 1 at larger sizes. Larger batches are no faster:
# 8.9, 3.8, 3.5 and 3.4 ms an image of 64 pixels in batches of 1, 8, 16 and 32; 290 ms an image of 256 pixels in batches
# of 2 and of 4.
MAX_IMAGES, PIXELS = 16, 2**17
# On a GPU: as many as fit into half of the free memory, and at most 64, because a search ends only between batches.
# Networks have half the channels at twice the resolution, so the activations of an image grow with its side: those of
# StyleGAN2 take 37 MB at 64 pixels, 143 MB at 256, and 582 MB at 1024.
MAX_CUDA_IMAGES, BYTES_OF_ROW, CUDA_SHARE = 64, 600_000, 0.5

# Called with the share of the work that is done, 0 to 1. It may raise an exception to end the work.
Progress = Callable[[float], None]


def batch_size(generator: Generator) -> int:
    """Returns how many images of a generator to synthesize at a time, from their size and the memory of its device."""
    if generator.device.type != "cuda":
        return max(1, min(MAX_IMAGES, PIXELS // generator.resolution**2))
    device = generator.device
    free, _ = torch.cuda.mem_get_info(device)
    cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # free for torch alone
    fitting = int(CUDA_SHARE * (free + cached)) // (BYTES_OF_ROW * generator.resolution)
    return max(1, min(MAX_CUDA_IMAGES, fitting))


def batches(rows: Tensor, size: int, progress: Progress = lambda _: None) -> Iterator[Tensor]:
    """Yields rows [n, ...] in batches of `size`. Reports the share that is done before the next batch."""
    done = 0
    for part in rows.split(size):
        yield part
        done += len(part)
        progress(done / len(rows))


def one_of(progress: Progress, number: int, count: int) -> Progress:
    """Returns the progress function for part `number`, from 0, of a piece of work with `count` equal parts."""
    return lambda share: progress((number + share) / count)

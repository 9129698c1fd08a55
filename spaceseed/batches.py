"""Much work, a little at a time: so that memory stays bounded, and it can be seen how far the work has come."""

from collections.abc import Callable, Iterator

from torch import Tensor

from spaceseed.models.generators.generator import Generator

# Up to 64 pixels 16 images at once, 8 of 128, 2 of 256, larger ones one by one: activations of one at 1024 pixels take
# half a GB. More would gain nothing on a processor: 8.9, 3.8, 3.5 and 3.4 ms an image of 64 pixels in batches of 1, 8,
# 16 and 32; 290 ms an image of 256 in batches of 2 and of 4.
MAX_IMAGES, PIXELS = 16, 2**17

# Told the share of the work done, 0 to 1; may raise to end it.
Progress = Callable[[float], None]


def batch_size(generator: Generator) -> int:
    """Returns how many images of a generator to draw at a time."""
    return max(1, min(MAX_IMAGES, PIXELS // generator.resolution**2))


def batches(rows: Tensor, size: int, progress: Progress = lambda _: None) -> Iterator[Tensor]:
    """Goes through rows [n, ...] `size` at a time, and tells the share that is done whenever the next are asked for."""
    done = 0
    for part in rows.split(size):
        yield part
        done += len(part)
        progress(done / len(rows))


def one_of(progress: Progress, number: int, count: int) -> Progress:
    """Returns what part `number`, from 0, of `count` equal parts of a piece of work tells its own share to."""
    return lambda share: progress((number + share) / count)

"""What stands in for CUDA, so that the real `spaces` package runs beside a torch without it.

Only the beginning of CUDA is replaced, and the way to the GPU: in a worker tensors "move" to the CPU. All else is the
package's own: its patches of torch, the packing, the workers, the pipes and the calls to the scheduler.
"""

import os
from collections.abc import Callable
from typing import Any

import torch


def install() -> None:
    """Prepares torch, and imports the package; its variables of the environment must be set."""
    torch.version.cuda = torch.version.cuda or "12.8"
    torch.cuda._is_in_bad_fork = torch.cuda.is_initialized  # the package calls it in a process of its own
    if not hasattr(torch._C, "_cuda_init"):
        torch._C._cuda_init = lambda: None
    import gradio  # noqa: F401 - the package looks whether it is there
    from spaces.zero import torch as zero

    zero.init = lambda nvidia_uuid: None
    zero.move = _move


def _move(callback: Callable[[int], Any] | None = None) -> None:
    """Gives the stand-ins of tensors on the GPU their numbers: those in memory, and those in the packs on disk."""
    from spaces.zero.torch import patching

    for fake, original in patching.cuda_aliases.items():
        if original is not None:
            fake.data = original
    for pack in patching.tensor_packs:
        at = 0
        with open(pack.path(), "rb") as file:  # noqa: PTH123
            for tensor, size, aligned in [item for batch in pack.batches for item in batch] + pack.big_tensors:
                file.seek(at)
                numbers = torch.frombuffer(bytearray(file.read(size)), dtype=tensor.dtype)
                for fake in pack.fakes[tensor]:
                    fake.data = numbers.as_strided(tensor.shape, tensor.stride())
                at += aligned


def is_on() -> bool:
    """Returns whether this process plays a ZeroGPU Space."""
    return os.environ.get("SPACES_ZERO_GPU") == "true"

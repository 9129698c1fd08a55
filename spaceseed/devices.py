"""Where networks run: the first GPU, the CPU, or a GPU that a Space lends call by call."""

import os

import torch


def default_device() -> torch.device:
    """Returns where models live: the first GPU, or the CPU when there is none.

    On a ZeroGPU Space that is the CPU: a GPU is there only during a call that asked for one.
    """
    return torch.device("cuda" if not is_zero_gpu() and torch.cuda.is_available() else "cpu")


def is_zero_gpu() -> bool:
    """Tells whether this is a Space whose GPUs are lent call by call."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in {"1", "t", "true"}

"""The device that networks run on: the first GPU, the CPU, or a GPU that a Space lends for single calls."""

import os

import torch


def default_device() -> torch.device:
    """Returns the device that models are kept on: the first GPU, or the CPU if there is none.

    On a ZeroGPU Space it is the CPU, because a GPU is available only during a call that requested one.
    """
    return torch.device("cuda" if not is_zero_gpu() and torch.cuda.is_available() else "cpu")


def is_zero_gpu() -> bool:
    """Returns whether this is a ZeroGPU Space, which lends GPUs for single calls."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in {"1", "t", "true"}

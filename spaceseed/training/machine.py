"""The device, the precision and the processes of a training; and a network with its Adam."""

import copy
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor, nn

from spaceseed.errors import TrainingError

# Adam's decay rates for all networks: without momentum, as is usual for GANs.
BETAS = (0.0, 0.99)
Network = TypeVar("Network", bound=nn.Module)


class Machine:
    """The device and the processes, as set by `accelerate launch`. Without a launch there is one process.

    Attributes:
        device: device of this process.
        rank: number of this process, from 0. The first one reports and saves.
        processes: number of processes.

    Args:
        precision: precision of the networks' arithmetic, "float32" or "bfloat16".
    """

    def __init__(self, precision: str) -> None:
        self._accelerator = Accelerator()
        self._half = precision == "bfloat16"
        self.device = self._accelerator.device
        self.rank = self._accelerator.process_index
        self.processes = self._accelerator.num_processes

    def precision(self) -> AbstractContextManager[Any]:
        """Returns a context in which networks use the chosen precision where possible. Weights stay float32."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._half)

    def mean(self, numbers: Tensor) -> Tensor:
        """Returns the mean over all processes, the same in each."""
        return self._accelerator.reduce(numbers, "mean") if self.processes > 1 else numbers

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replaces gradients by their means over all processes, in one message."""
        if self.processes == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def gather(self, value: Any) -> list[Any]:
        """Returns the values of all processes, in order."""
        return gather_object([value]) if self.processes > 1 else [value]


class Learner(Generic[Network]):
    """A network and its Adam.

    Args:
        network: the network that is trained.
        groups: Adam's parameter groups, each with its "lr".
        betas: Adam's decay rates.
        machine: averages gradients over processes.
    """

    def __init__(
        self, network: Network, groups: list[dict[str, Any]], betas: tuple[float, float], machine: Machine
    ) -> None:
        self.network = network
        self._machine = machine
        self._rates = [group["lr"] for group in groups]
        self._adam = torch.optim.Adam(groups, betas=betas)

    def step(self, loss: Tensor, rate: float, name: str) -> None:
        """Takes one step of gradient descent on `loss`, with `rate` times the full learning rate.

        Raises:
            TrainingError: the loss, called `name`, is not finite in one of the processes, or the weights are not after
                the step. All processes raise it together.
        """
        if not self._machine.mean(loss.detach()).isfinite():
            raise TrainingError(f"the {name} is not finite")
        self._adam.zero_grad(set_to_none=True)
        loss.backward()
        self._machine.average_gradients(p for group in self._adam.param_groups for p in group["params"])
        for group, full in zip(self._adam.param_groups, self._rates, strict=True):
            group["lr"] = full * rate
        self._adam.step()
        # Gradients are the same in all processes, and so are the weights.
        weights = [p for group in self._adam.param_groups for p in group["params"]]
        if not torch.stack([weight.isfinite().all() for weight in weights]).all():
            raise TrainingError(f"the {name} led to weights that are not finite")

    def copy(self) -> "Learner[Network]":
        """Returns an independent copy of the network and Adam."""
        return copy.deepcopy(self, {id(self._machine): self._machine})

    def state_dict(self) -> dict[str, Any]:
        """Returns weights, buffers and Adam's moments."""
        return {"network": self.network.state_dict(), "adam": self._adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores the state from `state_dict`. Tensors are copied."""
        self.network.load_state_dict(state["network"])
        # Adam would continue to use the given tensors, so it gets copies.
        self._adam.load_state_dict(copy.deepcopy(state["adam"]))

"""NVIDIA's persistent objects: networks pickled together with their source code, which is ignored here."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints.rebuild import Storage, data_names
from spaceseed.models.checkpoints.torch_files import read_legacy
from spaceseed.models.checkpoints.unpickle import Budget, Function, Names


@dataclass(frozen=True)
class PersistentObject:
    """An object of NVIDIA's `torch_utils.persistence`, without its code.

    Attributes:
        class_name: name of its class, without the module.
        state: its attributes.
        init_args: positional arguments of its constructor.
        init_kwargs: keyword arguments of its constructor.
    """

    class_name: str
    state: dict[str, Any] = field(repr=False)
    init_args: tuple[Any, ...] = ()
    init_kwargs: dict[str, Any] = field(default_factory=dict)


def state_dict(module: PersistentObject) -> dict[str, Tensor]:
    """Returns the parameters and buffers of a module and its submodules, with torch's names: "mapping.fc0.weight".

    Args:
        module: a pickled torch.nn.Module.

    Returns:
        Tensors by name, without non-persistent buffers.

    Raises:
        CheckpointError: it does not have the structure of a torch module.
    """
    tensors: dict[str, Tensor] = {}
    _collect(module, "", tensors)
    return tensors


def _collect(module: Any, prefix: str, tensors: dict[str, Tensor]) -> None:
    if not isinstance(module, PersistentObject):
        raise CheckpointError("The file holds a network with parts of an unknown kind.")
    own = [module.state.get(name, {}) for name in ("_parameters", "_buffers", "_modules")]
    unsaved = module.state.get("_non_persistent_buffers_set", set())
    if not all(isinstance(part, dict) and all(type(key) is str for key in part) for part in own):
        raise CheckpointError("The file holds a network without the structure of a torch module.")
    parameters, buffers, modules = own
    for name, tensor in [*parameters.items(), *((name, b) for name, b in buffers.items() if name not in unsaved)]:
        if isinstance(tensor, Tensor):
            tensors[prefix + name] = tensor
        elif tensor is not None:
            raise CheckpointError(f"The file holds a network whose {prefix + name} is not a tensor.")
    for name, inner in modules.items():
        if inner is not None:
            _collect(inner, f"{prefix}{name}.", tensors)


def persistence_names(budget: Budget) -> Names:
    """Returns the names that NVIDIA's pickles use."""
    names = dict(data_names(budget))
    inner = dict(names)  # a nested storage may use only these

    def load_from_bytes(data: Any) -> Storage:
        storage = read_legacy(memoryview(data), budget, inner)
        if not isinstance(storage, Storage):
            raise CheckpointError("The file is damaged: a storage was expected.")
        return storage

    names["dnnlib.util", "EasyDict"] = names["collections", "OrderedDict"]
    names["torch.storage", "_load_from_bytes"] = Function(load_from_bytes)
    names["torch_utils.persistence", "_reconstruct_persistent_obj"] = Function(_persistent_object)
    for module in ("dnnlib.tflib.network", "tfutil"):
        names[module, "Network"] = Function(_tensorflow_network)
    return names


def _persistent_object(meta: Any) -> PersistentObject:
    class_name, state = meta["class_name"], meta["state"]
    if meta["type"] != "class" or type(class_name) is not str or type(state) is not dict:
        raise TypeError
    init_args, init_kwargs = state.get("_init_args", ()), state.get("_init_kwargs", {})
    if type(init_args) is not tuple or type(init_kwargs) is not dict:
        raise TypeError
    return PersistentObject(class_name, state, init_args, init_kwargs)


def _tensorflow_network(*_: object) -> None:
    raise CheckpointError(
        "The file is a TensorFlow network of NVIDIA, which is not supported; use one converted to PyTorch instead, "
        "such as those of the catalogue (for StyleGAN2, the files of ZeqiangLai/StyleGAN2)."
    )

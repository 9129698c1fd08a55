"""StyleGAN2, StyleGAN2-ADA and StyleGAN3 as NVIDIA's PyTorch releases save them: pickled snapshots of networks.

A snapshot holds the network in training, G, and the average of its weights, G_ema. G_ema is read, because its images
are better. A network saved alone with `torch.save(G_ema)` and a flat state dict with the same names can be read too.
The class names of both families are the same, so tensors distinguish them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints.persistence import PersistentObject, state_dict
from spaceseed.models.checkpoints.tensors import fill
from spaceseed.models.generators.generator import Generator
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.models.generators.stylegan3 import CLAMP, OUTPUT_SCALE, StyleGAN3
from spaceseed.models.generators.stylegan3_plan import FIRST_CUTOFF

STYLEGAN2_TENSOR = "synthesis.b4.conv1.weight"
STYLEGAN3_TENSOR = "synthesis.input.freqs"
MAX_SETTING = 1e6
# Settings that tensors do not show. They are the same in all public networks.
FIXED = {
    ("mapping", "fc0", "bias_gain"): 0.01,
    ("synthesis", "output_scale"): OUTPUT_SCALE,
}


def matches(content: Any, path: Path) -> bool:  # noqa: ARG001  # as every reader
    """Returns whether a parsed file holds a network of these releases."""
    network = _network(content)
    return isinstance(network, PersistentObject) or STYLEGAN2_TENSOR in network or STYLEGAN3_TENSOR in network


def build(content: Any, path: Path) -> Generator:
    """Makes the generator of a parsed file.

    Raises:
        CheckpointError: the network is of another kind, a tensor is missing, does not fit the others, or has invalid
            values, or a setting is out of range.
    """
    network = _network(content)
    tensors = state_dict(network) if isinstance(network, PersistentObject) else network
    if not all(type(name) is str and isinstance(tensor, Tensor) for name, tensor in tensors.items()):
        raise CheckpointError(f"{path.name} holds something other than named tensors in its weights.")
    for place, expected in FIXED.items():
        if _setting(network, *place, default=expected) != expected:
            raise CheckpointError(f"{path.name} has a {'.'.join(place)} that no public StyleGAN has.")
    generator: Generator
    if STYLEGAN3_TENSOR in tensors:
        first = next((name.split(".")[1] for name in tensors if name.startswith("synthesis.L0_")), "L0")
        generator = StyleGAN3.like(
            tensors,
            bandwidth=_setting(network, "synthesis", "input", "bandwidth", default=FIRST_CUTOFF) or FIRST_CUTOFF,
            clamp=_setting(network, "synthesis", first, "conv_clamp", default=CLAMP),
        )
    elif STYLEGAN2_TENSOR in tensors:
        clamp = _setting(network, "synthesis", "b4", "conv1", "conv_clamp", default=None)
        generator = StyleGAN2.like(tensors, clamp=clamp)
    else:
        assert isinstance(network, PersistentObject)  # because of `matches`
        kind = f"a network of the class {network.class_name[:50]!r}"
        raise CheckpointError(f"{path.name} holds {kind}, which is neither a StyleGAN2 nor a StyleGAN3.")
    fill(generator, tensors)
    return generator


def _network(content: Any) -> PersistentObject | Mapping[str, Any]:
    if isinstance(content, Mapping):
        content = content.get("G_ema", content)
    return content if isinstance(content, (PersistentObject, Mapping)) else {}


def _setting(network: PersistentObject | Mapping[str, Any], *place: str, default: float | None) -> float | None:
    """Returns a numeric attribute of a module, or None; `default` if there is no such attribute."""
    *modules, name = place
    for module in modules:
        inner = network.state.get("_modules", {}) if isinstance(network, PersistentObject) else {}
        network = inner.get(module, {})
    if not isinstance(network, PersistentObject) or name not in network.state:
        return default
    value = network.state[name]
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 < value <= MAX_SETTING:
        raise CheckpointError(f"The file's {'.'.join(place)} is not a valid number.")
    return float(value)

"""The mapping network of all StyleGANs: from z, and a label in conditional models, to w."""

import torch
from torch import Tensor, nn

from spaceseed.errors import CheckpointError
from spaceseed.models.generators.generator import Generator
from spaceseed.models.generators.layers import Linear, leaky_relu, normalize_second_moment
from spaceseed.models.generators.shapes import Shapes, expect

# Far above all published networks. Memory for measuring w_avg grows with them, so a file must not ask for more.
MAX_LAYERS, MAX_WIDTH, MAX_CLASSES = 100, 2**12, 2**15


class MappingNetwork(nn.Module):
    """Normalises z, then applies fully connected layers with 0.01 times the learning rate (Karras et al. 2019).

    Networks trained with other settings fit after a conversion. A layer with learning rate multiplier `m` needs its
    weights and biases multiplied by `100 m`. StyleGAN1 has the gain sqrt(2) in its weights and not in its leaky ReLU,
    so its biases must be divided by sqrt(2).

    Attributes:
        w_avg: mean of w, [w_dim].

    Args:
        z_dim: size of z.
        w_dim: size of w.
        num_layers: number of fully connected layers, at least 1.
        num_classes: size of the label vector; 0 for unconditional models.
        features: width of the layers before the last; w_dim if None.
        label_features: size of the label's embedding; w_dim if None.
        joint_labels: whether z and the embedding are normalised together, as in StyleGAN1, or each by itself.
    """

    w_avg: Tensor

    def __init__(
        self,
        z_dim: int,
        w_dim: int,
        num_layers: int,
        *,
        num_classes: int = 0,
        features: int | None = None,
        label_features: int | None = None,
        joint_labels: bool = False,
    ) -> None:
        super().__init__()
        embedded = (w_dim if label_features is None else label_features) if num_classes else 0
        self.embed = Linear(num_classes, embedded) if num_classes else None
        self.joint_labels = joint_labels
        hidden = w_dim if features is None else features
        widths = [z_dim + embedded, *[hidden] * (num_layers - 1), w_dim]
        self.num_layers = num_layers
        for i in range(num_layers):
            self.add_module(f"fc{i}", Linear(widths[i], widths[i + 1], lr_multiplier=0.01))
        self.register_buffer("w_avg", torch.zeros(w_dim))

    def forward(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Maps z [N, z_dim] and labels [N, num_classes] to w [N, w_dim]. Labels are None in unconditional models."""
        parts = [z] if self.embed is None or labels is None else [z, self.embed(labels)]
        if self.joint_labels:
            x = normalize_second_moment(torch.cat(parts, dim=1))
        else:
            x = torch.cat([normalize_second_moment(part) for part in parts], dim=1)
        for i in range(self.num_layers):
            x = leaky_relu(self.get_submodule(f"fc{i}")(x))
        return x


class MappedGenerator(Generator):
    """A generator with a mapping network that makes one w of each z, the same for all style layers.

    Attributes:
        mapping: the mapping network, with the mean of w.
    """

    mapping: MappingNetwork

    @property
    def w_avg(self) -> Tensor:  # type: ignore[override]
        return self.mapping.w_avg

    def compute_ws(self, z: Tensor, labels: Tensor | None) -> Tensor:
        return self.mapping(z, labels)[:, None].repeat(1, self.num_ws, 1)


def mapping_sizes(shapes: Shapes) -> dict[str, int]:
    """Returns the sizes of a mapping network from the shapes of its tensors ("mapping." in a StyleGAN's state dict).

    Args:
        shapes: shapes of the generator's tensors, by name.

    Returns:
        z_dim, w_dim, mapping_layers, mapping_features, num_classes and label_features, as generators take them.

    Raises:
        CheckpointError: a tensor is missing or does not fit the others, or the network is too large.
    """
    layers = 1
    while f"mapping.fc{layers}.weight" in shapes:
        layers += 1
    features, inputs = expect(shapes, "mapping.fc0.weight", None, None)
    w_dim = expect(shapes, f"mapping.fc{layers - 1}.weight", None, None)[0]
    embedded = num_classes = 0
    if "mapping.embed.weight" in shapes:
        embedded, num_classes = expect(shapes, "mapping.embed.weight", None, None)
    if layers > MAX_LAYERS or max(features, inputs, w_dim) > MAX_WIDTH or num_classes > MAX_CLASSES:
        raise CheckpointError("The mapping network is larger than that of any StyleGAN.")
    if embedded >= inputs:
        raise CheckpointError("The mapping network's first layer is too narrow for z and the label.")
    return {
        "z_dim": inputs - embedded,
        "w_dim": w_dim,
        "mapping_layers": layers,
        "mapping_features": features,
        "num_classes": num_classes,
        "label_features": embedded,
    }

"""What every generator offers, whatever its family."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spaceseed.errors import ArgumentError

MAX_SEED = 2**32 - 1

# Changes one activation [N, C, H, W]; returns another of the same shape.
ActivationEdit = Callable[[Tensor], Tensor]
# What a synthesis hands each named activation to, and goes on with: (layer, activation) -> activation.
Tap = Callable[[str, Tensor], Tensor]


def latents_from_seeds(seeds: Sequence[int], z_dim: int) -> Tensor:
    """Turns integer seeds into latents by NVIDIA's convention, so that a seed means what people know it to mean.

    Args:
        seeds: integers in [0, 2**32 - 1]; row i is `numpy.random.RandomState(seeds[i]).randn(1, z_dim)`.
        z_dim: size of one latent.

    Returns:
        z, float32 [len(seeds), z_dim].

    Raises:
        ArgumentError: a seed is not an integer in range.
    """
    for seed in seeds:
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed <= MAX_SEED:
            raise ArgumentError("seed", seed, f"an integer from 0 to {MAX_SEED}")
    rows = [np.random.RandomState(int(seed)).randn(z_dim) for seed in seeds]
    return torch.from_numpy(np.array(rows, dtype=np.float32).reshape(len(rows), z_dim))


@dataclass(frozen=True)
class ModelCard:
    """What a visitor should know of a model before using it.

    Attributes:
        id: the name that `load` takes, or of a local file its name without the folder; recipes carry it.
        title: a name for people.
        family: the architecture.
        resolution: side of the images in pixels.
        licence: of the weights; an SPDX identifier where there is one.
        terms: what the licence means for whoever uses the images, in a sentence.
        source: where the weights come from.
        size: bytes of the weights' file.
        sha256: of the weights' file, hexadecimal; "" where it is not known before the first download.
        truncation: psi that suits the model; None where truncation has no effect.
        bundled: True when the weights are part of this package.
        classes: names of the classes, in order; empty for unconditional models.
        note: what could not be verified about the file, in a sentence; "" if nothing.
        groups: sizes of groups of `classes`, in order, where an image has one class of each ("hair: curly", ...); each
            group may be left open, its part of the label zero. Empty where an image has one class in all.
    """

    id: str
    title: str
    family: str
    resolution: int
    licence: str
    terms: str
    source: str
    size: int
    sha256: str
    truncation: float | None
    bundled: bool
    classes: tuple[str, ...] = ()
    note: str = ""
    groups: tuple[int, ...] = ()


class Generator(nn.Module, ABC):
    """A pretrained GAN generator in two steps: `map` z to per-layer styles, `synthesize` images from those.

    A family implements `_map`, `_synthesize` and `style_weights`; what all have in common is here.

    Attributes:
        z_dim: size of z.
        w_dim: size of one w.
        num_ws: how many w's one image takes, one a style layer.
        resolution: side of the square images in pixels.
        num_classes: size of the label vector; 0 for unconditional models.
        w_avg: mean of w, [w_dim]; the centre that truncation pulls towards.
        layers: names of the activations that can be read and edited, in the order in which they are computed.
        has_mapping: False where a style begins with z itself, for want of a mapping network.
        options: names of the keywords that `synthesize` takes in this family, e.g. "noise".
        card: which weights these are; None for a network that did not come from the zoo.
    """

    card: ModelCard | None = None
    z_dim: int
    w_dim: int
    num_ws: int
    resolution: int
    num_classes: int
    w_avg: Tensor
    layers: tuple[str, ...]
    has_mapping: bool = True
    options: tuple[str, ...] = ()

    @property
    def device(self) -> torch.device:
        return self.w_avg.device

    @property
    def noisy(self) -> bool:
        """Whether noise shows in the images: the family has it, and these weights give it some strength."""
        strengths = (tensor for name, tensor in self.named_parameters() if name.endswith("noise_strength"))
        return "noise" in self.options and any(bool(strength.any()) for strength in strengths)

    def map(
        self, z: Tensor, labels: Tensor | None = None, truncation: float = 1.0, truncation_cutoff: int | None = None
    ) -> Tensor:
        """Maps latents to styles.

        Args:
            z: [N, z_dim], N(0, I).
            labels: [N, num_classes], one-hot or mixed; only for conditional models.
            truncation: psi of `w_avg + psi * (w - w_avg)`; 1 leaves w as it is, 0 gives the mean face.
            truncation_cutoff: truncate only the first so many style layers; all when None.

        Returns:
            ws: [N, num_ws, w_dim].

        Raises:
            ArgumentError: a shape does not fit, or labels are missing or not wanted.
        """
        if z.ndim != 2 or z.shape[1] != self.z_dim:
            raise ArgumentError("z", tuple(z.shape), f"of shape [N, {self.z_dim}]")
        wanted = (z.shape[0], self.num_classes) if self.num_classes else None
        if (None if labels is None else tuple(labels.shape)) != wanted:
            allowed = f"of shape {list(wanted)}" if wanted else "left out: this model has no classes"
            raise ArgumentError("labels", None if labels is None else tuple(labels.shape), allowed)
        return self.truncate(self._map(z, labels), truncation, truncation_cutoff)

    @abstractmethod
    def _map(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Styles [N, num_ws, w_dim] before truncation, of arguments that were checked."""

    def truncate(self, ws: Tensor, truncation: float, cutoff: int | None = None) -> Tensor:
        """Pulls styles towards the mean: `w_avg + truncation * (ws - w_avg)`.

        Args:
            ws: [N, num_ws, w_dim].
            truncation: psi; 1 leaves ws as it is.
            cutoff: truncate only the first so many style layers; all when None.

        Returns:
            [N, num_ws, w_dim].
        """
        if truncation == 1:
            return ws
        end = ws.shape[1] if cutoff is None else cutoff
        center = self.w_avg.to(ws.dtype)  # under autocast, styles come in half precision
        return torch.cat([center.lerp(ws[:, :end], truncation), ws[:, end:]], dim=1)

    def synthesize(self, ws: Tensor, *, edits: Mapping[str, ActivationEdit] | None = None, **options: Any) -> Tensor:
        """Draws images from styles.

        Args:
            ws: [N, num_ws, w_dim].
            edits: for some of `layers`, a function that changes the activation on its way.
            **options: those named in `options`; the family's class describes them.

        Returns:
            [N, 3, resolution, resolution], nominally in [-1, 1], not clipped.

        Raises:
            ArgumentError: ws has another shape, a layer or an option is unknown, or an option has another value than
                allowed.
        """
        self._check(ws, edits or {}, options)
        changes = dict(edits or {})

        def tap(layer: str, x: Tensor) -> Tensor:
            return changes[layer](x) if layer in changes else x

        return self._synthesize(ws, tap, **options)

    @abstractmethod
    def _synthesize(self, ws: Tensor, tap: Tap, **options: Any) -> Tensor:
        """Images of styles that were checked. Each activation in `layers` goes through `tap` as it is made."""

    def activations(self, ws: Tensor, layer: str, **options: Any) -> Tensor:
        """Reads one activation; what comes after it is not computed.

        Args:
            ws: [N, num_ws, w_dim].
            layer: one of `layers`.
            **options: as for `synthesize`.

        Returns:
            [N, C, H, W], as `edits` would receive it.

        Raises:
            ArgumentError: as for `synthesize`.
        """
        self._check(ws, {layer: None}, options)

        def tap(name: str, x: Tensor) -> Tensor:
            if name == layer:
                raise _ReachedError(x)
            return x

        try:
            self._synthesize(ws, tap, **options)
        except _ReachedError as reached:
            return reached.activation
        raise AssertionError(f"{type(self).__name__} names a layer that it never computes: {layer}")

    @abstractmethod
    def style_weights(self, layer: int) -> Tensor:
        """The linear map by which one style enters the network; SeFa factorises it (Shen & Zhou 2021, eq. 3).

        Args:
            layer: a style layer, i.e. a row of ws: 0 to num_ws - 1.

        Returns:
            [features, w_dim], up to a common factor.

        Raises:
            ArgumentError: there is no such style layer.
        """

    def _check_style_layer(self, layer: int) -> None:
        if layer not in range(self.num_ws):
            raise ArgumentError("layer", layer, f"a style layer from 0 to {self.num_ws - 1}")

    def _check(self, ws: Tensor, layers: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        if ws.ndim != 3 or tuple(ws.shape[1:]) != (self.num_ws, self.w_dim):
            raise ArgumentError("ws", tuple(ws.shape), f"of shape [N, {self.num_ws}, {self.w_dim}]")
        for layer in layers:
            if layer not in self.layers:
                raise ArgumentError("layer", layer, f"one of {', '.join(self.layers)}")
        for option in options:
            if option not in self.options:
                allowed = f"one of {', '.join(self.options)}" if self.options else "left out: this family takes none"
                raise ArgumentError("option", option, allowed)


class DirectGenerator(Generator):
    """A generator without mapping network or styles: its one row of ws is z itself.

    Truncation has no effect, since there is no w whose mean it could pull towards; `w_avg` is zero.
    """

    num_ws = 1
    num_classes = 0
    has_mapping = False

    @property
    def w_avg(self) -> Tensor:  # type: ignore[override]
        return next(self.parameters()).new_zeros(self.w_dim)

    def _map(self, z: Tensor, labels: Tensor | None) -> Tensor:  # noqa: ARG002
        return z[:, None]

    def truncate(self, ws: Tensor, truncation: float, cutoff: int | None = None) -> Tensor:  # noqa: ARG002
        return ws


class _ReachedError(Exception):
    """Ends a synthesis at the activation that was asked for."""

    def __init__(self, activation: Tensor) -> None:
        super().__init__()
        self.activation = activation

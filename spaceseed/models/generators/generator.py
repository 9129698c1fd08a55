"""The interface that the generators of all families have."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spaceseed.arguments import check_integer, check_integers, check_number, check_tensor, check_type
from spaceseed.errors import ArgumentError

MAX_SEED = 2**32 - 1
MAX_TRUNCATION = 1e6  # far above any useful value, and far below the limits of single precision

# A function from one activation [N, C, H, W], or styles [N, C], to another of the same shape.
ActivationEdit = Callable[[Tensor], Tensor]
# Called with the name of each activation and its value. Synthesis continues with the value that it returns.
Tap = Callable[[str, Tensor], Tensor]


def latents_from_seeds(seeds: int | Iterable[int], z_dim: int) -> Tensor:
    """Returns the latents of integer seeds, by NVIDIA's convention. So seeds published for other code work here too.

    Args:
        seeds: integers in [0, 2**32 - 1], or one. Row i is
            `numpy.random.RandomState(seeds[i]).randn(1, z_dim)`.
        z_dim: size of one latent.

    Returns:
        z, float32 [number of seeds, z_dim].

    Raises:
        ArgumentError: a seed is not an integer in range, or z_dim is not a positive integer.
    """
    z_dim = check_integer("z_dim", z_dim, 1)
    rows = [np.random.RandomState(seed).randn(z_dim) for seed in check_integers("seed", seeds, 0, MAX_SEED)]
    return torch.from_numpy(np.array(rows, dtype=np.float32).reshape(len(rows), z_dim))


@dataclass(frozen=True)
class ModelCard:
    """A description of a model, which visitors see before they use it.

    Attributes:
        id: the name that `load` accepts; for a local file its name without the folder. Recipes store it.
        title: the name that people see.
        family: the architecture.
        resolution: side of the images in pixels.
        licence: licence of the weights; an SPDX identifier if there is one.
        terms: one sentence on what the licence means for users of the images.
        source: where the weights come from.
        size: size of the weights' file in bytes.
        sha256: hash of the weights' file, hexadecimal; "" if it is unknown before the first download.
        truncation: recommended psi; None if truncation has no effect.
        bundled: True if the weights are part of this package.
        classes: names of the classes, in order; empty for unconditional models.
        note: one sentence on what is not verified about the file; "" if everything is.
        groups: sizes of groups of `classes`, in order, if an image has one class of each group ("hair: curly", ...).
            A group may have no label: its part of the label vector is zero. Empty if an image has one class in all.
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
    """A pretrained GAN generator in two steps: `map` turns z into styles, `synthesize` turns styles into images.

    A family implements `compute_ws` and `compute_images`, and `style_weights` for SeFa. Everything else is here. The
    simplest way to use another network without mapping network is a `DirectGenerator`.

    Attributes:
        z_dim: size of z.
        w_dim: size of one w.
        num_ws: number of style layers; an image has one w for each.
        resolution: side of the square images in pixels.
        num_classes: size of the label vector; 0 for unconditional models.
        w_avg: mean of w, [w_dim]; the centre of truncation.
        layers: names of the activations that can be read and edited, in the order of computation.
        styles: names of the style vectors that can be read and edited like activations, [N, C] each: the channels of
            StyleSpace (Wu et al. 2021); empty in families without.
        has_mapping: False if there is no mapping network, so that a style begins with z itself.
        options: names of the keyword arguments of `synthesize` in this family, e.g. "noise".
        card: describes the weights; None for a network that is not from the zoo.
    """

    card: ModelCard | None = None
    z_dim: int
    w_dim: int
    num_ws: int
    resolution: int
    num_classes: int = 0
    w_avg: Tensor
    layers: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    has_mapping: bool = True
    options: tuple[str, ...] = ()

    @property
    def device(self) -> torch.device:
        return self.w_avg.device

    @property
    def noisy(self) -> bool:
        """Whether noise changes the images: the family has noise maps, and these weights give them some strength."""
        strengths = (tensor for name, tensor in self.named_parameters() if name.endswith("noise_strength"))
        return "noise" in self.options and any(bool(strength.any()) for strength in strengths)

    def map(
        self, z: Tensor, labels: Tensor | None = None, truncation: float = 1.0, truncation_cutoff: int | None = None
    ) -> Tensor:
        """Maps latents to styles.

        Args:
            z: [N, z_dim], N(0, I).
            labels: [N, num_classes], one-hot or mixed; only for conditional models.
            truncation: psi of `w_avg + psi * (w - w_avg)`, -1e6 to 1e6; 1 changes nothing, 0 gives the mean face.
            truncation_cutoff: number of style layers that are truncated, from the first; all if None.

        Returns:
            ws, [N, num_ws, w_dim].

        Raises:
            ArgumentError: a shape does not fit, a number is not finite or out of range, or labels are missing or the
                model has none.
        """
        z = self._checked("z", z, ["N", self.z_dim])
        if labels is not None and not self.num_classes:
            raise ArgumentError("labels", type(labels).__name__, "left out, because this model has no classes")
        if self.num_classes:
            labels = self._checked("labels", labels, [len(z), self.num_classes])
        cutoff = self._check_truncation(truncation, truncation_cutoff)
        ws = self.compute_ws(z, labels)
        return ws if truncation == 1 else self._truncated(ws, truncation, cutoff)

    @property
    def settings(self) -> dict[str, Any]:
        """What a file must say besides the tensors, so that the generator can be made again: arguments of `like`."""
        return {}

    @abstractmethod
    def compute_ws(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Returns the styles [N, num_ws, w_dim] of checked latents, before truncation."""

    def truncate(self, ws: Tensor, truncation: float, truncation_cutoff: int | None = None) -> Tensor:
        """Moves styles towards the mean: `w_avg + truncation * (ws - w_avg)`.

        Args:
            ws: [N, num_ws, w_dim].
            truncation: psi, -1e6 to 1e6; 1 changes nothing.
            truncation_cutoff: number of style layers that are truncated, from the first; all if None.

        Returns:
            [N, num_ws, w_dim].

        Raises:
            ArgumentError: ws has another shape, or a number is not finite or out of range.
        """
        ws = self._checked("ws", ws, ["N", self.num_ws, self.w_dim])
        cutoff = self._check_truncation(truncation, truncation_cutoff)
        return ws if truncation == 1 else self._truncated(ws, truncation, cutoff)

    def _truncated(self, ws: Tensor, truncation: float, cutoff: int) -> Tensor:
        center = self.w_avg.to(ws.dtype)  # with autocast, styles are in half precision
        return torch.cat([center.lerp(ws[:, :cutoff], truncation), ws[:, cutoff:]], dim=1)

    def synthesize(self, ws: Tensor, *, edits: Mapping[str, ActivationEdit] | None = None, **options: Any) -> Tensor:
        """Synthesizes images from styles.

        Args:
            ws: [N, num_ws, w_dim].
            edits: from names of `layers` and `styles` to functions that change the activation.
            **options: the options named in `options`, on any device; the family's class describes them.

        Returns:
            [N, 3, resolution, resolution], nominally in [-1, 1], not clipped.

        Raises:
            ArgumentError: ws has another shape or is not finite, a layer or an option is unknown, an option has a value
                that is not allowed, or an edit does not return finite numbers of the activation's shape.
        """
        changes = dict(check_type("edits", edits or {}, Mapping, "a mapping from layers to functions"))
        ws = self._check(ws, changes, options)
        options = {name: value.to(ws.device) if isinstance(value, Tensor) else value for name, value in options.items()}
        for layer, change in changes.items():
            if not callable(change):
                raise ArgumentError(f"edits[{layer!r}]", type(change).__name__, "a function of an activation")

        def tap(layer: str, x: Tensor) -> Tensor:
            if layer not in changes:
                return x
            return check_tensor(f"edits[{layer!r}](x)", changes[layer](x), x.shape, x.dtype)

        images = self.compute_images(ws, tap, **options)
        if images.ndim != 4 or images.shape[:2] != (len(ws), 3):
            raise ArgumentError("images", tuple(images.shape), f"of shape [{len(ws)}, 3, H, W]")
        return images

    @abstractmethod
    def compute_images(self, ws: Tensor, tap: Tap, **options: Any) -> Tensor:
        """Synthesizes images [N, 3, H, W] from checked styles.

        It passes each activation in `layers` and `styles` through `tap`: `x = tap("layer1", x)`.
        """

    def activations(self, ws: Tensor, layer: str, **options: Any) -> Tensor:
        """Returns one activation. Later layers are not computed.

        Args:
            ws: [N, num_ws, w_dim].
            layer: one of `layers` or `styles`.
            **options: as in `synthesize`.

        Returns:
            [N, C, H, W], or [N, C] of styles, as `edits` would receive it.

        Raises:
            ArgumentError: as in `synthesize`.
        """
        ws = self._check(ws, [layer], options)

        def tap(name: str, x: Tensor) -> Tensor:
            if name == layer:
                raise _ReachedError(x)
            return x

        try:
            self.compute_images(ws, tap, **options)
        except _ReachedError as reached:
            return reached.activation
        raise AssertionError(f"{type(self).__name__} never computes its layer: {layer}")

    def shape(self, layer: str) -> tuple[int, ...]:
        """Returns the shape of one activation: (C, H, W), or (C,) for styles.

        Raises:
            ArgumentError: there is no such layer.
        """
        known: dict[str, tuple[int, ...]] = self.__dict__.setdefault("_known_shapes", {})
        if layer not in known:
            with torch.no_grad():
                ws = self.w_avg.new_zeros(1, self.num_ws, self.w_dim)
                known[layer] = tuple(self.activations(ws, layer).shape[1:])
        return known[layer]

    def margin(self, layer: str) -> int:  # noqa: ARG002 - subclasses use it
        """Returns how many cells of an activation lie beyond each edge of the image; 0 in most families."""
        return 0

    def style_weights(self, layer: int) -> Tensor:  # noqa: ARG002 - subclasses use it
        """Returns the linear map from a style to the network. SeFa factorises it (Shen & Zhou 2021, eq. 3).

        Args:
            layer: a style layer, i.e. a row of ws: 0 to num_ws - 1.

        Returns:
            [features, w_dim], up to a common factor.

        Raises:
            ArgumentError: there is no such style layer, or this class does not implement it.
        """
        raise ArgumentError("generator", type(self).__name__, "of a class that implements style_weights")

    def _check_style_layer(self, layer: int) -> None:
        check_integer("layer", layer, 0, self.num_ws - 1)

    def _check(self, ws: Tensor, layers: Iterable[str], options: Mapping[str, Any]) -> Tensor:
        taps = (*self.layers, *self.styles)
        for name, given, known in (("layer", layers, taps), ("option", options, self.options)):
            for each in given:
                if each not in known:
                    allowed = f"one of {', '.join(known)}" if known else f"left out, because this family has no {name}s"
                    raise ArgumentError(name, each, allowed)
        return self._checked("ws", ws, ["N", self.num_ws, self.w_dim])

    def _check_truncation(self, truncation: float, cutoff: int | None) -> int:
        check_number("truncation", truncation, -MAX_TRUNCATION, MAX_TRUNCATION)
        return self.num_ws if cutoff is None else check_integer("truncation_cutoff", cutoff, 0)

    def _checked(self, name: str, value: Tensor | None, shape: Sequence[int | str]) -> Tensor:
        """Returns a tensor in this network's precision, on its device."""
        w_avg = self.w_avg
        return check_tensor(name, value, shape, w_avg.dtype).to(w_avg.device)


class DirectGenerator(Generator):
    """A generator without mapping network or styles. Its only row of ws is z itself.

    Truncation has no effect, because there is no w with a mean; `w_avg` is zero.

    This is enough to search another network. A card is needed only for recipes::

        class MyGenerator(ss.DirectGenerator):
            z_dim = w_dim = 128
            resolution = 64

            def __init__(self, network):
                super().__init__()
                self.network = network

            def compute_images(self, ws, tap):
                return self.network(ws[:, 0])  # [N, 128] to [N, 3, 64, 64], nominally in [-1, 1]
    """

    num_ws = 1
    has_mapping = False

    @property
    def w_avg(self) -> Tensor:  # type: ignore[override]
        like = next(self.parameters(), torch.empty(0))
        return like.new_zeros(self.w_dim)

    def compute_ws(self, z: Tensor, labels: Tensor | None) -> Tensor:  # noqa: ARG002
        return z[:, None]

    def _truncated(self, ws: Tensor, truncation: float, cutoff: int) -> Tensor:  # noqa: ARG002
        return ws


def check_model(generator: Generator, model: str, sha256: str, whose: str, error: type[ValueError]) -> None:
    """Checks that something learned on one model is used with the same model.

    Args:
        generator: the generator in use.
        model: id of the model that it was learned on; "" for any.
        sha256: hash of the weights that it was learned on; "" for any.
        whose: the beginning of the message, e.g. "This filter belongs to".
        error: the exception to raise for another model.
    """
    card = generator.card
    if model and (card is None or card.id != model):
        raise error(f"{whose} the model {model}, not to this one.")
    if sha256 and card is not None and card.sha256 and card.sha256 != sha256:
        raise error(f"{whose} other weights of the model {model}.")


class _ReachedError(Exception):
    """Ends a synthesis at the requested activation."""

    def __init__(self, activation: Tensor) -> None:
        super().__init__()
        self.activation = activation

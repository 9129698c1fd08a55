"""What every generator offers, whatever its family."""

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
MAX_TRUNCATION = 1e6  # far beyond any use, and far from where single precision ends

# Changes one activation [N, C, H, W]; returns another of the same shape.
ActivationEdit = Callable[[Tensor], Tensor]
# What a synthesis hands each named activation to, and goes on with: (layer, activation) -> activation.
Tap = Callable[[str, Tensor], Tensor]


def latents_from_seeds(seeds: int | Iterable[int], z_dim: int) -> Tensor:
    """Turns integer seeds into latents by NVIDIA's convention, so that a seed means what people know it to mean.

    Args:
        seeds: integers in [0, 2**32 - 1], or a single one; row i is
            `numpy.random.RandomState(seeds[i]).randn(1, z_dim)`.
        z_dim: size of one latent.

    Returns:
        z, float32 [number of seeds, z_dim].

    Raises:
        ArgumentError: a seed is not an integer in range, or z_dim no positive integer.
    """
    z_dim = check_integer("z_dim", z_dim, 1)
    rows = [np.random.RandomState(seed).randn(z_dim) for seed in check_integers("seed", seeds, 0, MAX_SEED)]
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

    A family implements `compute_ws` and `compute_images`, and `style_weights` for SeFa; what all have in
    common is here. A network of one's own without mapping network is least work as a `DirectGenerator`.

    Attributes:
        z_dim: size of z.
        w_dim: size of one w.
        num_ws: how many w's one image takes, one a style layer.
        resolution: side of the square images in pixels.
        num_classes: size of the label vector; 0 for unconditional models.
        w_avg: mean of w, [w_dim]; the centre that truncation pulls towards.
        layers: names of the activations that can be read and edited, in the order in which they are computed.
        has_mapping: False where there is no mapping network and a style begins with z itself.
        options: names of the keywords that `synthesize` takes in this family, e.g. "noise".
        card: which weights these are; None for a network that did not come from the zoo.
    """

    card: ModelCard | None = None
    z_dim: int
    w_dim: int
    num_ws: int
    resolution: int
    num_classes: int = 0
    w_avg: Tensor
    layers: tuple[str, ...] = ()
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
            truncation: psi of `w_avg + psi * (w - w_avg)`, -1e6 to 1e6; 1 leaves w as it is, 0 gives the mean face.
            truncation_cutoff: truncate only the first so many style layers; all when None.

        Returns:
            ws: [N, num_ws, w_dim].

        Raises:
            ArgumentError: a shape does not fit, a number is not finite or out of range, or labels are missing or not
                wanted.
        """
        z = self._checked("z", z, ["N", self.z_dim])
        if labels is not None and not self.num_classes:
            raise ArgumentError("labels", type(labels).__name__, "left out: this model has no classes")
        if self.num_classes:
            labels = self._checked("labels", labels, [len(z), self.num_classes])
        cutoff = self._check_truncation(truncation, truncation_cutoff)
        ws = self.compute_ws(z, labels)
        return ws if truncation == 1 else self._truncated(ws, truncation, cutoff)

    @abstractmethod
    def compute_ws(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Maps latents that were checked to styles [N, num_ws, w_dim] before truncation."""

    def truncate(self, ws: Tensor, truncation: float, truncation_cutoff: int | None = None) -> Tensor:
        """Pulls styles towards the mean: `w_avg + truncation * (ws - w_avg)`.

        Args:
            ws: [N, num_ws, w_dim].
            truncation: psi, -1e6 to 1e6; 1 leaves ws as it is.
            truncation_cutoff: truncate only the first so many style layers; all when None.

        Returns:
            [N, num_ws, w_dim].

        Raises:
            ArgumentError: ws has another shape, or a number is not finite or out of range.
        """
        ws = self._checked("ws", ws, ["N", self.num_ws, self.w_dim])
        cutoff = self._check_truncation(truncation, truncation_cutoff)
        return ws if truncation == 1 else self._truncated(ws, truncation, cutoff)

    def _truncated(self, ws: Tensor, truncation: float, cutoff: int) -> Tensor:
        center = self.w_avg.to(ws.dtype)  # under autocast, styles come in half precision
        return torch.cat([center.lerp(ws[:, :cutoff], truncation), ws[:, cutoff:]], dim=1)

    def synthesize(self, ws: Tensor, *, edits: Mapping[str, ActivationEdit] | None = None, **options: Any) -> Tensor:
        """Draws images from styles.

        Args:
            ws: [N, num_ws, w_dim].
            edits: for some of `layers`, a function that changes the activation on its way.
            **options: those named in `options`; the family's class describes them.

        Returns:
            [N, 3, resolution, resolution], nominally in [-1, 1], not clipped.

        Raises:
            ArgumentError: ws has another shape or is not finite, a layer or an option is unknown, an option has another
                value than allowed, or an edit returns anything but finite numbers of the activation's shape.
        """
        changes = dict(check_type("edits", edits or {}, Mapping, "a mapping from layers to functions"))
        ws = self._check(ws, changes, options)
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
        """Draws images [N, 3, H, W] of styles that were checked.

        Each activation in `layers` goes through `tap` as it is made: `x = tap("layer1", x)`.
        """

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
        ws = self._check(ws, [layer], options)

        def tap(name: str, x: Tensor) -> Tensor:
            if name == layer:
                raise _ReachedError(x)
            return x

        try:
            self.compute_images(ws, tap, **options)
        except _ReachedError as reached:
            return reached.activation
        raise AssertionError(f"{type(self).__name__} names a layer that it never computes: {layer}")

    def style_weights(self, layer: int) -> Tensor:  # noqa: ARG002 - a family's own reads it
        """Returns the linear map by which one style enters the network; SeFa factorises it (Shen & Zhou 2021, eq. 3).

        Args:
            layer: a style layer, i.e. a row of ws: 0 to num_ws - 1.

        Returns:
            [features, w_dim], up to a common factor.

        Raises:
            ArgumentError: there is no such style layer, or this generator does not tell its weights.
        """
        raise ArgumentError("generator", type(self).__name__, "of a class that implements style_weights")

    def _check_style_layer(self, layer: int) -> None:
        check_integer("layer", layer, 0, self.num_ws - 1)

    def _check(self, ws: Tensor, layers: Iterable[str], options: Mapping[str, Any]) -> Tensor:
        for name, given, known in (("layer", layers, self.layers), ("option", options, self.options)):
            for each in given:
                if each not in known:
                    allowed = f"one of {', '.join(known)}" if known else f"left out: this family has no {name}s"
                    raise ArgumentError(name, each, allowed)
        return self._checked("ws", ws, ["N", self.num_ws, self.w_dim])

    def _check_truncation(self, truncation: float, cutoff: int | None) -> int:
        check_number("truncation", truncation, -MAX_TRUNCATION, MAX_TRUNCATION)
        return self.num_ws if cutoff is None else check_integer("truncation_cutoff", cutoff, 0)

    def _checked(self, name: str, value: Tensor | None, shape: Sequence[int | str]) -> Tensor:
        """Returns a tensor as this network computes: in its precision, on its device."""
        w_avg = self.w_avg
        return check_tensor(name, value, shape, w_avg.dtype).to(w_avg.device)


class DirectGenerator(Generator):
    """A generator without mapping network or styles: its one row of ws is z itself.

    Truncation has no effect, since there is no w whose mean it could pull towards; `w_avg` is zero.

    A network of one's own needs no more than this to be searched, and no card unless recipes are to name its weights::

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
    """Makes sure that what was learned on one model meets that model again.

    Args:
        generator: the one it meets.
        model: id of the one it was learned on; "" for any.
        sha256: of the weights that it was learned on; "" for any.
        whose: how the message begins, e.g. "This filter belongs to".
        error: raised where it is another.
    """
    card = generator.card
    if model and (card is None or card.id != model):
        raise error(f"{whose} the model {model}, not to this one.")
    if sha256 and card is not None and card.sha256 and card.sha256 != sha256:
        raise error(f"{whose} other weights of the model {model}.")


class _ReachedError(Exception):
    """Ends a synthesis at the activation that was asked for."""

    def __init__(self, activation: Tensor) -> None:
        super().__init__()
        self.activation = activation

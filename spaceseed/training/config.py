"""How to train: every choice in one value, checked as it is made, and kept as JSON beside the run."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from spaceseed.errors import ArgumentError
from spaceseed.training.losses import LOSSES
from spaceseed.training.networks.pairs import CONDITIONS, LARGEST, NETWORKS, SMALLEST

EGAN = "egan"
PROJECTED = ("none", "beside", "only")
AUGMENTATIONS = ("none", "diff", "ada")
PRECISIONS = ("float32", "bfloat16")
# What may change between an interruption and its resumption.
CHANGEABLE = ("images", "report_every", "checkpoint_every")


@dataclass(frozen=True)
class Evolution:
    """E-GAN's settings (Wang et al. 2019).

    Attributes:
        mutations: objectives, one child of every parent by each.
        parents: mu, how many survive a generation.
        gamma: weight of diversity beside quality in a child's fitness.
        evaluated: images by which a child is judged; None for as many as the discriminator's steps need.
        d_steps: steps of the discriminator for each generation.
    """

    mutations: tuple[str, ...] = ("minimax", "nonsaturating", "leastsquares")
    parents: int = 1
    gamma: float = 0.01
    evaluated: int | None = None
    d_steps: int = 1


@dataclass(frozen=True)
class Config:
    """A whole training, but for the images.

    Attributes:
        network: "stylegan2"; "normalized", a StyleGAN2 that is built like a DCGAN while it learns; "pggan"; "dcgan".
        resolution: side of the images in pixels, a power of two.
        objective: one of LOSSES, or "egan", where generators of several objectives compete.
        images: length: real images shown to the discriminator.
        batch: images a step, in each process.
        z_dim: size of z.
        capacity: factor on the networks' feature maps.
        learning_rate: Adam's step size; None for the network's own.
        decay: let the step size fall over the last quarter, to a twentieth.
        r1_gamma: weight of R1 at `resolution`, in proportion less at smaller ones; 0 for none.
        r1_interval: steps of the discriminator for each of R1.
        ema_images: half-life, in images, of the average of the generator's weights, which is what is kept; at most
            5 % of the images shown so far.
        grow_from: the resolution to begin with, each larger one taking two thirds of the images that are left to it;
            None for `resolution` from the start.
        projected: a projected discriminator "beside" the network's own, "only" it, or "none".
        augment: "diff" for DiffAugment, "ada" for adaptive augmentation, or "none".
        condition: "embed" for label embeddings (CGAN), "auxiliary" for a classifier of labels (ACGAN), "both", "none".
        mirror: learn from every image flipped left to right, too.
        label_dropout: how often all labels of an image are dropped; of those that stay, each group is dropped as often
            by itself. So a visitor may leave any group open.
        precision: of the networks' arithmetic, "float32" or "bfloat16".
        channels_last: the order of images in memory that is quicker on most processors.
        evolution: settings of "egan".
        seed: of all that is random.
        report_every: images between two reports.
        checkpoint_every: images between two checkpoints.

    Raises:
        ArgumentError: a value is outside what is allowed.
    """

    network: str = "stylegan2"
    resolution: int = 64
    objective: str = "nonsaturating"
    images: int = 240_000
    batch: int = 16
    z_dim: int = 128
    capacity: float = 1.0
    learning_rate: float | None = None
    decay: bool = True
    r1_gamma: float = 1.0
    r1_interval: int = 16
    ema_images: int = 10_000
    grow_from: int | None = None
    projected: str = "none"
    augment: str = "none"
    condition: str = "none"
    mirror: bool = False
    label_dropout: float = 0.1
    precision: str = "float32"
    channels_last: bool = True
    evolution: Evolution = field(default_factory=Evolution)
    seed: int = 0
    report_every: int = 10_000
    checkpoint_every: int = 10_000

    def __post_init__(self) -> None:
        _one_of("network", self.network, NETWORKS)
        _one_of("condition", self.condition, CONDITIONS)
        fits = SMALLEST <= self.resolution <= LARGEST and not self.resolution & (self.resolution - 1)
        _check("resolution", self.resolution, fits, f"a power of two from {SMALLEST} to {LARGEST}")
        _one_of("objective", self.objective, (*LOSSES, EGAN))
        _one_of("projected", self.projected, PROJECTED)
        _one_of("augment", self.augment, AUGMENTATIONS)
        _one_of("precision", self.precision, PRECISIONS)
        for name in ("images", "batch", "r1_interval", "ema_images", "report_every", "checkpoint_every"):
            _check(name, getattr(self, name), getattr(self, name) >= 1, "1 or more")
        _check("batch", self.batch, self.batch >= 2, "2 or more, for the spread of a batch is part of what is judged")
        _check("learning_rate", self.learning_rate, self.learning_rate is None or 0 < self.learning_rate <= 1, "0 to 1")
        _check("r1_gamma", self.r1_gamma, 0 <= self.r1_gamma < float("inf"), "0 or more")
        _check("label_dropout", self.label_dropout, 0 <= self.label_dropout <= 1, "from 0 to 1")
        _check("seed", self.seed, 0 <= self.seed < 2**32, f"from 0 to {2**32 - 1}")
        if self.grow_from is not None:
            _check("grow_from", self.grow_from, NETWORKS[self.network].grows, f"left out: {self.network} does not grow")
            fits = SMALLEST <= self.grow_from <= self.resolution and not self.grow_from & (self.grow_from - 1)
            _check("grow_from", self.grow_from, fits, f"a power of two from {SMALLEST} to {self.resolution}")
        if self.projected == "only":
            _check("condition", self.condition, self.condition == "none", "'none': projected features know no labels")
        self._check_evolution()

    def _check_evolution(self) -> None:
        if self.objective != EGAN:
            return
        its = self.evolution
        _check("mutations", its.mutations, len(its.mutations) > 0, f"some of {', '.join(LOSSES)}")
        for name in its.mutations:
            _one_of("mutations", name, LOSSES)
        _check("parents", its.parents, its.parents >= 1, "1 or more")
        _check("d_steps", its.d_steps, its.d_steps >= 1, "1 or more")
        _check("gamma", its.gamma, 0 <= its.gamma < float("inf"), "0 or more")
        needed = self.evaluated * its.parents
        allowed = "enough that the survivors' images serve the discriminator's steps: d_steps * batch / parents"
        _check("evaluated", its.evaluated, needed >= its.d_steps * self.batch, allowed)

    @property
    def evaluated(self) -> int:
        """Images by which a child of E-GAN is judged."""
        its = self.evolution
        return its.evaluated or -(-its.d_steps * self.batch // its.parents)

    @property
    def stages(self) -> list[tuple[int, int]]:
        """Resolutions in their order, each with the number of images shown when it ends."""
        resolutions, ends = [self.resolution], [self.images]
        while resolutions[0] > (self.grow_from or self.resolution):
            resolutions.insert(0, resolutions[0] // 2)
            ends.insert(0, ends[0] // 3)
        return list(zip(resolutions, ends, strict=True))

    def to_json(self) -> str:
        """Returns all fields, as `from_json` reads them."""
        return _ADAPTER.dump_json(self, indent=2).decode()

    @staticmethod
    def from_json(text: str) -> "Config":
        """Reads what `to_json` wrote.

        Raises:
            ArgumentError: it is something else.
        """
        try:
            return _ADAPTER.validate_json(text)
        except ValidationError as error:
            raise ArgumentError("config", text[:80], "the JSON of a training's settings") from error

    def check_resumes(self, folder: Path) -> None:
        """Makes sure that a run found in `folder`, if any, had the same settings.

        Raises:
            ArgumentError: it had others, and which.
        """
        path = folder / "config.json"
        if not path.exists():
            return
        earlier = Config.from_json(path.read_text())
        for name in (f.name for f in fields(self) if f.name not in CHANGEABLE):
            was, now = getattr(earlier, name), getattr(self, name)
            _check(name, now, was == now, f"{was!r}, as in the run that {folder} holds; a new run needs a new folder")


_ADAPTER = TypeAdapter(Config)


def _one_of(name: str, value: str, allowed: Any) -> None:
    _check(name, value, value in allowed, f"one of {', '.join(allowed)}")


def _check(name: str, value: Any, fits: bool, allowed: str) -> None:
    if not fits:
        raise ArgumentError(name, value, allowed)

"""Settings of a training. They are checked when they are made, and saved as JSON in the folder of the run."""

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
# Settings that may change when a run is continued.
CHANGEABLE = ("images", "report_every", "checkpoint_every")


@dataclass(frozen=True)
class Evolution:
    """E-GAN's settings (Wang et al. 2019).

    Attributes:
        mutations: objectives; each parent has one child for each.
        parents: mu, number of survivors of a generation.
        gamma: weight of diversity, relative to quality, in a child's fitness.
        evaluated: number of images that a child's fitness is measured on; as many as the discriminator needs if None.
        d_steps: number of discriminator steps for each generation.
    """

    mutations: tuple[str, ...] = ("minimax", "nonsaturating", "leastsquares")
    parents: int = 1
    gamma: float = 0.01
    evaluated: int | None = None
    d_steps: int = 1


@dataclass(frozen=True)
class Config:
    """All settings of a training, without the images.

    Attributes:
        network: "stylegan2"; "pggan"; "normalized" and "normalized-pggan", which are a StyleGAN2 and a PGGAN that are
            built like a DCGAN during training; "dcgan".
        resolution: side of the images in pixels, a power of two.
        objective: one of LOSSES, or "egan", where generators with several objectives compete.
        images: length of the training: number of real images shown to the discriminator.
        batch: images for each step, in each process.
        z_dim: size of z.
        capacity: factor of the networks' feature maps.
        learning_rate: learning rate of Adam; the network's own if None.
        decay: whether the learning rate decreases to a twentieth in the last quarter.
        r1_gamma: weight of R1 at `resolution`; at smaller resolutions it is proportionally smaller. 0 for no R1.
        r1_interval: number of discriminator steps for each R1 step.
        ema_images: half-life, in images, of the moving average of the generator's weights, which is the result. It is
            at most 5 % of the images shown so far.
        grow_from: the first resolution. Each larger one gets two thirds of the remaining images. None for `resolution`
            from the start.
        projected: a projected discriminator "beside" the network's own, "only" the projected one, or "none".
        augment: "diff" for DiffAugment, "ada" for adaptive augmentation, or "none".
        condition: "embed" for label embeddings (CGAN), "auxiliary" for a classifier of labels (ACGAN), "both", "none".
        mirror: whether to train also on every image flipped left to right.
        label_dropout: probability that all labels of an image are dropped; otherwise each group is dropped with the
            same probability. So images can later be drawn without labels of some groups.
        precision: precision of the networks' arithmetic, "float32" or "bfloat16".
        channels_last: whether to use the channels_last memory layout, which is faster on most processors.
        evolution: settings of "egan".
        seed: seed of all random numbers.
        report_every: images between two reports.
        checkpoint_every: images between two checkpoints.

    Raises:
        ArgumentError: a value is not allowed.
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
        _check("batch", self.batch, self.batch >= 2, "2 or more, because the discriminator compares images")
        _check("learning_rate", self.learning_rate, self.learning_rate is None or 0 < self.learning_rate <= 1, "0 to 1")
        _check("r1_gamma", self.r1_gamma, 0 <= self.r1_gamma < float("inf"), "0 or more")
        _check("label_dropout", self.label_dropout, 0 <= self.label_dropout <= 1, "from 0 to 1")
        _check("seed", self.seed, 0 <= self.seed < 2**32, f"from 0 to {2**32 - 1}")
        if self.grow_from is not None:
            _check("grow_from", self.grow_from, NETWORKS[self.network].grows, f"left out: {self.network} cannot grow")
            fits = SMALLEST <= self.grow_from <= self.resolution and not self.grow_from & (self.grow_from - 1)
            _check("grow_from", self.grow_from, fits, f"a power of two from {SMALLEST} to {self.resolution}")
        if self.projected == "only":
            _check("condition", self.condition, self.condition == "none", "'none', because it ignores labels")
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
        allowed = "enough images of the survivors for the discriminator's steps: d_steps * batch / parents"
        _check("evaluated", its.evaluated, needed >= its.d_steps * self.batch, allowed)

    @property
    def evaluated(self) -> int:
        """Number of images that the fitness of an E-GAN child is measured on."""
        its = self.evolution
        return its.evaluated or -(-its.d_steps * self.batch // its.parents)

    @property
    def stages(self) -> list[tuple[int, int]]:
        """Resolutions in order, each with the number of images shown at its end."""
        resolutions, ends = [self.resolution], [self.images]
        while resolutions[0] > (self.grow_from or self.resolution):
            resolutions.insert(0, resolutions[0] // 2)
            ends.insert(0, ends[0] // 3)
        return list(zip(resolutions, ends, strict=True))

    def to_json(self) -> str:
        """Returns all fields as JSON, for `from_json`."""
        return _ADAPTER.dump_json(self, indent=2).decode()

    @staticmethod
    def from_json(text: str) -> "Config":
        """Reads the JSON of `to_json`.

        Raises:
            ArgumentError: it is not the JSON of settings.
        """
        try:
            return _ADAPTER.validate_json(text)
        except ValidationError as error:
            raise ArgumentError("config", text[:80], "the JSON of a training's settings") from error

    def check_resumes(self, folder: Path) -> None:
        """Checks that an earlier run in `folder`, if any, had the same settings.

        Raises:
            ArgumentError: a setting differs.
        """
        path = folder / "config.json"
        if not path.exists():
            return
        earlier = Config.from_json(path.read_text())
        for name in (f.name for f in fields(self) if f.name not in CHANGEABLE):
            was, now = getattr(earlier, name), getattr(self, name)
            _check(name, now, was == now, f"{was!r}, as in the run in {folder}; a new run needs a new folder")


_ADAPTER = TypeAdapter(Config)


def _one_of(name: str, value: str, allowed: Any) -> None:
    _check(name, value, value in allowed, f"one of {', '.join(allowed)}")


def _check(name: str, value: Any, fits: bool, allowed: str) -> None:
    if not fits:
        raise ArgumentError(name, value, allowed)

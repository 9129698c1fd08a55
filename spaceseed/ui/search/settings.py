"""What a visitor can set in the Search tab: names, limits and defaults, in one place.

The controls are made from these fields, their values are checked by them, and what is wrong is said in one sentence
made of them::

    settings = SearchSettings.parse({"prompt": "red hair", "algorithm": "CMA-ES", "CMA-ES": {"sigma": 0.3}})
    optimizer = settings.optimizer(LatentSpace(G, settings.space, settings.truncation))

A field's title and description are its label and the line under it. An algorithm's fields are named like the
arguments of its optimizer.
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self, get_args

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from torch import Tensor

from spaceseed.evolution.find import SIGMA, SPACE, START, random_seeds
from spaceseed.evolution.objectives import MAX_PROMPT
from spaceseed.evolution.wishes import Wish
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import MAX_SEED, Generator
from spaceseed.ops.cma import CMAES, LEAST, suited_population
from spaceseed.ops.differential_evolution import DifferentialEvolution
from spaceseed.ops.genetic import GeneticAlgorithm
from spaceseed.ops.optimizer import Optimizer
from spaceseed.ops.prior import PRIORS
from spaceseed.ops.random_search import RandomSearch
from spaceseed.ops.termination import Termination
from spaceseed.ui.kit.cores import is_slow

# What one visitor may ask of a machine that others use too.
MAX_IMAGES = 20_000
MAX_SECONDS = 600.0
# A curve that rises by less within `patience` rounds looks flat, and so do the images.
GAIN = 0.002
# How far the variations of a liked image differ from it: enough to see, and still similar.
FAMILY_SIGMA = 0.5


class SettingsError(ValueError):
    """A setting cannot be used; the message is one sentence for the visitor."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Checks values by name; what is not named has its default.

        Raises:
            SettingsError: the first value that is not allowed.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            if first["type"] == "value_error":  # raised by a validator below, in plain words
                raise SettingsError(str(first["ctx"]["error"])) from error
            field = cls.model_fields[str(first["loc"][0])]
            raise SettingsError(f"{field.title} must be {_allowed(field)}.") from error


class Algorithm(_Settings):
    """Settings of one optimizer; a subclass names it, and its fields are its arguments."""

    title: ClassVar[str]
    about: ClassVar[str]
    optimizer: ClassVar[type[Optimizer]]
    population: int


class DifferentialEvolutionSettings(Algorithm):
    """Defaults are those of the benchmark."""

    title = "Differential evolution"
    about = "Images move by the differences between others; one gives way only to a better one."
    optimizer = DifferentialEvolution

    population: int = Field(32, ge=4, le=256, title="Np", description="Population: images in a generation.")
    F: float = Field(0.5, gt=0, le=2, title="F", description="Weight of the difference that moves an image.")
    CR: float = Field(0.7, ge=0, le=1, title="CR", description="Crossover rate: share of coordinates that move.")
    strategy: Literal["rand/1/bin", "rand/1/exp", "best/1/bin", "best/1/exp"] = Field(
        "best/1/bin", title="Strategy", description="Base: random or best. Crossover: binomial or exponential."
    )
    dither: float = Field(0.3, ge=0, le=1, title="Dither", description="F varies by so much up and down, up to F.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.dither > self.F:
            raise ValueError(f"Dither must not be above F, which is {self.F:g}.")
        return self


class GeneticAlgorithmSettings(Algorithm):
    """Defaults are those of the benchmark."""

    title = "Genetic algorithm"
    about = "Good images become parents; their children are crossed and mutated."
    optimizer = GeneticAlgorithm

    population: int = Field(16, ge=4, le=256, title="Population", description="Images in a generation.")
    crossover: Literal["one-point", "two-point", "uniform", "blend", "sbx", "spherical"] = Field(
        "blend", title="Crossover", description="How two parents make a child."
    )
    mutation_rate: float = Field(
        0.1, ge=0, le=1, title="Mutation rate", description="Share of a child's coordinates that change by chance."
    )
    mutation_sigma: float = Field(
        0.5, ge=0, le=2, title="Sigma", description="Size of a mutation, in standard deviations."
    )
    elites: int = Field(2, ge=0, le=64, title="Elites", description="Best images that always survive.")
    selection: Literal["tournament", "roulette", "truncation"] = Field(
        "tournament", title="Selection", description="How parents are chosen by their scores."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.elites >= self.population:
            raise ValueError(f"Elites must be fewer than the population, which is {self.population}.")
        return self


class CMAESSettings(Algorithm):
    """Defaults are those of `find`; `suited` tells the population that suits a model."""

    title = "CMA-ES"
    about = "Learns where good images lie, and how widely to look around there."
    optimizer = CMAES

    population: int = Field(LEAST, ge=4, le=256, title="Population", description="Images in a generation.")
    sigma: float = Field(SIGMA, gt=0, le=3, title="Sigma 0", description="First step size, in standard deviations.")


class RandomSearchSettings(Algorithm):
    """Defaults are those of the benchmark."""

    title = "Random search"
    about = "Draws fresh images each time and keeps the best: what to compare the others with."
    optimizer = RandomSearch

    population: int = Field(32, ge=4, le=256, title="Population", description="Images drawn in a generation.")


ALGORITHMS: dict[str, type[Algorithm]] = {
    settings.title: settings
    for settings in (CMAESSettings, DifferentialEvolutionSettings, GeneticAlgorithmSettings, RandomSearchSettings)
}


class SearchSettings(_Settings):
    """What every search has, whatever its algorithm."""

    prompt: str = Field(title="Prompt")
    picture: bool = Field(False, title="Picture")
    balance: float = Field(0.5, ge=0, le=1, title="Words - Picture")
    generations: int = Field(110, ge=1, le=1000, title="Generations", description="Rounds of drawing and scoring.")
    truncation: float = Field(
        0.7, ge=0, le=1.5, title="Truncation", description="Psi: low is typical and clean, high is varied and odd."
    )
    space: Literal["z", "w", "ws"] = Field(
        SPACE, title="Latent space", description="z stays near what is typical; w and ws (one w a layer) reach further."
    )
    seed: int = Field(0, ge=0, le=MAX_SEED, title="Seed", description="The same seed and settings, the same search.")
    origin: Literal["Best seeds", "Random seeds", "Images liked in Breed"] = Field(
        "Best seeds", title="Start from", description="Images liked in Breed bring relatives of theirs along."
    )
    warm_start: int = Field(
        START, ge=0, le=1000, title="Warm start", description="Images scored first; the search goes on from the best."
    )
    patience: int = Field(
        20, ge=0, le=200, title="Patience",
        description=f"Rounds after which a score that rose by less than {GAIN:g} ends the search; 0 never.",
    )  # fmt: skip
    algorithm: Algorithm

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """As `_Settings.parse`; "algorithm" is a title, and an algorithm's own settings are found under its title."""
        common = {name: value for name, value in values.items() if name in cls.model_fields}
        chosen = ALGORITHMS.get(str(common.get("algorithm")))
        if chosen is None:
            raise SettingsError(f"Algorithm must be one of {', '.join(ALGORITHMS)}.")
        return super().parse(common | {"algorithm": chosen.parse(values.get(chosen.title, {}))})

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.prompt.strip() and not self.picture:
            raise ValueError("Type what to look for first, or add a picture.")
        if len(" ".join(self.prompt.split())) > MAX_PROMPT:
            raise ValueError(f"The prompt is too long: {MAX_PROMPT} characters are read at most.")
        if self.prompt.strip() and not Wish.parse(self.prompt).phrases:
            raise ValueError("There is no word in this to look for: say what the image should show.")
        if self.images > MAX_IMAGES:
            asked = f"{self.images:,} images, and {MAX_IMAGES:,} are allowed"
            raise ValueError(f"This search would draw {asked}: lower the population or the generations.")
        return self

    @property
    def words(self) -> str:
        """What the visitor typed, in one line; "" if nothing."""
        return " ".join(self.prompt.split())

    @property
    def title(self) -> str:
        """What is searched for, in a few words."""
        return ", ".join([self.words] * bool(self.words) + ["like a picture"] * self.picture)

    @property
    def from_liked(self) -> bool:
        """True when the search starts from images liked in Breed."""
        return self.origin == "Images liked in Breed"

    @property
    def children(self) -> int:
        """How many images a generation draws after the first."""
        return self.algorithm.population - getattr(self.algorithm, "elites", 0)

    @property
    def images(self) -> int:
        """How many images the search draws at most."""
        return max(self.algorithm.population, self.warm_start) + (self.generations - 1) * self.children

    @property
    def termination(self) -> Termination:
        """When the search ends by itself."""
        return Termination(generations=self.generations, patience=self.patience or None, gain=GAIN, seconds=MAX_SECONDS)

    def optimizer(self, space: LatentSpace, start: Tensor | None) -> Optimizer:
        """Builds the optimizer.

        Args:
            space: where it moves.
            start: vectors [n, dims] of its first generation; it draws its own if None.
        """
        arguments = self.algorithm.model_dump()
        return self.algorithm.optimizer(space.dims, **arguments, prior=space.prior, seed=self.seed, start=start)

    def relatives(self, liked: Tensor, home: LatentSpace) -> Tensor:
        """Returns liked vectors [k, dims] and variations of them, as many as the first generation takes.

        Args:
            liked: the vectors.
            home: the latent space that they are of, z or w.
        """
        count = max(self.warm_start, self.algorithm.population) - len(liked)
        return family(liked, home.draw(random_seeds(self.seed, max(count, 0))), home.prior)

    def summary(self) -> dict[str, Any]:
        """Returns what recipes tell of a search beyond its prompt, its space and its optimizer."""
        told = {"generations", "warm_start", "origin"} | ({"balance"} if self.picture and self.words else set())
        return self.model_dump(include=told)


def suited(generator: Generator) -> dict[str, int]:
    """Returns the settings to begin with that differ between models: slow ones draw fewer images."""
    population = suited_population(generator.w_dim)
    if not is_slow(generator):
        generations, warm_start = SearchSettings.model_fields["generations"].default, START
    else:
        generations, warm_start = (30, 32) if generator.resolution <= 256 else (10, 18)
    return {"generations": generations, "warm_start": warm_start, "population": population}


def family(liked: Tensor, strangers: Tensor, prior: str) -> Tensor:
    """Returns liked vectors [k, dims] and variations of them, one for each stranger [n, dims]: [k + n, dims].

    Strangers are random draws. So variations differ as much in each direction as draws do: in w, coordinates vary
    together, and noise that ignored this would give images that no draw resembles.
    """
    liked, strangers = liked.cpu(), strangers.cpu()
    parents = liked.repeat(math.ceil(len(strangers) / len(liked)), 1)[: len(strangers)]
    variations = (parents + FAMILY_SIGMA * strangers) / math.hypot(1.0, FAMILY_SIGMA)
    return torch.cat([liked, PRIORS[prior](variations)])


def limits(field: FieldInfo) -> tuple[float, float]:
    """Returns the lowest and highest value of a numeric field, whether or not they are allowed themselves."""
    low = next(getattr(m, name) for m in field.metadata for name in ("ge", "gt") if hasattr(m, name))
    high = next(m.le for m in field.metadata if hasattr(m, "le"))
    return low, high


def choices(field: FieldInfo) -> tuple[str, ...]:
    """Returns the values of a field that has a few by name; () for others."""
    return get_args(field.annotation) if isinstance(field.default, str) else ()


def _allowed(field: FieldInfo) -> str:
    if choices(field):
        return f"one of {', '.join(choices(field))}"
    if field.annotation is str:
        return "text"
    low, high = limits(field)
    whole = "a whole number" if field.annotation is int else "a number"
    above = any(hasattr(m, "gt") for m in field.metadata)
    return f"{whole} {'above' if above else 'from'} {low:g} {'up ' if above else ''}to {_plain(high)}"


def _plain(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"

"""The algorithms of the Search tab, and what a visitor can set of each.

A field's title and description are its label and the line under it: the plain words first, and behind them the term
that papers use. The fields of an algorithm are named like the arguments of its optimizer.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from spaceseed.evolution.find import SIGMA
from spaceseed.ops.cma import CMAES, LEAST
from spaceseed.ops.differential_evolution import DifferentialEvolution
from spaceseed.ops.genetic import GeneticAlgorithm
from spaceseed.ops.optimizer import Optimizer
from spaceseed.ops.random_search import RandomSearch
from spaceseed.ui.kit.messages import HintError

# What several algorithms have.
POPULATION, ABOUT_POPULATION = "Images a round (population)", "How many are kept and compared."
RATE, ABOUT_RATE = "Share that changes (mutation rate)", "Of the numbers that make a child, by chance."
SIZE, STEPS = "Mutation size (sigma)", "In steps (standard deviations)."


class SettingsError(ValueError):
    """A setting cannot be used; the message is one sentence for the visitor."""


class Settings(BaseModel):
    """Settings that are checked together."""

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
                cause = first["ctx"]["error"]
                raise (cause if isinstance(cause, HintError) else SettingsError(str(cause))) from error
            field = cls.model_fields[str(first["loc"][0])]
            raise SettingsError(f"{field.title} must be {_allowed(field)}.") from error


class Algorithm(Settings):
    """Settings of one optimizer; its fields are the optimizer's arguments.

    A subclass gives its `title`, by which it is known, the `label` that visitors see, and a sentence `about` it.
    """

    title: ClassVar[str]
    label: ClassVar[str]
    about: ClassVar[str]
    optimizer: ClassVar[Callable[..., Optimizer]]
    population: int


class DifferentialEvolutionSettings(Algorithm):
    """Defaults are those of the benchmark."""

    title = "Differential evolution"
    label = "By differences (differential evolution)"
    about = "Images move by the differences between others; one gives way only to a better one."
    optimizer = DifferentialEvolution

    population: int = Field(32, ge=4, le=256, title="Images a round (Np)", description="The size of the population.")
    F: float = Field(0.5, gt=0, le=2, title="Step (F)", description="How much of a difference is added to an image.")
    CR: float = Field(
        0.7,
        ge=0,
        le=1,
        title="Share that moves (CR)",
        description="Of the numbers that make an image (crossover rate).",
    )
    strategy: Literal["rand/1/bin", "rand/1/exp", "best/1/bin", "best/1/exp"] = Field(
        "best/1/bin",
        title="What moves, and how (strategy)",
        description="A random image or the best; its numbers move one by one (bin) or side by side (exp).",
    )
    dither: float = Field(
        0.3, ge=0, le=1, title="Variation of the step (dither)", description="How much F goes up and down; F at most."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.dither > self.F:
            raise ValueError(f"Variation of the step (dither) must not be above F, which is {self.F:g}.")
        return self


class GeneticAlgorithmSettings(Algorithm):
    """Defaults are those of the benchmark."""

    title = "Genetic algorithm"
    label = "Parents and children (genetic algorithm)"
    about = "Good images become parents; their children mix them and change a little by chance."
    optimizer = GeneticAlgorithm

    population: int = Field(16, ge=4, le=256, title=POPULATION, description=ABOUT_POPULATION)
    crossover: Literal["one-point", "two-point", "uniform", "blend", "sbx", "spherical"] = Field(
        "blend", title="Mixing (crossover)", description="How two parents make a child."
    )
    mutation_rate: float = Field(0.1, ge=0, le=1, title=RATE, description=ABOUT_RATE)
    mutation_sigma: float = Field(0.5, ge=0, le=2, title=SIZE, description=STEPS)
    elites: int = Field(2, ge=0, le=64, title="Always kept (elites)", description="So many of the best images.")
    selection: Literal["tournament", "roulette", "truncation"] = Field(
        "tournament", title="Choice of parents (selection)", description="How their scores decide."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.elites >= self.population:
            raise ValueError(
                f"Always kept (elites) must be fewer than the images a round, which are {self.population}."
            )
        return self


class CMAESSettings(Algorithm):
    """Defaults are those of `find`; `suited` tells the population that suits a model."""

    title = "CMA-ES"
    label = "Learning from scores (CMA-ES)"
    about = "Learns where good images lie, and how widely to look around there."
    optimizer = CMAES

    population: int = Field(LEAST, ge=4, le=256, title=POPULATION, description=ABOUT_POPULATION)
    sigma: float = Field(SIGMA, gt=0, le=3, title="First step size (sigma 0)", description=STEPS)


class RandomSearchSettings(Algorithm):
    """Defaults are those of the benchmark."""

    title = "Random search"
    label = "By chance (random search)"
    about = "Draws new images in each round and keeps the best: what to compare the others with."
    optimizer = RandomSearch

    population: int = Field(32, ge=4, le=256, title=POPULATION, description=ABOUT_POPULATION)


class TradeOffSettings(Algorithm):
    """Defaults had the largest fronts, summed over three pairs of a prompt and a picture, of eight settings tried."""

    title = "Trade-off"
    label = "Trade-off (NSGA-II)"
    about = "For words and a picture: all the best compromises between them, not one mixture."
    optimizer = partial(GeneticAlgorithm, elites=0, replacement="nsga2")

    population: int = Field(32, ge=4, le=256, title=POPULATION, description=ABOUT_POPULATION)
    mutation_rate: float = Field(0.3, ge=0, le=1, title=RATE, description=ABOUT_RATE)
    mutation_sigma: float = Field(0.2, ge=0, le=2, title=SIZE, description=STEPS)


ALGORITHMS: dict[str, type[Algorithm]] = {
    settings.title: settings
    for settings in (
        CMAESSettings,
        DifferentialEvolutionSettings,
        GeneticAlgorithmSettings,
        RandomSearchSettings,
        TradeOffSettings,
    )
}


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

"""Ask and tell: the base of every optimizer.

    optimizer = DifferentialEvolution(G.z_dim, seed=0)
    while optimizer.evaluations < 2000:
        latents = optimizer.ask()                    # [n, dims]: candidates to score
        optimizer.tell(objective(latents))           # [n]: higher is better
    latent, score = optimizer.best

Any time may pass between `ask` and `tell`, for example while a person decides. Another `ask` returns the same
candidates, and `state_dict` saves them.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final

import numpy.typing as npt
import torch
from torch import Tensor

from spaceseed.arguments import check_choice, check_device, check_integer, check_scores, check_tensor, check_type
from spaceseed.errors import ArgumentError
from spaceseed.ops.prior import PRIORS
from spaceseed.ops.selection import best_first

MAX_SEED = 2**32 - 1
STATE: Final = "the state_dict() of an optimizer that was made with the same arguments"


class Optimizer(ABC):
    """Base class of the optimizers: first generation, best so far, counters and saving.

    A subclass decides which candidates come next (`_propose`) and which survive (`_survive`). All random numbers come
    from one CPU generator, so a seed gives the same run on every device.

    The first generation is `start`, filled up to `population` with draws of N(0, I). If `start` is longer, all of it is
    scored and the best `population` survive. So a search can start from the best of many seeds.

    Attributes:
        dims: length of a latent, at least 2.
        size: number of survivors of a generation.
        population: the survivors `[size, dims]`, on `device`; empty before the first `tell`.
        scores: scores of the survivors, `[size]`, or `[size, k]` if each candidate has several.
        evaluations: number of scored candidates so far.
        course: the best score so far after each round. With several scores there is no best, so it is the number of
            rounds so far in which a candidate came on the front.
        belongs_to: what the scores are of, in words, or None. `state_dict` stores it. The optimizer does not use it;
            a caller can refuse an optimizer that belongs to something else.
    """

    min_population = 2
    # Whether `tell` takes several scores for each candidate, [n, k].
    several_scores = False

    def __init__(
        self,
        dims: int,
        population: int,
        prior: str,
        seed: int,
        start: Tensor | None,
        device: torch.device | str | None,
    ) -> None:
        """Draws the first generation.

        Args:
            dims: length of a latent, at least 2.
            population: number of survivors of a generation, at least `min_population`.
            prior: "free", "shell" or "shrink": how candidates are kept on the Gaussian prior, see `ops.prior`. The
                rows of `start` are not changed.
            seed: 0 to 2^32 - 1.
            start: initial latents `[m, dims]`, m at least 1.
            device: device of the latents, the CPU by default.

        Raises:
            ArgumentError: an argument is out of range, or `start` is not finite or has another shape.
        """
        self.dims = check_integer("dims", dims, 2)
        self.size = check_integer("population", population, self.min_population)
        self._to_prior = check_choice("prior", prior, PRIORS)
        self._prior, self._seed = prior, check_integer("seed", seed, 0, MAX_SEED)
        self._generator = torch.Generator().manual_seed(self._seed)
        self._device = check_device("device", device)
        self.population = torch.empty(0, dims, device=self._device)
        self.scores = torch.empty(0, device=self._device)
        self.evaluations = 0
        self.course: list[float] = []
        self.belongs_to: str | None = None
        # Must be equal in `load_state_dict`.
        self._made = {"optimizer": type(self).__name__, "dims": self.dims, "population": self.size}
        self._best: tuple[Tensor, float] | None = None
        given = torch.empty(0, dims) if start is None else self._checked(start)
        self._asked: Tensor | None = torch.cat([given.to(self._device), self._draw(self.size - len(given))])

    def ask(self) -> Tensor:
        """Returns the next candidates to score, `[n, dims]` float32. n may differ between generations."""
        if self._asked is None:
            self._asked = self._propose()
        return self._asked.clone()

    def tell(self, scores: Tensor | npt.NDArray[Any] | Sequence[float]) -> None:
        """Takes the scores of the candidates from `ask`, and selects the survivors.

        Args:
            scores: `[n]` or `[n, 1]`, in the order of `ask`; higher is better. A score that is not finite counts as
                -inf, for a candidate that failed.

        Raises:
            ArgumentError: `scores` is not one number for each candidate.
            RuntimeError: `ask` was not called before.
        """
        if self._asked is None:
            raise RuntimeError("tell() needs candidates: call ask() first.")
        values = self._check_scores(scores, len(self._asked)).detach().to(self._device, copy=True)
        if self.generation and values.shape[1:] != self.scores.shape[1:]:
            allowed = f"{self.scores.shape[1]} scores for each candidate, as before"
            raise ArgumentError("scores", tuple(values.shape), allowed)
        values[~values.isfinite().view(len(values), -1).all(dim=1)] = -torch.inf
        reached = self._remember(self._asked, values)
        self.population, self.scores = self._survive(self._asked, values)
        self.course.append(reached)
        self._asked = None
        self.evaluations += len(values)

    @property
    def generation(self) -> int:
        """The number of `tell` calls so far."""
        return len(self.course)

    @property
    def best(self) -> tuple[Tensor, float]:
        """The best latent `[dims]` so far and its score; of equal ones the earliest.

        Raises:
            RuntimeError: before the first `tell`, or if each candidate has several scores.
        """
        if self._best is None:
            raise RuntimeError("There is no best before the first tell(), or if candidates have several scores.")
        return self._best[0].clone(), self._best[1]

    @property
    def best_score(self) -> float:
        """The best score so far; -inf if there is no best."""
        return -torch.inf if self._best is None else self._best[1]

    @property
    def settings(self) -> dict[str, int | float | str]:
        """The constructor's arguments by name, for the record of how an image was found."""
        return {"population": self.size, "prior": self._prior, "seed": self._seed}

    def state_dict(self) -> dict[str, Any]:
        """Returns everything that changes during a run, as numbers and copies of tensors.

        An optimizer with the same constructor arguments continues from it exactly as this one would.
        """
        return {
            "made": dict(self._made),
            "generator": self._generator.get_state(),
            "asked": None if self._asked is None else self._asked.clone(),
            "population": self.population.clone(),
            "scores": self.scores.clone(),
            "best": self._best and (self._best[0].clone(), self._best[1]),
            "evaluations": self.evaluations,
            "course": list(self.course),
            "belongs_to": self.belongs_to,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from `state_dict()`. A state that is refused changes nothing.

        Raises:
            ArgumentError: the state belongs to another class of optimizer, another population or another length of
                latents, or is damaged.
        """
        made = check_type("state", state, dict, STATE).get("made")
        if made != self._made:
            raise ArgumentError("state", _words(made), f"{STATE}: {_words(self._made)}")
        try:
            attributes = self._read(state)
        except (ArgumentError, AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ArgumentError("state", "damaged", STATE) from error
        vars(self).update(attributes)

    def _read(self, state: dict[str, Any]) -> dict[str, Any]:
        """Returns the attributes in a state. For a damaged state it raises one of many exceptions."""
        latents: list[int | str] = ["n", self.dims]
        asked, best = state["asked"], state["best"]
        population = check_tensor("population", state["population"], latents)
        scores = self._check_scores(state["scores"], len(population))
        if best is not None:
            best = check_tensor("best", best[0], [self.dims]).to(self._device, copy=True), float(best[1])
        if bool(scores.isnan().any()) or (best is not None and math.isnan(best[1])):
            raise ArgumentError("scores", "NaN", "numbers")
        course = [float(score) for score in check_type("course", state["course"], list, "a list of scores")]
        if any(math.isnan(score) for score in course):
            raise ArgumentError("course", "NaN", "numbers")
        begun = len(course) > 0
        if {len(population) > 0, best is not None or (scores.ndim > 1 and begun)} != {begun}:
            raise ArgumentError(
                "population", len(population), "above 0, with a best latent, exactly if there was a generation"
            )
        generator = torch.Generator()
        generator.set_state(state["generator"].cpu())
        return {
            "_generator": generator,
            "_asked": None if asked is None else check_tensor("asked", asked, latents).to(self._device, copy=True),
            "population": population.to(self._device, copy=True),
            "scores": scores.to(self._device, copy=True),
            "_best": best,
            "evaluations": check_integer("evaluations", state["evaluations"], 0),
            "course": course,
            "belongs_to": check_type("belongs_to", state["belongs_to"], (str, type(None)), "a text, or None"),
        }

    def _check_scores(self, scores: Any, count: int) -> Tensor:
        """Returns scores `[count]` as float32. A failed candidate scores -inf, so they need not be finite."""
        return check_scores("scores", scores, count, "candidates")

    @abstractmethod
    def _propose(self) -> Tensor:
        """Returns candidates `[n, dims]` for the next generation, on the prior."""

    @abstractmethod
    def _survive(self, candidates: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the next population and its scores, from the current one and the scored candidates."""

    def _best_of(self, candidates: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        kept = best_first(scores)[: self.size]
        return candidates[kept], scores[kept]

    def _draw(self, count: int) -> Tensor:
        """Returns fresh draws of N(0, I) `[count, dims]`, on the prior; none if the count is below 1."""
        drawn = torch.randn(max(count, 0), self.dims, generator=self._generator)
        return self._to_prior(drawn).to(self._device)

    def _remember(self, candidates: Tensor, scores: Tensor) -> float:
        """Keeps the best. Returns what `course` holds for this round."""
        if len(scores):
            top = int(scores.argmax())
            score = float(scores[top])
            if self._best is None or score > self._best[1]:
                self._best = candidates[top].clone(), score
        return self.best_score

    def _checked(self, start: Tensor) -> Tensor:
        start = check_tensor("start", start, ["m", self.dims]).detach()
        if len(start) == 0:
            raise ArgumentError("start", tuple(start.shape), f"latents of shape [m, {self.dims}], m at least 1")
        return start


def _words(made: Any) -> str:
    """Describes the constructor arguments in a state; "damaged" if it has none."""
    if not isinstance(made, dict) or set(made) != {"optimizer", "dims", "population"}:
        return "damaged"
    return f"{made['optimizer']} of {made['dims']} dims and a population of {made['population']}"

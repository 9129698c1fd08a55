"""Objectives of a search. They take images and return one score for each; higher is better.

Objectives can be weighted and added::

    objective = 0.7 * TextObjective(judge, "red hair") + 0.3 * ImageObjective(judge, image)

Their ranges differ: a cosine of CLIP embeddings with a text often varies by less than 0.2 between images, and a
probability by 1. So look at the scores of some images before you choose weights.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from spaceseed.arguments import check_choice, check_number, check_scores, check_tensor, check_type
from spaceseed.errors import ArgumentError
from spaceseed.models.judges.classifier import Classifier

if TYPE_CHECKING:  # open_clip takes seconds to import
    from spaceseed.models.judges.clip import Judge

MAX_PROMPT = 300
# Images that are embedded at a time when an objective is made.
EMBEDDED = 16
# With 4 liked and 6 disliked avatars, weights 0, 0.2, 0.5, 0.75 and 1 rank an image with the liked attribute before one
# without it in 81, 82, 83, 82 and 81 % of pairs.
DISLIKED_WEIGHT = 0.5


class Objective(ABC):
    """A function that scores images, with a description for recipes. A search also accepts any function of images.

    `a + b`, `a - b`, `-a` and `2.0 * a` are objectives, too. Their prompt and judge come from the parts that have them.

    `repr(objective)` tells it from others: an optimizer remembers it and refuses to continue with another objective.

    Attributes:
        prompt: the text that is searched for, if any. Recipes store it.
        judge: name of the network that scores, if any. Recipes store it.
    """

    prompt: str | None = None
    judge: str | None = None

    @abstractmethod
    def __call__(self, images: Tensor) -> Tensor:
        """Returns the scores [N] of images [N, 3, H, W] in [-1, 1]."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.prompt!r}, judge={self.judge!r})"

    def __add__(self, other: "Objective") -> "WeightedSum":
        if not isinstance(other, Objective):
            return NotImplemented
        return _weighted_sum([(1.0, self), (1.0, other)])

    def __sub__(self, other: "Objective") -> "WeightedSum":
        if not isinstance(other, Objective):
            return NotImplemented
        return _weighted_sum([(1.0, self), (-1.0, other)])

    def __neg__(self) -> "WeightedSum":
        return _weighted_sum([(-1.0, self)])

    def __mul__(self, weight: float) -> "WeightedSum":
        return _weighted_sum([(check_number("weight", weight), self)])

    __rmul__ = __mul__


def check_judge(judge: "Judge") -> "Judge":
    """Returns `judge`. Raises ArgumentError if it is not a CLIP model."""
    if not hasattr(judge, "embed_images"):
        raise ArgumentError("judge", type(judge).__name__, "a CLIP model, such as load_judge returns")
    return judge


class EmbeddingObjective(Objective):
    """An objective that reads only the judge's embedding of an image, so that it can score without drawing.

    Sums of such objectives with the same judge are of this class, too.

    Args:
        network: a CLIP model.

    Attributes:
        network: the judge that embeds images.

    Raises:
        ArgumentError: `network` is not a CLIP model.
    """

    def __init__(self, network: "Judge") -> None:
        self.network = check_judge(network)
        self.judge = network.name

    @abstractmethod
    def of_embeddings(self, embeddings: Tensor) -> Tensor:
        """Returns the scores [n] of the judge's embeddings [n, d] of images, which are unit vectors."""

    def __call__(self, images: Tensor) -> Tensor:
        return self.of_embeddings(self.network.embed_images(images))


class _Similarity(EmbeddingObjective):
    """The cosine of an image's embedding and a vector, -1 to 1."""

    _target: Tensor

    def of_embeddings(self, embeddings: Tensor) -> Tensor:
        embeddings = check_tensor("embeddings", embeddings, ["n", len(self._target)])
        return embeddings @ self._target.to(embeddings.device)


class TextObjective(_Similarity):
    """The similarity of images to a text: the cosine of their CLIP embeddings, -1 to 1.

    Args:
        judge: a CLIP model.
        prompt: what the images should show, 1 to 300 characters.

    Raises:
        ArgumentError: the prompt is empty, too long or not a text, or `judge` is not a CLIP model.
    """

    def __init__(self, judge: "Judge", prompt: str) -> None:
        super().__init__(judge)
        prompt = " ".join(check_type("prompt", prompt, str, "a text").split())
        if not 1 <= len(prompt) <= MAX_PROMPT:
            shown = prompt if len(prompt) <= 40 else prompt[:40] + "..."
            raise ArgumentError("prompt", shown, f"1 to {MAX_PROMPT} characters long")
        self.prompt = prompt
        with torch.no_grad():
            self._target = judge.embed_text(prompt).flatten()


class ImageObjective(_Similarity):
    """The similarity of images to an image: the cosine of their CLIP embeddings, -1 to 1.

    Args:
        judge: a CLIP model.
        image: [1, 3, H, W] in [-1, 1], of any size.

    Raises:
        ArgumentError: the image has another shape or is not finite, or `judge` is not a CLIP model.
    """

    def __init__(self, judge: "Judge", image: Tensor) -> None:
        super().__init__(judge)
        image = check_tensor("image", image, [1, 3, "H", "W"])
        self._target = _embedded(judge, "image", image)[0]
        self._digest = _digest(image)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._digest}, judge={self.judge!r})"


class PicksObjective(_Similarity):
    """The similarity of images to those that a person liked, and not to those that the person disliked, -1 to 1.

    It is the cosine of an image's embedding and a target: the mean embedding of the liked images, minus half the mean
    embedding of the disliked ones. This is relevance feedback (Rocchio 1971, "Relevance feedback in information
    retrieval", without a query).

    Args:
        judge: a CLIP model.
        liked: [n, 3, H, W] in [-1, 1], n at least 1.
        disliked: [m, 3, H, W] in [-1, 1], if there are any.

    Raises:
        ArgumentError: no image is liked, the images have another shape or are not finite, or `judge` is not a CLIP
            model.
    """

    def __init__(self, judge: "Judge", liked: Tensor, disliked: Tensor | None = None) -> None:
        super().__init__(judge)
        liked = check_tensor("liked", liked, ["n", 3, "H", "W"])
        if not len(liked):
            raise ArgumentError("liked", tuple(liked.shape), "one image or more")
        target, self._digests = _embedded(judge, "liked", liked).mean(dim=0), [_digest(liked)]
        if disliked is not None and len(disliked := check_tensor("disliked", disliked, ["m", 3, "H", "W"])):
            target = target - DISLIKED_WEIGHT * _embedded(judge, "disliked", disliked).mean(dim=0)
            self._digests.append(_digest(disliked))
        self._target = F.normalize(target, dim=0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._digests)}, judge={self.judge!r})"


class ClassObjective(Objective):
    """The probability that a classifier gives to one value of an attribute, 0 to 1.

    Args:
        classifier: a classifier, such as `load_classifier` returns.
        attribute: one of its attributes, such as "mouth".
        value: one of the attribute's values, such as "smile".

    Raises:
        ArgumentError: the classifier has no such attribute or value, or is not a classifier.
    """

    def __init__(self, classifier: Classifier, attribute: str, value: str) -> None:
        check_type("classifier", classifier, Classifier, "a classifier, such as load_classifier returns")
        values = check_choice("attribute", attribute, classifier.attributes)
        check_choice("value", value, dict.fromkeys(values))
        self._classifier, self.attribute, self.value = classifier, attribute, value
        self._column = values.index(value)

    def __call__(self, images: Tensor) -> Tensor:
        return self._classifier.probabilities(images)[self.attribute][:, self._column]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.attribute!r}, {self.value!r})"


class WeightedSum(Objective):
    """A weighted sum of objectives, as `0.7 * a + 0.3 * b` makes it. Its range follows from those of its parts.

    A judge embeds an image once, even if several parts need the embedding.

    Attributes:
        parts: the objectives; none is a sum itself.
        weights: the weight of each.
    """

    def __init__(self, parts: Sequence[Objective], weights: Sequence[float]) -> None:
        self.parts = tuple(parts)
        self.weights = tuple(check_number("weight", weight) for weight in weights)
        worded = [(weight, part.prompt) for weight, part in zip(self.weights, parts, strict=True) if part.prompt]
        if len(worded) == 1 and worded[0][0] > 0:
            self.prompt = worded[0][1]
        else:
            self.prompt = " + ".join(f"{weight:g} * {prompt}" for weight, prompt in worded) or None
        self.judge = ", ".join(dict.fromkeys(part.judge for part in parts if part.judge)) or None

    def __call__(self, images: Tensor) -> Tensor:
        return self._weighted(score_columns(self.parts, images)[0])

    def __repr__(self) -> str:
        return " + ".join(f"{weight:g} * {part!r}" for weight, part in zip(self.weights, self.parts, strict=True))

    def _weighted(self, columns: Tensor) -> Tensor:
        return columns @ torch.tensor(self.weights, device=columns.device)


class _EmbeddingSum(WeightedSum, EmbeddingObjective):
    """A weighted sum of objectives that need only the embeddings of one judge."""

    def __init__(self, parts: Sequence[EmbeddingObjective], weights: Sequence[float]) -> None:
        EmbeddingObjective.__init__(self, parts[0].network)
        WeightedSum.__init__(self, parts, weights)
        self._parts = parts

    def of_embeddings(self, embeddings: Tensor) -> Tensor:
        return self._weighted(torch.stack([part.of_embeddings(embeddings) for part in self._parts], dim=1))


def named(objective: Callable[[Tensor], Any]) -> str:
    """Returns words that tell an objective, or a plain function, from others. They are the same in another process."""
    if isinstance(objective, Objective):
        return repr(objective)
    return getattr(objective, "__qualname__", type(objective).__qualname__)


def score_columns(objectives: Sequence[Callable[[Tensor], Any]], images: Tensor) -> tuple[Tensor, Tensor | None]:
    """Returns the scores [N, k] of images [N, 3, H, W] by k objectives. Each judge embeds an image once.

    Returns:
        the scores, where the images are, and the embeddings [N, d] if all objectives need those of one judge alone.

    Raises:
        ArgumentError: an objective does not return one score for each image.
    """
    embeddings: dict[Judge, Tensor] = {}
    columns = []
    for objective in objectives:
        if isinstance(objective, EmbeddingObjective):
            if objective.network not in embeddings:
                embeddings[objective.network] = objective.network.embed_images(images)
            scores = objective.of_embeddings(embeddings[objective.network])
        else:
            scores = objective(images.clone())  # a copy, because an objective may change its images in place
        name = "objective" if len(objectives) == 1 else _function(objective)
        columns.append(check_scores(f"{name}(images)", scores, len(images)).to(images.device))
    one_judge = len(embeddings) == 1 and all(isinstance(each, EmbeddingObjective) for each in objectives)
    return torch.stack(columns, dim=1), next(iter(embeddings.values())) if one_judge else None


def _function(objective: Callable[[Tensor], Any]) -> str:
    return getattr(objective, "__name__", type(objective).__name__)


def _weighted_sum(terms: Sequence[tuple[float, Objective]]) -> WeightedSum:
    flat: list[tuple[float, Objective]] = []
    for factor, objective in terms:
        if isinstance(objective, WeightedSum):
            flat += [(factor * weight, part) for weight, part in zip(objective.weights, objective.parts, strict=True)]
        else:
            flat.append((factor, objective))
    weights, parts = [weight for weight, _ in flat], [part for _, part in flat]
    embedding = [part for part in parts if isinstance(part, EmbeddingObjective)]
    if len(embedding) == len(parts) and len({part.network for part in embedding}) == 1:
        return _EmbeddingSum(embedding, weights)
    return WeightedSum(parts, weights)


@torch.no_grad()
def _embedded(judge: "Judge", name: str, images: Tensor) -> Tensor:
    """Returns the embeddings [n, d] of images [n, 3, H, W] that a user gave."""
    if not min(images.shape[-2:]):
        raise ArgumentError(name, tuple(images.shape), "of one pixel or more")
    return torch.cat([judge.embed_images(part) for part in images.split(EMBEDDED)])


def _digest(images: Tensor) -> str:
    """Returns 8 characters that tell images from others."""
    return hashlib.sha256(images.detach().cpu().contiguous().numpy().tobytes()).hexdigest()[:8]

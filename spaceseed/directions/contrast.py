"""Directions from examples: between liked and disliked faces, or between faces with and without glasses.

Example::

    def attributes(images):
        found = classifier.probabilities(images)
        return {"glasses": 1 - found["glasses"][:, 0]}

    directions = contrast_directions(G, attributes)
    vector = direction_between(liked, disliked)           # [n, w_dim] each
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from spaceseed.arguments import check_choice, check_integer, check_number, check_scores, check_tensor, check_type
from spaceseed.batches import Progress, batch_size, batches
from spaceseed.directions.sets import DirectionSet
from spaceseed.errors import ArgumentError
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import MAX_SEED, Generator
from spaceseed.ops.subspace import mean_difference

METHODS = ("svm", "mean")
SAMPLES = 2_000
# C is small: few examples in many dimensions can always be separated, so a wide margin is better.
SVM_C = 0.01


def direction_between(positive: Tensor, negative: Tensor, method: str = "svm") -> Tensor:
    """Returns the direction from one set of examples to another.

    Args:
        positive: [n, dims], n at least 1.
        negative: [m, dims], m at least 1.
        method: "svm", the normal of the hyperplane with the widest margin between the sets (Shen et al. 2020,
            "Interpreting the Latent Space of GANs for Semantic Face Editing", sec. 2.2), or "mean", the difference of
            the means.

    Returns:
        A unit vector [dims] on the CPU.

    Raises:
        ArgumentError: a set is empty, not finite or has another width, both sets have the same mean, or the method does
            not exist.
    """
    check_choice("method", method, dict.fromkeys(METHODS))
    positive = check_tensor("positive", positive, ["n", "dims"]).detach().cpu()
    negative = check_tensor("negative", negative, ["m", positive.shape[1]]).detach().cpu()
    for name, examples in (("positive", positive), ("negative", negative)):
        if not len(examples):
            raise ArgumentError(name, tuple(examples.shape), "one example or more, [n, dims]")
    difference = mean_difference(positive, negative)
    if not difference.any():
        raise ArgumentError("positive", "examples with the mean of the negative ones", "different from them")
    if method == "mean":
        return difference
    from sklearn.svm import LinearSVC  # noqa: PLC0415 - takes a second to import

    examples = torch.cat([positive, negative])
    examples = (examples - examples.mean(dim=0)) / examples.std(dim=0).mean().clamp(min=1e-12)
    svm = LinearSVC(C=SVM_C, class_weight="balanced", dual=True, max_iter=20_000, random_state=0)
    svm.fit(examples.numpy(), [1] * len(positive) + [0] * len(negative))
    return torch.nn.functional.normalize(torch.from_numpy(svm.coef_[0]).float(), dim=0)


@torch.no_grad()
def contrast_directions(
    generator: Generator,
    attributes: Callable[[Tensor], Mapping[str, Tensor]],
    *,
    method: str = "svm",
    samples: int = SAMPLES,
    share: float = 0.2,
    labels: Tensor | None = None,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> DirectionSet:
    """Finds one direction for each attribute of a classifier or another scorer.

    Args:
        generator: draws the images.
        attributes: returns the scores of images [N, 3, H, W] by name, [N] each; higher means more of the attribute.
            Examples are probabilities of a classifier, or cosines of a judge.
        method: as in `direction_between`.
        samples: number of images to draw.
        share: the images with the highest and the lowest scores are the examples; share of each, up to 0.5.
        labels: [num_classes], for conditional models.
        seed: seed of the draws.
        progress: called with the share of the work that is done, 0 to 1. It may raise an exception to end the work.

    Returns:
        A direction towards more of each attribute, in the order of the attributes.

    Raises:
        ArgumentError: an argument is out of range, or an attribute is not one finite number for each image, or is the
            same for all images.
    """
    check_integer("samples", samples, 2)
    check_integer("seed", seed, 0, MAX_SEED)
    if check_number("share", share, 0, 0.5) * samples < 1:
        raise ArgumentError("share", share, "above 0, up to 0.5, and large enough for one sample")
    space = LatentSpace(generator, truncation=1.0, labels=labels)
    z = torch.randn(samples, generator.z_dim, generator=torch.Generator().manual_seed(seed))
    styles, scores = [], []
    for part in batches(z, batch_size(generator), progress):
        ws = space.ws(part)
        styles.append(ws[:, 0].cpu())
        found = check_type("attributes(images)", attributes(generator.synthesize(ws)), Mapping, "scores by name")
        scores.append({name: check_scores(name, score, len(part), finite=True).cpu() for name, score in found.items()})
    w, count = torch.cat(styles), round(share * samples)
    vectors = []
    for name in scores[0]:
        values = torch.cat([part[name] for part in scores])
        if values.min() == values.max():
            raise ArgumentError("attributes", name, "an attribute that differs between images")
        order = values.argsort(stable=True)
        vectors.append(direction_between(w[order[-count:]], w[order[:count]], method))
    return DirectionSet.of(generator, method, torch.stack(vectors), tuple(scores[0]), w)

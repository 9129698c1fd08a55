"""An objective that prefers images with the features of typical real images.

Searches find images that please a judge, and some of these look broken. This objective can be added to another one::

    statistics = FeatureStatistics(96).add(judge.embed_images(real_images))
    objective = TextObjective(judge, "red hair") + 0.2 * RealismObjective(judge.embed_images, statistics)

The features decide what counts as typical. The bundled judge's embeddings rank faces above noise and above
upside-down faces. The bundled classifier's features do not: they were trained to tell attributes of
intact faces apart, and of other images they are close to the mean.
"""

import hashlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from spaceseed.arguments import check_tensor, check_type
from spaceseed.errors import ArgumentError
from spaceseed.evolution.objectives import Objective
from spaceseed.metrics.distances import FeatureStatistics


class RealismObjective(Objective):
    """How typical the features of an image are of real images, -inf to 0.

    A score is minus half the squared Mahalanobis distance to the mean of the real features, divided by the number of
    features. So it is the log-density of a Gaussian that is fitted to the real features, for each feature and up to a
    constant. It is 0 at the mean, and on average -0.5 or above for real images. The Frechet distance fits the same
    Gaussian, so its statistics can be used here.

    The covariance is shrunk towards a multiple of the identity, see `shrunk`. Without this, features that hardly vary,
    or fewer real images than features, would give infinite distances.

    Args:
        features: a function from images [N, 3, H, W] in [-1, 1] to features [N, d], such as `judge.embed_images`.
        statistics: those of the features of real images, 2 or more.

    Raises:
        ArgumentError: `features` is not a function, or `statistics` are of fewer than 2 images or of equal ones. A call
            raises it if the features have another width or are not finite.
    """

    def __init__(self, features: Callable[[Tensor], Tensor], statistics: FeatureStatistics) -> None:
        if not callable(features):
            raise ArgumentError("features", type(features).__name__, "a function from images to features")
        check_type("statistics", statistics, FeatureStatistics, "FeatureStatistics of real images")
        covariance = statistics.covariance
        if not np.trace(covariance) > 0:
            raise ArgumentError("statistics", "without variance", "of images that differ")
        self._features = features
        # The Cholesky factor L of the inverse: |L^T x|^2 is the squared Mahalanobis distance.
        factor = np.linalg.cholesky(np.linalg.inv(shrunk(covariance, statistics.count)))
        self._mean, self._whitening = (torch.from_numpy(array).float() for array in (statistics.mean, factor))
        self._digest = hashlib.sha256(statistics.mean.tobytes() + covariance.tobytes()).hexdigest()[:8]

    def __call__(self, images: Tensor) -> Tensor:
        features = check_tensor("features(images)", self._features(images), [len(images), len(self._mean)])
        offset = (features - self._mean.to(features.device)) @ self._whitening.to(features.device)
        return -0.5 * offset.square().mean(dim=1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._digest})"


def shrunk(covariance: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """Shrinks a sample covariance [d, d] of `count` rows towards a multiple of the identity.

    It is the oracle approximating shrinkage estimator (Chen, Wiesel, Eldar & Hero 2010, "Shrinkage Algorithms for MMSE
    Covariance Estimation", eq. 23). It needs only the covariance and the number of rows, not the rows. The more rows,
    the less it shrinks.
    """
    dims, trace, squares = len(covariance), np.trace(covariance), np.square(covariance).sum()
    numerator = (1 - 2 / dims) * squares + trace**2
    denominator = (count + 1 - 2 / dims) * (squares - trace**2 / dims)
    amount = numerator / denominator if denominator > numerator else 1.0
    return (1 - amount) * covariance + amount * trace / dims * np.eye(dims)

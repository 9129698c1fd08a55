"""Damaged drawings of faces: the training data of a generator with faults, which filters and repairs are tried on.

People who train on pictures from the web have such data. A generator learns the damage as faithfully as the faces.
"""

import random

import numpy as np

# Top, bottom, left and right of what can be missing, in 64ths of the image's side.
EYES, MOUTH = ((24, 43, 14, 32), (24, 43, 32, 50)), (41, 57, 18, 46)
KINDS = ("one eye and no mouth", "no face", "smear")


def damage(images: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Damages a share of images.

    Args:
        images: uint8 [n, R, R, 3].
        share: probability of each to be damaged, 0 to 1.
        seed: of the choice and of the damage.

    Returns:
        a copy with the damage, and which of `KINDS` each image got, int64 [n]: -1 for none.
    """
    changed, kinds = images.copy(), np.full(len(images), -1)
    rng = random.Random(seed)
    for i, image in enumerate(changed):
        if rng.random() < share:
            kinds[i] = rng.randrange(len(KINDS))
            _damage(image, KINDS[kinds[i]], rng)
    return changed, kinds


def _damage(image: np.ndarray, kind: str, rng: random.Random) -> None:
    if kind == "smear":
        top, left = rng.randrange(10, 24), rng.randrange(6, 16)
        rows, columns = _slices(image, (top, top + 30, left, left + 46))
        image[rows, columns] = image[rows, columns.start : columns.start + 1]
        return
    for box in (MOUTH, *(EYES if kind == "no face" else (rng.choice(EYES),))):
        rows, columns = _slices(image, box)
        # Each row goes from the colour at its left end to that at its right end.
        weights = np.linspace(0, 1, columns.stop - columns.start)[None, :, None]
        ends = image[rows, columns.start : columns.start + 1], image[rows, columns.stop - 1 : columns.stop]
        image[rows, columns] = np.rint((1 - weights) * ends[0] + weights * ends[1])


def _slices(image: np.ndarray, box: tuple[int, int, int, int]) -> tuple[slice, slice]:
    top, bottom, left, right = (round(edge * len(image) / 64) for edge in box)
    return slice(top, bottom), slice(left, right)

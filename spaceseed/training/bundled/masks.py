"""Exact masks of the drawn faces: the training data of the bundled segmenter.

A drawing has one group of shapes for each part of the face. Every shape gets the flat colour of its part, without soft
edges and without shadows. The pixels of that drawing are therefore labels::

    avatar = sample(random.Random(0))
    image, mask = render(avatar), render_mask(avatar)      # uint8 [64, 64, 3] and [64, 64]

What is faint (shadows, the nose) belongs to what is under it. Lenses that can be seen through belong to what is behind.
"""

import random
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from spaceseed.training.bundled.avatars import HEAD, RESOLUTION, SPLITS, Avatar, drawing, rasterised, render, sample

CLASSES = ("background", "skin", "hair", "glasses", "beard", "eyes", "brows", "mouth", "clothes")
# The class of each group in the drawing, by the end of its id. Groups inside others come later.
GROUPS = {
    "Body": "skin",
    "Clothing": "clothes",
    "Nose": "skin",
    "Mouth": "mouth",
    "Eyes": "eyes",
    "Eyebrow": "brows",
    "Top": "hair",
    "Facial-Hair": "beard",
    "Accessory": "glasses",
}
FAINT = 0.3  # opacity of shadows, at most
SAMPLES = 3  # along each side of a pixel
STEP = 28  # between the colours of two classes
NOT_DRAWN = ("defs", "mask", "clipPath", "filter", "linearGradient", "title", "desc")


@dataclass(frozen=True)
class _Paint:
    """What a shape inherits from the groups around it."""

    label: int = 0
    fill: str = "black"
    opacity: float = 1.0
    stroke: str = "none"
    fill_opacity: float = 1.0


def render_mask(avatar: Avatar, resolution: int = RESOLUTION) -> np.ndarray:
    """Returns the class of each pixel of `render(avatar, resolution)`: the part that covers most of it.

    Returns:
        uint8 [resolution, resolution], indices into CLASSES.
    """
    left, top, side = HEAD
    width = round(264 * resolution * SAMPLES / side)
    pixels = np.asarray(rasterised(_flat(drawing(avatar)), width, "#000000"))[..., 0]
    labels = (pixels.astype(np.int64) + STEP // 2) // STEP
    # The middles of the small squares that each pixel of the image is divided into.
    steps = (np.arange(resolution * SAMPLES) + 0.5) / (resolution * SAMPLES) * side
    rows, columns = ((steps + edge) * width / 264 for edge in (top, left))
    small = labels[rows.astype(int)[:, None], columns.astype(int)]
    squares = small.reshape(resolution, SAMPLES, resolution, SAMPLES)
    covered = [(squares == label).sum(axis=(1, 3)) for label in range(len(CLASSES))]
    return np.argmax(covered, axis=0).astype(np.uint8)


def _flat(svg: str) -> str:
    """Returns a drawing in which each shape has the colour of its class."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own drawing
    root.set("shape-rendering", "crispEdges")
    _paint(root, _Paint())
    return ElementTree.tostring(root, encoding="unicode")


def _paint(element: ElementTree.Element, outer: _Paint) -> None:
    """Colours an element and those inside it, and removes what makes colours mix."""
    if _tag(element) in NOT_DRAWN:
        return
    take = element.attrib.pop
    take("style", None)
    take("filter", None)
    group = element.get("id", "").rpartition("_")[2]
    paint = _Paint(
        label=CLASSES.index(GROUPS[group]) if group in GROUPS else outer.label,
        fill=take("fill", outer.fill),
        opacity=float(take("opacity", 1)) * outer.opacity,
        stroke=take("stroke", outer.stroke),
        fill_opacity=float(take("fill-opacity", outer.fill_opacity)),
    )
    if len(element):
        for child in element:
            _paint(child, paint)
        return
    color = f"#{STEP * paint.label:02x}0000"
    visible = paint.opacity * paint.fill_opacity > FAINT
    element.set("fill", color if paint.fill != "none" and visible else "none")
    element.set("stroke", color if paint.stroke != "none" and paint.opacity > FAINT else "none")


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


@dataclass(frozen=True)
class Masks:
    """A set of faces: `images`, uint8 [n, R, R, 3], and `labels`, uint8 [n, R, R], indices into CLASSES."""

    images: np.ndarray
    labels: np.ndarray


def _render_seed(seed: int) -> tuple[np.ndarray, np.ndarray]:
    avatar = sample(random.Random(seed))
    return render(avatar), render_mask(avatar)


def masks(split: str, count: int, folder: Path, workers: int = 2) -> Masks:
    """Renders the first faces of one of `SPLITS` with their masks, or reads them from `folder`.

    Args:
        split: a key of `SPLITS`.
        count: number of faces.
        folder: where they are saved as `.npz`.
        workers: number of processes for rendering.
    """
    first, _ = SPLITS[split]
    path = folder / f"{split}-masks-{count}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(workers) as pool:
            pairs = list(pool.map(_render_seed, range(first, first + count), chunksize=100))
        images, labels = (np.stack(part) for part in zip(*pairs, strict=True))
        np.savez(path, images=images, labels=labels)
    with np.load(path) as saved:
        return Masks(saved["images"], saved["labels"])

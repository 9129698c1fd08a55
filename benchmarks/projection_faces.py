"""The part of the study `projection` about photographs of faces: `ffhq-mobile`, compared at 256 pixels."""

import io
import time
import zipfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.projection_runs import FIRST_SEED, Row
from spaceseed.images import from_uint8
from spaceseed.inversion.alignment import Frame, cut
from spaceseed.inversion.projection import project
from spaceseed.inversion.reconstruction import Target, pixel_error
from spaceseed.inversion.starts import TRUNCATION, nearest_seed
from spaceseed.metrics.similarity import structural_similarity
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.judges.faces import load_face_finder
from spaceseed.models.judges.perceptual import load_distance
from spaceseed.models.zoo.loading import load

MODEL = "ffhq-mobile"
TRIED = 2  # steps that say how long a step takes
# Eileen Collins, photographed by NASA, public domain.
PACKAGE, FILE = "scikit-image", "skimage/data/astronaut.png"


@dataclass(frozen=True)
class FaceTask:
    """One picture, a sample's number or None for the photograph; the nearest of so many seeds is the start."""

    number: int | None
    seconds: float
    seeds: int

    @property
    def words(self) -> str:
        """What a line of progress says."""
        return "the photograph" if self.number is None else f"face {self.number}"


def photograph_of(wheel: Path | None) -> bytes | None:
    """Returns the photograph in scikit-image, from a wheel or as it is installed; None if it is not at hand."""
    if wheel is not None:
        with zipfile.ZipFile(wheel) as files:
            return files.read(FILE)
    try:
        return Path(str(distribution(PACKAGE).locate_file(FILE))).read_bytes()
    except (PackageNotFoundError, OSError):
        return None


class FaceStudio:
    """The networks of a worker.

    Args:
        photograph: a file of pixels with a face.
    """

    def __init__(self, photograph: bytes | None) -> None:
        self.generator, self.distance, self._photograph = load(MODEL, device="cpu"), load_distance(), photograph
        self._pace = 0.0  # seconds for a step

    @torch.no_grad()
    def picture(self, number: int | None) -> Tensor:
        """Returns a sample, or the face in the photograph, framed as FFHQ frames faces; [1, 3, side, side]."""
        if number is not None:
            z = latents_from_seeds([FIRST_SEED + number], self.generator.z_dim)
            return self.generator.synthesize(self.generator.map(z, truncation=TRUNCATION)).clamp(-1, 1)
        assert self._photograph is not None
        pixels = np.array(Image.open(io.BytesIO(self._photograph)).convert("RGB"))
        faces = load_face_finder()(from_uint8(pixels[None])[0])
        pixels, _ = cut(pixels, Frame.of_face(faces[0].landmarks), self.generator.resolution)
        return from_uint8(pixels[None])

    def run(self, task: FaceTask) -> Row:
        """Returns how near one run came, and how near its start was."""
        picture, generator = self.picture(task.number), self.generator
        if not self._pace:
            times = []
            for _, _state in zip(range(1 + TRIED), project(generator, picture, distance=self.distance), strict=False):
                times.append(time.monotonic())
            self._pace = (times[-1] - times[0]) / TRIED
        began = time.monotonic()
        *_, nearest = nearest_seed(generator, picture, self.distance, count=task.seeds)
        start = nearest.ws
        left = task.seconds - (time.monotonic() - began)
        steps = max(1, int(left / self._pace))
        for state in project(generator, picture, method="adam", steps=steps, distance=self.distance, start=start):
            best, seconds = state, time.monotonic() - began
            if seconds + self._pace > task.seconds:
                break
        row: Row = {"seconds": seconds, "steps": best.step, "side": Target.of(generator, picture).image.shape[-1]}
        row |= self._near(picture, best.ws)
        return row | {"start": self._near(picture, start)}

    @torch.no_grad()
    def _near(self, picture: Tensor, ws: Tensor) -> Row:
        target = Target.of(self.generator, picture)
        image = target.beside(self.generator.synthesize(ws)).clamp(-1, 1)
        return {
            "perceptual": float(self.distance(image, target.image)),
            "pixels": float(pixel_error(image, target)),
            "similarity": float(structural_similarity(image, target.image)),
        }

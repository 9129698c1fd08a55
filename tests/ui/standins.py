"""A catalogue for tests: the bundled model, and one tiny network of random weights of each family.

Some stand for what is on the Hub: they are "downloaded" when they are first loaded, slowly enough to be seen. One of
them can never be had.
"""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from spaceseed.errors import DownloadError
from spaceseed.models.generators.generator import ModelCard
from spaceseed.models.zoo import loading
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.view import View

DATA = Path(__file__).parents[1] / "data"
FILES = {
    "tiny-stylegan2": "rosinality_sg2/checkpoint.pt",
    "tiny-classes": "nv_sg2ada_cond/network.pkl",
    "tiny-attributes": "nv_sg2ada_cond/network.pkl",
    "tiny-stylegan3": "nv_sg3_t/network.pkl",
    "tiny-biggan": "hf_biggan_deep/pytorch_model.bin",
    "tiny-pggan": "genforce_pggan/checkpoint.pth",
    "tiny-stylegan": "genforce_stylegan/checkpoint.pth",
}
CLASSES = {
    "tiny-classes": tuple(f"kind {i}" for i in range(5)),
    "tiny-attributes": ("hair: short", "hair: curly", "mood: glad", "mood: sad", "mood: angry"),
    "tiny-biggan": tuple(f"kind {i}" for i in range(10)),
}
GROUPS = {"tiny-attributes": (2, 3)}
SIZE = 40_000_000
REFUSAL = "Lost: it cannot be downloaded now."


class Catalogue:
    """What stands in for `zoo`; `local` are the ids that need no download."""

    def __init__(self) -> None:
        self.load_real, self.avatars = loading.load, loading.card("avatars")
        self.local = {"avatars", "tiny-stylegan2", "tiny-classes", "tiny-attributes", "tiny-biggan", "tiny-pggan"}
        self.cards = {"avatars": self.avatars} | {name: self._card(name) for name in [*FILES, "lost"]}
        self.downloads: list[str] = []

    def _card(self, name: str) -> ModelCard:
        return ModelCard(
            id=name,
            title=name.replace("-", " ").capitalize(),
            family=name.partition("-")[2] or "none",
            resolution=32,
            licence="none",
            terms="For tests alone.",
            source="tests/data",
            size=SIZE,
            sha256="",
            truncation=None if name == "tiny-pggan" else 0.7,
            bundled=False,
            note="Nobody has tried it." if name == "lost" else "",
            classes=CLASSES.get(name, ()),
            groups=GROUPS.get(name, ()),
        )

    def list_models(self) -> list[ModelCard]:
        return list(self.cards.values())

    def card(self, name: str) -> ModelCard:
        return self.cards[name]

    def is_local(self, name: str) -> bool:
        return name in self.local

    def load(self, name, device=None, progress=None):
        if name == "avatars" or name not in self.cards:  # such as a file
            return self.load_real(name, device)
        if name not in self.local:
            self.downloads.append(name)
            for part in range(4):
                time.sleep(0.3)
                if progress:
                    progress(part * SIZE // 4, SIZE)
        if name == "lost":
            raise DownloadError("lost.pt of nobody/nothing cannot be downloaded: the Hub has no such repository.")
        generator = self.load_real(str(DATA / FILES[name]), "cpu")
        generator.card = replace(self.cards[name], resolution=generator.resolution, sha256=generator.card.sha256)
        self.local.add(name)
        return generator


def stand_in(patch: pytest.MonkeyPatch) -> Catalogue:
    """Puts the catalogue in the zoo's place."""
    catalogue = Catalogue()
    patch.setattr(loading, "list_models", catalogue.list_models)
    patch.setattr(loading, "card", catalogue.card)
    patch.setattr(loading, "load", catalogue.load)
    patch.setattr(loading, "is_local", catalogue.is_local)
    patch.setattr(loading, "available", lambda name: True)
    patch.setattr("spaceseed.ui.state.networks.is_reachable", lambda: True)
    return catalogue


def find_of(networks: Networks, model: str, seed: int = 3) -> Recipe:
    """The image of a seed, as a visitor to whom the model is new sees it."""
    generator = networks.generator(model)
    space = View.of(generator).space(generator)
    return space.recipe(space.draw([seed])[0], seed=seed, name=f"seed {seed}")

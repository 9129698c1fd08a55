"""Loads generators: bundled ones, those of the catalogue, or any file."""

import difflib
import json
import os
import re
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import torch

from spaceseed.arguments import check_device, check_type
from spaceseed.devices import default_device, is_zero_gpu
from spaceseed.errors import ArgumentError
from spaceseed.models.checkpoints import openvino, own, read_generator
from spaceseed.models.generators.generator import Generator, ModelCard
from spaceseed.models.hub import ByteProgress, fetch, file_sha256, is_cached, is_reachable
from spaceseed.models.zoo import catalogue

ASSETS = Path(__file__).parents[2] / "assets"
CARD = "card.json"  # of a bundled generator, in the folder of its file
# Paths with "..", which could leave the repository, are refused.
HUB_NAME = re.compile(
    r"hub:(?!.*\.\.)(?P<repo>[\w.-]+/[\w.-]+)/(?P<file>[^@/\\\n][^@\\\n]*)@(?P<revision>[\w.-][\w./-]*)"
)


def list_models() -> list[ModelCard]:
    """Returns the cards of all generators that `load` knows by id: first the bundled ones, then the catalogue's."""
    return list(_cards().values())


def card(name: str) -> ModelCard:
    """Returns the card of the model with this id.

    Raises:
        ArgumentError: no model has this id.
    """
    cards = _cards()
    if name not in cards:
        raise ArgumentError("name", name, f"one of {', '.join(difflib.get_close_matches(name, cards) or cards)}")
    return cards[name]


def available(name: str) -> bool:
    """Returns whether the model with this id can be used here: False if its package is not installed.

    Raises:
        ArgumentError: no model has this id.
    """
    if card(name).bundled or isinstance(catalogue.entries()[name][1], catalogue.HubEntry):
        return True
    return openvino.installed() is not None


def is_local(name: str) -> bool:
    """Returns whether the model with this id loads without a download: bundled, installed, or in the cache.

    Raises:
        ArgumentError: no model has this id.
    """
    if card(name).bundled:
        return True
    entry = catalogue.entries()[name][1]
    if isinstance(entry, catalogue.HubEntry):
        return all(is_cached(entry.repo, file, entry.revision) for file in (entry.file, *entry.also))
    return available(name)


def choose_default_model() -> str:
    """Returns the name of the first model, for `load`.

    It is `SPACESEED_MODEL`, which may also be a file, or else the best model that runs well on the hardware.

    Raises:
        ArgumentError: `SPACESEED_MODEL` is not the name of a model.
    """
    chosen = os.environ.get("SPACESEED_MODEL")
    if chosen:
        _check(chosen)
        return chosen
    if is_zero_gpu() or default_device().type == "cuda":
        return "stylegan2-ffhq"
    # Texts about photographs need a judge from the Hub. The bundled judge knows only images of the bundled model.
    return "ffhq-mobile" if available("ffhq-mobile") and is_reachable() else "avatars"


def load(
    name: str | os.PathLike[str], device: torch.device | str | None = None, progress: ByteProgress | None = None
) -> Generator:
    """Loads a generator in float32 and evaluation mode, with frozen weights.

    Args:
        name: id of a card in `list_models()`, "hub:owner/repo/file@revision", or the path of a file of weights.
        device: device of the generator; `default_device()` if None.
        progress: called with (bytes received, bytes in total) during a download.

    Returns:
        The generator, with its `card`.

    Raises:
        ArgumentError: no model has this name, or this machine does not have the device.
        DownloadError: the file cannot be downloaded from the Hub.
        CheckpointError: the file does not hold a generator that can be read.
    """
    where = default_device() if device is None else check_device("device", device)
    allowed = 'the id of a model, the path of a file, or "hub:owner/repo/file@revision"'
    generator, its_card = _read(str(check_type("name", name, (str, os.PathLike), allowed)), progress)
    generator.card = its_card
    generator.to(where).eval().requires_grad_(False)
    # This memory layout is a third faster on a CPU.
    return generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _check(name: str) -> None:
    """Raises ArgumentError for a name that `load` does not accept."""
    if name in _cards() or HUB_NAME.fullmatch(name) or os.path.isfile(name):  # noqa: PTH113 - Path.is_file raises for long names
        return
    if name.startswith("hub:"):
        raise ArgumentError("name", name, '"hub:owner/repo/file@revision", where the revision is a commit or a branch')
    near = difflib.get_close_matches(name, _cards()) or _cards()
    raise ArgumentError("name", name, f'one of {", ".join(near)}, a file, or "hub:owner/repo/file@revision"')


def _read(name: str, progress: ByteProgress | None) -> tuple[Generator, ModelCard]:
    _check(name)
    if name in _cards():
        return _read_known(card(name), progress)
    if match := HUB_NAME.fullmatch(name):
        path, sha256 = fetch(**match.groupdict(), progress=progress)
        return _read_unknown(path, name, sha256, source=name)
    return _read_unknown(Path(name), Path(name).name, file_sha256(Path(name)), source="a local file")


def _read_known(known: ModelCard, progress: ByteProgress | None) -> tuple[Generator, ModelCard]:
    if known.bundled:
        return read_generator(_bundled_file(known.id)), known
    entry = catalogue.entries()[known.id][1]
    if isinstance(entry, catalogue.PackageEntry):
        folder = openvino.installed()
        if folder is None:
            allowed = f"a model whose package is installed; `make faces` installs {entry.package}"
            raise ArgumentError("name", known.id, allowed)
        return openvino.read(folder), known
    for file in entry.also:
        fetch(entry.repo, file, entry.revision)
    path, sha256 = fetch(entry.repo, entry.file, entry.revision, entry.sha256, progress)
    generator = read_generator(path)
    return generator, replace(known, sha256=sha256, size=path.stat().st_size, resolution=generator.resolution)


def _read_unknown(path: Path, name: str, sha256: str, source: str) -> tuple[Generator, ModelCard]:
    generator, header = read_generator(path), own.read_header(path)
    ws = torch.ones(1, generator.num_ws, generator.w_dim)
    # The usual value in demonstrations of these networks.
    truncation = header.truncation if header else 0.7
    return generator, ModelCard(
        id=name,
        title=header.title if header else path.name,
        family=type(generator).__name__,
        resolution=generator.resolution,
        licence=header.licence if header else "unknown",
        terms=header.terms if header else "Unknown: ask whoever made the weights.",
        source=source,
        size=path.stat().st_size,
        sha256=sha256,
        truncation=None if torch.equal(generator.truncate(ws, 0.5), ws) else truncation,
        bundled=False,
        classes=header.classes if header else (),
        groups=header.groups if header else (),
    )


@cache
def _cards() -> dict[str, ModelCard]:
    names = sorted(path.parent.name for path in ASSETS.glob("*/generator.safetensors"))
    bundled = {name: _bundled_card(name) for name in names}
    return bundled | {name: card for name, (card, _) in catalogue.entries().items()}


def _bundled_file(name: str) -> Path:
    return ASSETS / name / "generator.safetensors"


def _bundled_card(name: str) -> ModelCard:
    """Returns the card from `write_bundled_card`. Reading the weights instead would take seconds."""
    fields = json.loads((ASSETS / name / CARD).read_text(encoding="utf-8"))
    return ModelCard(**(fields | {"classes": tuple(fields["classes"]), "groups": tuple(fields["groups"])}))


def write_bundled_card(path: Path, note: str = "") -> None:
    """Writes the card of a bundled generator beside its file, with a note on it. The folder's name is its id."""
    _, its_card = _read_unknown(path, path.parent.name, file_sha256(path), "bundled; trained by spaceseed.training")
    fields = asdict(replace(its_card, bundled=True, note=note))
    path.with_name(CARD).write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")

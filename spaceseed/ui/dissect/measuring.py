"""Dissecting a layer of which no table is bundled: it takes a while, can be stopped, and is done once for all."""

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor

from spaceseed.batches import Progress
from spaceseed.dissection.dissect import dissect
from spaceseed.dissection.units import UnitTable
from spaceseed.errors import DissectionError
from spaceseed.models.generators.generator import Generator
from spaceseed.models.judges.segmenter import Segmenter, load_segmenter
from spaceseed.ui.kit.cores import is_slow, use_cores
from spaceseed.ui.kit.jobs import StoppedError, busy, idle, run
from spaceseed.ui.state import gpu
from spaceseed.ui.state.examples import subject_of
from spaceseed.ui.state.networks import BUNDLED, Networks
from spaceseed.ui.state.session import Session

COUNT, COUNT_SLOW = 1000, 200
TASK = "dissect"


def segmenter_of(generator: Generator) -> str:
    """Returns the name of the segmenter that knows what a model draws best."""
    return {"drawing": BUNDLED, "photograph": "faces"}.get(subject_of(generator.card).frame, "scenes")


def labels_of(networks: Networks, visitor: Session) -> Tensor | None:
    """Returns the classes [num_classes] whose images are looked at: those chosen above; None for most models."""
    return visitor.workspace.view.space(networks.generator(visitor.model)).labels


def cost(generator: Generator) -> str:
    """Says what it takes to dissect a layer."""
    if is_slow(generator):
        return f"This layer was not dissected yet. It takes some minutes: {COUNT_SLOW} images are drawn and looked at."
    return f"This layer was not dissected yet. It takes a minute or two: {COUNT:,} images are drawn and looked at."


def measure(networks: Networks, visitor: Session) -> Iterator[list[Any] | Any]:
    """Dissects the layer chosen, where that has not been done.

    Yields:
        how far that is, and the button that stops it.

    Raises:
        ValueError: it cannot be done; the message is for the visitor.
    """
    generator, labels = networks.generator(visitor.model), labels_of(networks, visitor)
    layer = visitor.workspace.dissecting.layer
    if networks.units.table(generator, layer, labels) is not None:
        yield idle("")
        return
    count = COUNT_SLOW if is_slow(generator) else COUNT
    work = partial(_dissected, generator, segmenter_of(generator), layer, count, labels)
    seconds = gpu.seconds_to_draw(generator, count)
    try:
        for state in run(visitor.tasks, TASK, partial(_called, work, seconds), lambda done: f"Dissecting: {done:.0%}"):
            if isinstance(state, str):
                yield busy(state)
            else:
                networks.units.add(generator, state, labels)
        yield idle("")
    except DissectionError as error:
        raise ValueError(
            "No segmenter here knows what this model draws, so nothing can be said of its units."
        ) from error
    except StoppedError:
        yield idle("Stopped: nothing has changed.")


def _called(work: partial[UnitTable], seconds: int, progress: Progress) -> UnitTable:
    return gpu.call(work, progress, seconds)


def _dissected(
    generator: Generator, segmenter: str, layer: str, count: int, labels: Tensor | None, *, progress: Progress
) -> UnitTable:
    def go_on(share: float) -> None:
        use_cores(generator)
        progress(share)

    network = _segmenter(segmenter, generator.device)
    return dissect(generator, network, layer, count, labels=labels, progress=go_on)


# A worker on a lent GPU loads its own.
@cache
def _segmenter(name: str, device: torch.device) -> Segmenter:
    return load_segmenter(name, device)

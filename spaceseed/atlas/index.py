"""An approximate index of many embeddings: which seeds may be the best for a vector?

It is a graph of near neighbours (HNSW, Malkov & Yashunin 2018) from the package usearch. It is built from the codes on
this machine and cached; an index from elsewhere is never read, because its format is not checked.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub import constants
from torch import Tensor

from spaceseed.atlas.codes import encode
from spaceseed.errors import AtlasError

# A text is far from all images, so its neighbours are found only with a wide search: see docs/results/atlas.md.
CONNECTIVITY, EXPANSION_BUILD, EXPANSION_SEARCH = 16, 64, 2_048
CHUNK = 65_536
MAX_FILES = 2


class Index:
    """The index of codes int8 [n, dims]. Building it takes minutes for a million rows; then it is cached.

    Raises:
        AtlasError: the package usearch is missing.
    """

    def __init__(self, codes: Tensor) -> None:
        file = Path(constants.HF_HOME) / "spaceseed" / "atlas" / f"{_digest(codes)}.usearch"
        self._graph = _cached(file, len(codes), codes.shape[1])
        if self._graph is None:
            self._graph = _built(codes)
            _keep(self._graph, file)
        self._graph.expansion_search = EXPANSION_SEARCH

    def candidates(self, wanted: Tensor, count: int) -> Tensor:
        """Returns about the `count` rows, int64 [count], that are most similar to a vector [dims], in any order."""
        # The index compares directions alone, so the scale of codes does not matter.
        code = encode(wanted[None])[0].numpy()
        return torch.from_numpy(self._graph.search(code, count).keys.astype(np.int64))


def _empty(dims: int) -> Any:
    try:
        from usearch.index import Index as Graph  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise AtlasError("So many seeds need the package usearch: pip install 'spaceseed[atlas]'.") from error
    return Graph(ndim=dims, metric="cos", dtype="i8", connectivity=CONNECTIVITY, expansion_add=EXPANSION_BUILD)


def _built(codes: Tensor) -> Any:
    graph = _empty(codes.shape[1])
    for start in range(0, len(codes), CHUNK):
        rows = codes[start : start + CHUNK].numpy()
        graph.add(np.arange(start, start + len(rows), dtype=np.uint64), rows)
    return graph


def _cached(file: Path, count: int, dims: int) -> Any:
    """Returns the index of a file, which stays on the disk; None if there is none that fits."""
    graph = _empty(dims)
    with suppress(OSError, RuntimeError, ValueError):  # missing or damaged
        graph.view(str(file))
        if (len(graph), graph.ndim) == (count, dims):
            file.touch()
            return graph
    return None


def _keep(graph: Any, file: Path) -> None:
    with suppress(OSError, RuntimeError):  # if the disk cannot be written, the index is only not kept
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}")
        graph.save(str(draft))
        draft.replace(file)
        for old in sorted(file.parent.glob("*.usearch"), key=lambda each: each.stat().st_mtime)[:-MAX_FILES]:
            old.unlink(missing_ok=True)


def _digest(codes: Tensor) -> str:
    return hashlib.sha256(codes.contiguous().numpy().data).hexdigest()

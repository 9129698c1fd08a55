"""A cache of generators in memory, so that visitors who switch between models do not wait for each again."""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock

import torch

from spaceseed.devices import default_device
from spaceseed.models.generators.generator import Generator
from spaceseed.models.hub import ByteProgress
from spaceseed.models.zoo import loading


class ModelCache:
    """The generators that were used last, up to a limit on the memory of their weights. It is thread-safe.

    A generator that was removed from the cache exists as long as something refers to it.

    Args:
        limit_bytes: limit on all weights together. The latest generator is kept even if it alone is larger. If None, a
            quarter of the GPU's memory, because synthesis needs most of it; or 2 GB on a CPU, because a container's
            memory limit cannot be read reliably, and the whole catalogue needs about 2 GB.
        device: device of the generators; `default_device()` if None.
        prepare: called once with each loaded generator; returns the one to keep.
    """

    def __init__(
        self,
        limit_bytes: int | None = None,
        device: torch.device | str | None = None,
        prepare: Callable[[Generator], Generator] = lambda generator: generator,
    ) -> None:
        self._prepare = prepare
        self.device = torch.device(device) if device is not None else default_device()
        self.limit_bytes = _default_limit(self.device) if limit_bytes is None else limit_bytes
        self._lock = Lock()
        self._kept: OrderedDict[str, Generator] = OrderedDict()  # from least to most recently used
        self._loading: dict[str, Future[Generator]] = {}

    def __contains__(self, name: str) -> bool:
        """Returns whether the generator of this name is in memory."""
        with self._lock:
            return name in self._kept

    def get(self, name: str, progress: ByteProgress | None = None) -> Generator:
        """Returns the generator of this name, and loads it if needed. Concurrent calls wait for the same load.

        Args:
            name: as in `loading.load`.
            progress: as in `loading.load`; only that of the first call is used.

        Raises:
            ArgumentError, DownloadError, CheckpointError: as in `loading.load`. The cache is not changed.
        """
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
            first = name not in self._loading
            future = self._loading.setdefault(name, Future())
        if first:
            self._load(name, progress, future)
        return future.result()

    def _load(self, name: str, progress: ByteProgress | None, future: "Future[Generator]") -> None:
        try:
            generator = self._prepare(loading.load(name, self.device, progress))
        except BaseException as error:
            with self._lock:
                del self._loading[name]
            future.set_exception(error)  # also for concurrent calls
            return
        with self._lock:
            del self._loading[name]
            self._kept[name] = generator
            while len(self._kept) > 1 and sum(map(_weight_bytes, self._kept.values())) > self.limit_bytes:
                self._kept.popitem(last=False)
        future.set_result(generator)


def _weight_bytes(generator: Generator) -> int:
    return sum(tensor.nbytes for tensor in (*generator.parameters(), *generator.buffers()))


def _default_limit(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory // 4
    return 2 * 10**9

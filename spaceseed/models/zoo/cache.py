"""Generators kept in memory, so that visitors who switch between models do not wait for each again."""

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
    """The generators used last, within a bound on the memory of their weights; safe to share between threads.

    A generator that was let go lives on as long as somebody who got it holds it.

    Args:
        limit_bytes: how much the weights may take in all. The one asked for last stays even if it alone takes more.
            A quarter of the GPU's memory if None, for synthesis needs most of it; 2 GB on a CPU, where a container's
            share is not what the machine says it has, and the whole catalogue takes about as much.
        device: where the generators are; `default_device()` if None.
        prepare: what each generator goes through once, when it has been loaded.
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
        self._kept: OrderedDict[str, Generator] = OrderedDict()  # the one used last is last
        self._loading: dict[str, Future[Generator]] = {}

    def __contains__(self, name: str) -> bool:
        """Tells whether the generator of this name is in memory."""
        with self._lock:
            return name in self._kept

    def get(self, name: str, progress: ByteProgress | None = None) -> Generator:
        """Returns the generator of this name, loaded if it is not here; those who ask meanwhile wait for the same one.

        Args:
            name: what `loading.load` takes.
            progress: as for `loading.load`; only the first to ask is told.

        Raises:
            ArgumentError, DownloadError, CheckpointError: as `loading.load`; what is in memory stays as it is.
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
            future.set_exception(error)  # also for those who wait
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

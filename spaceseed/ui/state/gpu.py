"""A GPU on a ZeroGPU Space: it is there only during a call that asks for it, a lease.

A lease runs in a worker, a fork of this process. So a worker has the networks that were shared before it was forked,
and arguments and results go through pipes. `stream` and `call` send work there, in which networks are mentioned by
number, and on any other machine they run it here. Work that draws many images is one lease as a whole.
"""

import copy
import io
import itertools
import logging
import math
import pickle
import queue
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Generator as GeneratorType
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spaceseed.batches import Progress, batch_size
from spaceseed.devices import is_zero_gpu
from spaceseed.images import from_uint8, to_uint8
from spaceseed.models.generators.generator import ActivationEdit, Generator
from spaceseed.ui.kit.cores import is_slow

if TYPE_CHECKING:
    from spaceseed.models.judges.clip import Judge

    Network = Generator | Judge

# Called now and then by work, which ends if it returns True.
Cancelled = Callable[[], bool]
# A visitor's quota is checked against the seconds that a lease asks for. Beyond the work it takes so many to begin.
START_SECONDS, MAX_SECONDS = 6, 60
# As fast as a GPU is thought to draw and judge until a lease has shown it: so many pixels and images a second.
PIXEL_RATE, IMAGE_RATE = 10e6, 60.0
# GPUs differ, and little work is hard to foresee. What is asked for and not used costs a visitor nothing.
MARGIN, SPARE_SECONDS = 1.5, 2
BEAT_SECONDS = 0.1  # the package looks this often whether a lease is to end early
QUOTA = re.compile(r"requested vs\. (\d+)s left")
AGAIN = re.compile(r"Try again in [^.<]*")

LOST = "The GPU was taken back before the work was done."
LOGGER = logging.getLogger(__name__)

T = TypeVar("T")
N = TypeVar("N", "Generator", "Judge")
Steps = GeneratorType[T, None, None]


class LeaseError(ValueError):
    """No GPU is lent, or it was taken away. The message is for visitors."""


@dataclass(frozen=True)
class _Shared:
    """A network: `here` in the app's process, and its `twin` in the workers."""

    here: "weakref.ref[Network]"
    twin: "Network"


_shared: dict[int, _Shared] = {}
_numbers: "weakref.WeakKeyDictionary[Network, int]" = weakref.WeakKeyDictionary()
_counter = itertools.count()
_lease: Callable[[bytes, int], Steps[bytes]] | None = None
_in_worker = False
_rates: dict[str, float] = {}  # images a second, by model


def share(network: N) -> N:
    """Lets leases use a network, and returns it; does nothing where this is no ZeroGPU Space.

    What is shared while the app starts, in its main thread, is packed and put on the GPU when a worker begins. Networks
    that are loaded later are moved there by the first work that needs them: only the main thread can pack.
    """
    if not is_zero_gpu():
        return network
    import spaces  # noqa: PLC0415 - there is no such package elsewhere

    twin, number = copy.copy(network), next(_counter)
    if threading.current_thread() is threading.main_thread():
        twin = copy.deepcopy(network)
        twin.to("cuda")
    _shared[number] = _Shared(weakref.ref(network), twin)
    _numbers[network] = _numbers[twin] = number
    weakref.finalize(network, _shared.pop, number, None)
    if isinstance(network, Generator) and is_slow(network):
        network.synthesize = partial(_draw_elsewhere, network, network.synthesize)  # type: ignore[method-assign]
    global _lease  # noqa: PLW0603 - a worker has what was shared before it began, so this needs workers of its own
    _lease = spaces.GPU(duration=lambda _work, seconds: seconds)(_serve_with(number))
    return network


def _draw_elsewhere(
    generator: Generator,
    here: Callable[..., Tensor],
    ws: Tensor,
    *,
    edits: Mapping[str, ActivationEdit] | None = None,
    **options: Any,
) -> Tensor:
    """Draws single images of a slow model on a lent GPU. They come as pixels, as exact as files and screens are.

    Edits of activations are functions, which no worker can be handed; those images are drawn here.
    """
    if edits:
        return here(ws, edits=edits, **options)
    [pixels] = stream(partial(_pixels, generator, ws, options), seconds_for(generator, len(ws)))
    return from_uint8(pixels)


def _pixels(
    generator: Generator, ws: Tensor, options: Mapping[str, Any], _cancelled: Cancelled
) -> Iterator[NDArray[np.uint8]]:
    parts = ws.split(batch_size(generator))
    yield np.concatenate([to_uint8(generator.synthesize(part, **options)) for part in parts])


def _serve_with(_number: int) -> Callable[[bytes, int], Steps[bytes]]:
    def serve(work: bytes, seconds: int) -> Steps[bytes]:
        yield from _serve(work, seconds)

    return serve


def lends() -> bool:
    """Returns whether work is done on GPUs that are lent."""
    return _lease is not None


def seconds_for(generator: Generator, images: int) -> int:
    """Returns the seconds of GPU to ask for when so many images are drawn and judged, as fast as the last time."""
    guess = min(PIXEL_RATE / generator.resolution**2, IMAGE_RATE)
    rate = _rates.get(_name(generator), guess)
    return min(START_SECONDS + SPARE_SECONDS + math.ceil(MARGIN * images / rate), MAX_SECONDS)


def seconds_to_draw(generator: Generator, images: int) -> int:
    """Returns the same for images that are only drawn or looked at once; 0 if this machine draws them soon enough."""
    return seconds_for(generator, images) if is_slow(generator) else 0


def note_rate(generator: Generator, images: int, seconds: float) -> None:
    """Notes how long a lease took to draw and judge so many images."""
    if images > 0 and seconds > 0:
        _rates[_name(generator)] = images / seconds


def _name(generator: Generator) -> str:
    return "" if generator.card is None else generator.card.id


def never() -> bool:
    """Returns False: the work goes on until it is done, or nobody takes what it yields."""
    return False


def stream(work: Callable[[Cancelled], Iterator[T]], seconds: int, cancelled: Cancelled = never) -> Steps[T]:
    """Yields what work yields: on a GPU that is lent, or here where none is.

    Args:
        work: takes a function that tells whether it is to end. On a ZeroGPU Space it is pickled, so it must be a
            function of a module, or a `partial` of one; and it is told to end before the lease does.
        seconds: of GPU to ask for; 0 if it is to run here.
        cancelled: whether the work is not wanted any more.

    Raises:
        LeaseError: no GPU was lent, or it was taken away.
    """
    if _lease is None or not seconds:
        yield from work(cancelled)
        return
    with closing(_answers("stream", work, seconds)) as answers:
        for kind, value in answers:
            if cancelled():
                return
            if kind == "item":
                yield value


def call(work: Callable[..., T], progress: Progress, seconds: int) -> T:
    """Returns what `work(progress=progress)` returns: it runs on a GPU that is lent, or here where none is.

    Args:
        work: as in `stream`.
        progress: called with the share that is done; it may raise an exception to end the work.
        seconds: of GPU to ask for; 0 if it is to run here.

    Raises:
        LeaseError: no GPU was lent, or it was taken away.
    """
    if _lease is None or not seconds:
        return work(progress=progress)
    share = 0.0
    with closing(_answers("call", work, seconds)) as answers:
        for kind, value in answers:
            if kind == "result":
                return value
            share = value if kind == "progress" else share
            progress(share)
    raise LeaseError(LOST)


def _answers(way: str, work: Callable[..., Any], seconds: int) -> Steps[tuple[str, Any]]:
    """Yields what a lease answers, by kind, and ("", None) now and then while it works."""
    for data in _lent(_dumps((way, work)), seconds):
        kind, value = _loads(data) if data else ("", None)
        if kind == "error":
            assert isinstance(value, Exception)
            raise value
        yield kind, value


def _lent(work: bytes, seconds: int) -> Steps[bytes]:
    """Yields what a lease sends; where the quota allows fewer seconds, it asks for those."""
    assert _lease is not None
    while True:
        began = False
        try:
            with closing(_lease(work, seconds)) as sent:
                for data in sent:
                    began = True
                    yield data
        except Exception as error:  # all are the package's: those of the work are sent
            LOGGER.warning("A lease ended: %s", error)
            left = QUOTA.search(str(error))
            if began or left is None or not START_SECONDS < int(left[1]) < seconds:
                raise LeaseError(_sentence(error)) from error
            seconds = int(left[1])
        else:
            return


def _sentence(error: Exception) -> str:
    """Returns for visitors why a lease failed. The package has its words in an error's message and title."""
    words, title = str(error), getattr(error, "title", "")
    if "No GPU was available" in words:
        return "No GPU was free within a minute: try again later."
    if "credits" in title:
        return "Your GPU time is taken by what you run elsewhere: try again when that has ended."
    if "quota" in title:
        again = AGAIN.search(words)
        return f"Your GPU time is used up. {again[0]}." if again else "The GPU time of this Space is used up for now."
    return LOST if "worker" in title else "No GPU can be had now: try again later."


def _serve(request: bytes, seconds: int) -> Steps[bytes]:
    """Does work in a worker; yields its answers, and b"" now and then: only then the package sees a lease end early."""
    global _in_worker  # noqa: PLW0603
    _in_worker = True
    until = time.monotonic() + max(1, seconds - START_SECONDS)
    answers: queue.Queue[bytes] = queue.Queue(8)
    closed = threading.Event()

    def tell(kind: str, value: Any) -> None:
        data = _dumps((kind, value))
        while not closed.is_set():
            with suppress(queue.Full):
                return answers.put(data, timeout=BEAT_SECONDS)
        raise _ClosedError

    @torch.no_grad()
    def work() -> None:
        torch.set_num_threads(1)  # those of the process that was forked are gone, and would be waited for
        try:
            way, task = _loads(request)
            if way == "call":
                tell("result", task(progress=lambda share: tell("progress", share)))
                return
            for item in task(lambda: closed.is_set() or time.monotonic() > until):
                tell("item", item)
        except _ClosedError:
            pass
        except Exception as error:
            LOGGER.exception("Work of a lease failed.")
            tell("error", _portable(error))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        while thread.is_alive() or not answers.empty():
            try:
                yield answers.get(timeout=BEAT_SECONDS)
            except queue.Empty:
                yield b""
    finally:
        closed.set()
        thread.join()


def _portable(error: Exception) -> Exception:
    """Returns an error, or another in its place if it would not come through a pipe."""
    try:
        _loads(_dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


class _ClosedError(Exception):
    """The lease ends early."""


class _Pickler(pickle.Pickler):
    """Writes networks as numbers, and tensors as they are on the CPU."""

    def persistent_id(self, value: Any) -> int | None:
        is_network = isinstance(value, Generator) or hasattr(value, "embed_images")
        return _numbers.get(value) if is_network else None

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, Tensor) and value.device.type != "cpu":
            return value.cpu().__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    """Reads numbers as networks: this process's own, or in a worker their twins on its GPU."""

    def persistent_load(self, number: int) -> Any:
        shared = _shared[number]
        if not _in_worker:
            return shared.here()
        if shared.twin.device.type != lent_device().type:
            shared.twin.to(lent_device())
        return shared.twin


def _dumps(value: Any) -> bytes:
    file = io.BytesIO()
    _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(value)
    return file.getvalue()


def _loads(data: bytes) -> Any:
    return _Unpickler(io.BytesIO(data)).load()


def lent_device() -> torch.device:
    """Returns the GPU of this worker."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")

"""The atlases that all visitors share: opened once, and built in the background for models without one."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from torch import Tensor

from spaceseed.atlas.atlas import Atlas
from spaceseed.atlas.cache import atlas_folder, atlas_of
from spaceseed.devices import is_zero_gpu
from spaceseed.errors import ArgumentError, AtlasError, DownloadError
from spaceseed.models.generators.generator import Generator
from spaceseed.models.hub import ByteProgress
from spaceseed.ui.kit.cores import is_slow, use_cores

if TYPE_CHECKING:
    from spaceseed.models.judges.clip import Judge

# So many seeds answer a wish as well as a search of 500 images.
SEEDS = 24_576
# How long one build may keep the machine busy; the next goes on where it ended.
BUILD_SECONDS = 180.0


class _PausedError(Exception):
    """The build ends for now."""


class Atlases:
    """The atlases of all models, by model, judge and labels. At most one is built at a time, in a thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: dict[tuple[str, str, tuple[float, ...]], Atlas] = {}
        self._searches = 0
        self._builder: threading.Thread | None = None

    def atlas(
        self, generator: Generator, judge: "Judge", labels: Tensor | None = None, progress: ByteProgress | None = None
    ) -> tuple[Atlas | None, str]:
        """Returns the atlas of a generator, None if there is none, and what is wrong with it in a sentence, or "".

        Args:
            generator: from the zoo.
            judge: the one that scores its images.
            labels: [num_classes], for conditional models.
            progress: called with (bytes received, bytes in total) during a download.
        """
        assert generator.card is not None
        key = (generator.card.id, str(judge.name), tuple([] if labels is None else labels.tolist()))
        if key in self._opened:
            return self._opened[key], ""
        try:
            atlas = atlas_of(generator, str(judge.name), labels=labels, progress=progress)
            if atlas is None:
                return None, ""
            atlas.check(generator, judge)
        except ArgumentError:  # the model's file has no known hash
            return None, ""
        except (AtlasError, DownloadError, OSError) as error:
            return None, f"The best seeds of this model cannot be looked up, so the search starts anywhere. {error}"
        if len(atlas) >= SEEDS:  # a smaller one may still be growing
            self._opened[key] = atlas
        return atlas, ""

    @contextmanager
    def searching(self) -> Iterator[None]:
        """While a search runs, nothing is built."""
        with self._lock:
            self._searches += 1
        try:
            yield
        finally:
            with self._lock:
                self._searches -= 1

    def build(
        self, generator: Generator, judge: "Judge", labels: Tensor | None, wanted: Callable[[], bool]
    ) -> threading.Thread | None:
        """Builds the atlas of a quick model in the background, unless it is complete or another is being built.

        Args:
            generator: from the zoo.
            judge: the one that scores its images.
            labels: [num_classes], for conditional models.
            wanted: asked before each batch; the build ends when it returns False, and goes on at the next call.

        Returns:
            the thread that builds; None if there is nothing to do.
        """
        if is_zero_gpu() or is_slow(generator):
            return None
        atlas, _ = self.atlas(generator, judge, labels)
        if atlas is not None and len(atlas) >= SEEDS:
            return None
        with self._lock:
            if self._searches or (self._builder is not None and self._builder.is_alive()):
                return None
            # A daemon, so that it ends with the process. Its files are whole at any moment.
            self._builder = threading.Thread(target=self._build, args=(generator, judge, labels, wanted), daemon=True)
            self._builder.start()
            return self._builder

    def _build(self, generator: Generator, judge: "Judge", labels: Tensor | None, wanted: Callable[[], bool]) -> None:
        until = time.monotonic() + BUILD_SECONDS

        def progress(_: float) -> None:
            if self._searches or not wanted() or time.monotonic() > until:
                raise _PausedError
            use_cores(generator)

        # What cannot be built, or written to a disk that is full, is looked for anew in each search.
        with suppress(_PausedError, ArgumentError, AtlasError, OSError):
            folder = atlas_folder(generator, str(judge.name), labels=labels)
            Atlas.build(generator, judge, seeds=range(SEEDS), folder=folder, labels=labels, progress=progress)

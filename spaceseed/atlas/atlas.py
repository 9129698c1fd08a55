"""The seed atlas: the judge's embeddings of the images of many seeds. A wish is answered at once, without drawing.

Example::

    atlas = Atlas.open("avatars")                                             # bundled; or a folder
    seeds, scores = atlas.query("red hair", count=24)                         # the best seeds, best first
    atlas = Atlas.build(G, judge, seeds=range(50_000), folder="atlas")        # of another model; resumable

A wish is a text, an image, or any function of embeddings. Its scores are those of the images of the seeds, except for
the rounding of the embeddings: see codes.py.
"""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor

from spaceseed.arguments import check_integer, check_scores, check_tensor, check_type
from spaceseed.atlas.build import build_shards
from spaceseed.atlas.codes import decode
from spaceseed.atlas.index import Index
from spaceseed.atlas.shards import Make, files_of, read_shards
from spaceseed.batches import Progress
from spaceseed.errors import ArgumentError, AtlasError
from spaceseed.models.generators.generator import Generator, check_model

if TYPE_CHECKING:  # open_clip takes seconds to import
    from spaceseed.models.judges.clip import Judge

ASSETS = Path(__file__).parents[1] / "assets"
CHUNK = 65_536  # seeds that are decoded at once
# Above this many seeds a text or an image is looked up in an index. A scan of a million takes a tenth of a second.
MAX_SCANNED = 1_000_000
CANDIDATES = 10  # of the index, for each seed of the answer

# A text, an image [1, 3, H, W], or a function from embeddings [n, d] to n scores.
Wish = str | Tensor | Callable[[Tensor], Any]


class Atlas:
    """The embeddings of the images of consecutive seeds. `open` and `build` return one.

    Args:
        make: what the embeddings were made of.
        first: the first seed.
        codes: the embeddings, int8 [n, dims]; see `codes.encode`.
        judge: the judge that `make` names. If None, it is loaded for the first text or image.

    Attributes:
        make: what the embeddings were made of: model, sha256, judge, truncation, labels.
        seeds: the seeds, a range.

    Raises:
        AtlasError: `judge` is another one.
    """

    def __init__(self, make: Make, first: int, codes: Tensor, judge: "Judge | None" = None) -> None:
        self.make, self.seeds = make, range(first, first + len(codes))
        self._codes, self._judge = codes, judge
        self._index: Index | None = None
        self._lock = Lock()
        if judge is not None:
            self._check_judge(judge)

    @classmethod
    def build(
        cls,
        generator: Generator,
        judge: "Judge",
        *,
        seeds: range,
        folder: str | Path,
        truncation: float = 0.7,
        labels: Tensor | None = None,
        progress: Progress = lambda _: None,
    ) -> Self:
        """Draws and embeds the images of seeds, and saves the result as files.

        If the folder holds a part of this atlas, it is continued, and the result has the same bytes as without the
        interruption. If it holds more seeds, they are kept. One process at a time may build in a folder. Work is saved
        every half minute, and when `progress` raises.

        Args:
            generator: draws the images, with noise "const". The zoo's generators have the card that is needed.
            judge: embeds them.
            seeds: a range with step 1.
            folder: where the files go; it is made if need be.
            truncation: psi, -2 to 2.
            labels: [num_classes], for conditional models: the class, or the mix of classes, of all images.
            progress: called with the share of the seeds that is done, before each batch of images and at the end.

        Raises:
            ArgumentError: an argument has another type or is out of range, the generator has no card, or the judge no
                name.
            AtlasError: the folder holds an atlas that is damaged, was made in another way or begins at another seed. It
                is not changed.
        """
        check_type("folder", folder, (str, Path), "a path")
        build_shards(generator, judge, seeds, Path(folder), truncation, labels, progress)
        return cls.open(Path(folder), judge)

    @classmethod
    def open(cls, name: str | Path, judge: "Judge | None" = None) -> Self:
        """Reads an atlas, even one that is not complete yet.

        Args:
            name: id of a bundled model that has an atlas, or a folder.
            judge: the judge that embedded the images. If None, it is loaded by its name for the first text or image.

        Raises:
            AtlasError: there is no atlas, a file is damaged, foreign or missing, or the judge is another one.
            OSError: a file cannot be read.
        """
        bundled = {path.parent.name: path for path in ASSETS.glob("*/atlas")}
        check_type("name", name, (str, Path), "the id of a bundled model, or a folder")
        return cls.read(files_of(bundled.get(str(name), Path(name))), judge)

    @classmethod
    def read(cls, files: list[Path], judge: "Judge | None" = None) -> Self:
        """Reads the files of an atlas, in the order of their seeds. Raises as `open`."""
        shards = [(shard.make, shard.first, shard.codes) for shard in read_shards(files)]
        if not shards:
            raise AtlasError("There is no atlas of this name, and none in a folder of this name.")
        make, first, _ = shards[0]
        return cls(make, first, torch.cat([codes for _, _, codes in shards]), judge)

    def __len__(self) -> int:
        return len(self.seeds)

    def __reduce__(self) -> tuple[Any, ...]:  # a lock cannot be pickled
        return type(self), (self.make, self.seeds.start, self._codes, self._judge)

    def check(self, generator: Generator, judge: "Judge", labels: Tensor | None = None) -> None:
        """Checks that the embeddings are those of these networks.

        Args:
            generator: a generator.
            judge: a judge.
            labels: [num_classes], for conditional models.

        Raises:
            AtlasError: they are of another model, other weights, another judge or other labels.
        """
        check_model(generator, self.make.model, self.make.sha256, "This atlas belongs to", AtlasError)
        if self.make.labels != (None if labels is None else tuple(labels.tolist())):
            raise AtlasError("This atlas is of images with other labels.")
        self._check_judge(judge)

    def embeddings(self, count: int) -> Tensor:
        """Returns the embeddings of the first seeds, unit vectors float32 [count, d]; of all if there are fewer."""
        return decode(self._codes[: check_integer("count", count, 1)])

    @torch.no_grad()
    def scores(self, wish: Wish) -> Tensor:
        """Returns the scores of all seeds, float32 [n], in the order of `seeds`. Memory is bounded by chunks.

        Args:
            wish: a text, an image [1, 3, H, W] in [-1, 1], or a function from embeddings [n, d] (unit vectors float32
                on the CPU) to n scores. It is called for up to 65,536 seeds at a time.

        Raises:
            ArgumentError: the wish is none of these, or a score is not finite.
            AtlasError: the judge of this name gives embeddings of another length.
        """
        function = self._function(wish)
        scores = [
            check_scores("wish(embeddings)", function(decode(codes)), len(codes), "seeds", finite=True)
            for codes in self._codes.split(CHUNK)
        ]
        return torch.cat(scores)

    @torch.no_grad()
    def query(self, wish: Wish, count: int = 24) -> tuple[list[int], Tensor]:
        """Returns the best seeds, best first, and their scores.

        Above a million seeds, a text or an image is looked up in an index. Its answer may lack some of the best seeds;
        the scores are exact. The index is built for the first such query, which takes minutes, and is then cached.

        Args:
            wish: as in `scores`.
            count: number of seeds, 1 or more; all of them if there are fewer.

        Returns:
            the seeds, and float32 [count]. Of equal scores the smaller seed is first.

        Raises:
            ArgumentError: as in `scores`, or count is out of range.
            AtlasError: as in `scores`, or the index needs a package that is missing.
        """
        count = min(check_integer("count", count, 1), len(self))
        if len(self) > MAX_SCANNED and isinstance(wish, (str, Tensor)):
            wanted = self._wanted(wish)
            rows = self._indexed().candidates(wanted, CANDIDATES * count).sort().values
            scores = decode(self._codes[rows]) @ wanted
        else:
            scores = self.scores(wish)
            rows = torch.nonzero(scores >= scores.topk(count).values[-1])[:, 0]
            scores = scores[rows]
        best = scores.sort(descending=True, stable=True).indices[:count]
        return (rows[best] + self.seeds.start).tolist(), scores[best]

    def _function(self, wish: Wish) -> Callable[[Tensor], Any]:
        if isinstance(wish, (str, Tensor)):
            wanted = self._wanted(wish)
            return lambda embeddings: embeddings @ wanted
        if not callable(wish) or isinstance(wish, type):
            raise ArgumentError(
                "wish", type(wish).__name__, "a text, an image [1, 3, H, W] or a function of embeddings"
            )
        return wish

    def _wanted(self, wish: str | Tensor) -> Tensor:
        """Returns the embedding [d] of a text or an image, on the CPU."""
        if isinstance(wish, Tensor):
            embedded = self._loaded_judge().embed_images(check_tensor("wish", wish, [1, 3, "H", "W"]))
        elif wish.strip():
            embedded = self._loaded_judge().embed_text(wish)
        else:
            raise ArgumentError("wish", wish, "a text that is not empty")
        if embedded.shape != (1, self._codes.shape[1]):
            raise AtlasError(f"The judge {self.make.judge} gives other embeddings than those of this atlas.")
        return embedded[0].float().cpu()

    def _loaded_judge(self) -> "Judge":
        with self._lock:
            if self._judge is None:
                from spaceseed.models.judges.clip import load_judge  # noqa: PLC0415 - open_clip takes seconds to import

                self._judge = load_judge(self.make.judge)
            return self._judge

    def _indexed(self) -> Index:
        with self._lock:
            if self._index is None:
                self._index = Index(self._codes)
            return self._index

    def _check_judge(self, judge: "Judge") -> None:
        if not hasattr(judge, "name"):
            raise ArgumentError("judge", type(judge).__name__, "a CLIP model, such as load_judge returns")
        if judge.name != self.make.judge:
            raise AtlasError(f"This atlas holds what the judge {self.make.judge} sees, not the judge {judge.name}.")

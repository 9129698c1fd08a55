import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from spaceseed.atlas import build as building
from spaceseed.atlas import shards
from spaceseed.atlas.atlas import Atlas
from spaceseed.atlas.shards import files_of, read_shards
from spaceseed.errors import ArgumentError, AtlasError
from spaceseed.models.generators.generator import MAX_SEED
from tests.atlas.conftest import TinyJudge, tiny_generator

SHARD = 40  # no multiple of a batch, which has 16 images


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch):
    monkeypatch.setattr(shards, "SHARD", SHARD)


@pytest.fixture
def build(generator, judge):
    def build(folder, seeds=range(7, 107), **options):
        return Atlas.build(generator, judge, seeds=seeds, folder=folder, **options)

    return build


class StoppedError(Exception):
    pass


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def stop_after(count):
    calls = iter(range(count))

    def progress(_share):
        if next(calls, None) is None:
            raise StoppedError

    return progress


def test_an_atlas_has_the_seeds_in_shards(build, tmp_path):
    shares = []
    atlas = build(tmp_path / "new" / "folder", progress=shares.append)
    assert atlas.seeds == range(7, 107)
    assert len(atlas) == 100
    assert set(contents(tmp_path / "new" / "folder")) == {f"{first:010d}.safetensors" for first in (7, 47, 87)}
    assert shares[0] == 0
    assert shares[-1] == 1
    assert shares == sorted(shares)


@pytest.mark.parametrize("stops", [(0,), (1,), (3,), (4,), (2, 1, 1), (5, 0, 2), (7,)])
def test_an_interrupted_build_gives_the_same_bytes(build, tmp_path, stops):
    build(tmp_path / "whole")
    for count in stops:
        with pytest.raises(StoppedError):
            build(tmp_path / "parts", progress=stop_after(count))
    build(tmp_path / "parts")
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")


def test_progress_begins_with_what_was_done_before(build, tmp_path):
    with pytest.raises(StoppedError):
        build(tmp_path, progress=stop_after(4))
    shares = []
    build(tmp_path, progress=shares.append)
    assert shares == [0.56, 0.72, 0.8, 0.96, 1]


def test_what_is_done_when_the_work_ends_can_be_used(build, tmp_path, judge):
    with pytest.raises(StoppedError):
        build(tmp_path, progress=stop_after(4))
    part = Atlas.open(tmp_path, judge)
    assert part.seeds == range(7, 7 + 40 + 16)
    whole = build(tmp_path)
    assert torch.equal(whole.scores("a")[: len(part)], part.scores("a"))


def test_work_is_saved_while_a_shard_grows(build, tmp_path, monkeypatch, judge):
    monkeypatch.setattr(building, "SAVE_SECONDS", 0.0)
    seen = []
    build(tmp_path, progress=lambda _: seen.append(len(Atlas.open(tmp_path, judge)) if any(tmp_path.iterdir()) else 0))
    assert seen == [0, 16, 32, 40, 56, 72, 80, 96, 100]
    assert all(path.suffix == ".safetensors" for path in tmp_path.iterdir())


def test_more_seeds_extend_an_atlas_and_fewer_change_nothing(build, tmp_path):
    build(tmp_path / "grown", seeds=range(7, 30))
    build(tmp_path / "grown")
    build(tmp_path / "whole")
    assert contents(tmp_path / "grown") == contents(tmp_path / "whole")
    drawn = []
    assert len(build(tmp_path / "grown", seeds=range(7, 50), progress=drawn.append)) == 100
    assert drawn == [1]
    assert contents(tmp_path / "grown") == contents(tmp_path / "whole")


def test_a_draft_that_a_kill_left_is_no_part_of_the_atlas(build, tmp_path):
    with pytest.raises(StoppedError):
        build(tmp_path / "killed", progress=stop_after(2))
    (tmp_path / "killed" / "0000000007.part").write_bytes(b"half of a sh")
    build(tmp_path / "killed")
    build(tmp_path / "whole")
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_embeddings_depend_on_the_batch_by_rounding_alone(build, tmp_path, monkeypatch):
    build(tmp_path / "usual")
    monkeypatch.setattr(building, "batch_size", lambda _: 5)
    build(tmp_path / "other")
    usual, other = (
        torch.cat([shard.codes for shard in read_shards(files_of(tmp_path / name))]) for name in ("usual", "other")
    )
    assert (usual.int() - other.int()).abs().max() <= 1
    assert (usual != other).float().mean() < 1e-2


def other_weights():
    generator = tiny_generator()
    generator.card = replace(generator.card, sha256="cd" * 32)
    return generator


def other_judge():
    judge = TinyJudge()
    judge.name = "other"
    return judge


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"truncation": 0.5}, "with truncation = 0.7, not 0.5"),
        ({"seeds": range(8, 107)}, "first seed = 7, not 8"),
        ({"generator": other_weights()}, "with sha256 = abab.* not cdcd"),
        ({"judge": other_judge()}, "with judge = tiny, not other"),
    ],
)
def test_another_atlas_is_refused_and_nothing_is_changed(build, generator, judge, tmp_path, change, sentence):
    build(tmp_path)
    before = contents(tmp_path)
    arguments = {"generator": generator, "judge": judge, "seeds": range(7, 207), "folder": tmp_path} | change
    with pytest.raises(AtlasError, match=sentence):
        Atlas.build(**arguments)
    assert contents(tmp_path) == before


def test_labels_are_part_of_the_make(judge, tmp_path):
    generator = tiny_generator(num_classes=3)
    one, two = torch.eye(3)[:2]
    atlas = Atlas.build(generator, judge, seeds=range(20), folder=tmp_path, labels=one)
    assert atlas.make.labels == (1.0, 0.0, 0.0)
    with pytest.raises(AtlasError, match="other labels"):
        Atlas.build(generator, judge, seeds=range(40), folder=tmp_path, labels=two)
    with pytest.raises(ArgumentError, match="labels"):
        Atlas.build(generator, judge, seeds=range(20), folder=tmp_path / "none")


@pytest.mark.parametrize(
    "seeds", [range(0), range(0, 10, 2), range(10, 0, -1), range(-1, 5), range(MAX_SEED, MAX_SEED + 2), [1, 2], 5]
)
def test_seeds_are_a_range_that_is_not_empty(build, tmp_path, seeds):
    with pytest.raises(ArgumentError, match=r"^seeds = .* a range of 1 to 16,777,216 seeds"):
        build(tmp_path, seeds=seeds)
    assert not contents(tmp_path)


def test_networks_without_a_name_are_refused(generator, judge, tmp_path):
    stranger, nameless = tiny_generator(), TinyJudge()
    stranger.card = nameless.name = None
    for networks, named in (
        ((stranger, judge), "card"),
        ((generator, nameless), "judge.name"),
        ((generator, 3), "judge"),
    ):
        with pytest.raises(ArgumentError, match=named):
            Atlas.build(*networks, seeds=range(3), folder=tmp_path)


def test_numbers_that_are_not_finite_are_not_saved(generator, tmp_path):
    class Broken(TinyJudge):
        def embed_images(self, images):
            return super().embed_images(images) * torch.nan

    with pytest.raises(ArgumentError, match="finite"):
        Atlas.build(generator, Broken(), seeds=range(3), folder=tmp_path)
    assert not contents(tmp_path)


BUILD = """
import sys
from spaceseed.atlas import build as building, shards
from spaceseed.atlas.atlas import Atlas
from tests.atlas.conftest import TinyJudge, tiny_generator
shards.SHARD, building.SAVE_SECONDS = 2_000, 0.02
Atlas.build(tiny_generator(), TinyJudge(), seeds=range(20_000), folder=sys.argv[1])
"""


@pytest.mark.slow
def test_a_killed_process_leaves_an_atlas_that_can_be_continued(generator, judge, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD", 2_000)
    seen = 0
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", BUILD, tmp_path / "killed"], cwd=Path(__file__).parents[2])
        while process.poll() is None and not progressed(tmp_path / "killed", seen):
            time.sleep(0.01)
        assert process.poll() is None, "ended too soon"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        atlas = Atlas.open(tmp_path / "killed", judge)
        assert len(atlas) > seen
        seen = len(atlas)
    count = seen + 500
    killed = Atlas.build(generator, judge, seeds=range(count), folder=tmp_path / "killed")
    Atlas.build(generator, judge, seeds=range(count), folder=tmp_path / "whole")
    assert len(killed) == count
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def progressed(folder, seen):
    return folder.exists() and any(folder.glob("*.safetensors")) and len(Atlas.open(folder)) > seen + 300

"""The shared atlases: opened once, and built while nobody searches."""

import time
from dataclasses import replace

import pytest
import torch

from spaceseed.atlas import build, cache
from spaceseed.atlas.atlas import Atlas
from spaceseed.errors import AtlasError
from spaceseed.ui.state import atlases as module
from spaceseed.ui.state.atlases import Atlases
from tests.atlas.conftest import TinyJudge, tiny_generator


@pytest.fixture
def generator():
    return tiny_generator()


@pytest.fixture
def judge():
    return TinyJudge()


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setattr(cache.constants, "HF_HOME", str(tmp_path))
    monkeypatch.setattr(module, "SEEDS", 64)
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)


def built(atlases, generator, judge, wanted=lambda: True):
    thread = atlases.build(generator, judge, None, wanted)
    if thread is not None:
        thread.join(60)
    return thread is not None


def test_an_atlas_is_built_once_and_then_at_hand(generator, judge):
    atlases = Atlases()
    assert atlases.atlas(generator, judge) == (None, "")
    assert built(atlases, generator, judge)
    atlas, problem = atlases.atlas(generator, judge)
    assert (len(atlas), problem) == (64, "")
    assert atlases.atlas(generator, judge)[0] is atlas
    assert not built(atlases, generator, judge)


def test_a_build_ends_where_it_is_no_longer_wanted_and_goes_on_there(generator, judge):
    atlases, asked = Atlases(), []
    assert built(atlases, generator, judge, lambda: len(asked) < 2 and not asked.append(0))
    assert len(atlases.atlas(generator, judge)[0]) == 32
    assert built(atlases, generator, judge)
    once = Atlas.build(generator, judge, seeds=range(64), folder=cache.atlas_folder(generator, "tiny") / "once")
    assert torch.equal(atlases.atlas(generator, judge)[0].embeddings(64), once.embeddings(64))


def test_a_search_pauses_the_build(generator, judge):
    atlases = Atlases()
    with atlases.searching():
        assert not built(atlases, generator, judge)
    with atlases.searching(), atlases.searching():
        pass
    search = atlases.searching()
    assert built(atlases, generator, judge, lambda: search.__enter__() is None)
    assert len(atlases.atlas(generator, judge)[0]) == 16
    search.__exit__(None, None, None)


def test_a_build_ends_in_time(generator, judge, monkeypatch):
    monkeypatch.setattr(module, "BUILD_SECONDS", -1.0)
    atlases = Atlases()
    assert built(atlases, generator, judge)
    assert atlases.atlas(generator, judge) == (None, "")


def test_one_at_a_time_is_built(generator, judge):
    atlases, go = Atlases(), []

    def wait():
        while not go:
            time.sleep(0.01)
        return True

    thread = atlases.build(generator, judge, None, wait)
    assert atlases.build(generator, judge, None, wait) is None
    go.append(1)
    thread.join(60)
    assert len(atlases.atlas(generator, judge)[0]) == 64


@pytest.mark.parametrize("where", ["slow", "zero"])
def test_slow_models_and_lent_gpus_build_nothing(generator, judge, monkeypatch, where):
    if where == "slow":
        monkeypatch.setattr(module, "is_slow", lambda generator: True)
    else:
        monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert Atlases().build(generator, judge, None, lambda: True) is None


def test_what_cannot_be_built_is_left(generator, judge, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(build.Shard, "write", full)
    assert built(Atlases(), generator, judge)
    assert Atlases().atlas(generator, judge) == (None, "")


def test_a_damaged_or_foreign_atlas_is_told_and_done_without(generator, judge, monkeypatch):
    def damaged(*_, **__):
        raise AtlasError("This file is damaged.")

    monkeypatch.setattr(module, "atlas_of", damaged)
    atlas, problem = Atlases().atlas(generator, judge)
    assert atlas is None
    assert problem.startswith("The best seeds of this model cannot be looked up")
    assert problem.endswith("This file is damaged.")
    foreign = Atlas.open("avatars")
    monkeypatch.setattr(module, "atlas_of", lambda *_, **__: foreign)
    atlas, problem = Atlases().atlas(generator, judge)
    assert atlas is None
    assert "belongs to" in problem


def test_a_model_without_a_hash_has_no_atlas(judge):
    generator = tiny_generator()
    generator.card = replace(generator.card, sha256="")
    assert Atlases().atlas(generator, judge) == (None, "")

import os
import sys

import pytest
import torch
from huggingface_hub import constants

from spaceseed.atlas import atlas as module
from spaceseed.atlas import index as indexing
from spaceseed.atlas.atlas import Atlas
from spaceseed.atlas.codes import decode, encode
from spaceseed.atlas.index import Index
from spaceseed.errors import AtlasError
from tests.atlas.test_atlas import MAKE, first_number


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path))
    monkeypatch.setattr(module, "MAX_SCANNED", 1_000)
    return tmp_path / "spaceseed" / "atlas"


def some_codes(seed=0, count=1_500):
    return encode(torch.randn(count, 10, generator=torch.Generator().manual_seed(seed)))


@pytest.fixture
def codes():
    return some_codes()


def test_an_indexed_query_finds_the_best_seeds_with_exact_scores(codes, judge, monkeypatch):
    atlas = Atlas(MAKE, 7, codes, judge)
    calls = []
    monkeypatch.setattr(Index, "candidates", lambda *a, f=Index.candidates: calls.append(a) or f(*a))
    for wish in ("a", "b", torch.rand(1, 3, 8, 8)):
        seeds, scores = atlas.query(wish, 24)
        every = atlas.scores(wish)
        assert torch.allclose(scores, every[torch.tensor(seeds) - 7], atol=1e-6)
        assert scores.tolist() == sorted(scores.tolist(), reverse=True)
        assert len(set(seeds) & set((every.topk(24).indices + 7).tolist())) >= 23
    assert len(calls) == 3
    atlas.query(first_number)
    assert len(calls) == 3, "functions are exact"


def test_few_seeds_need_no_index(codes, judge, monkeypatch):
    monkeypatch.setattr(module, "Index", lambda _: pytest.fail("an index was built"))
    Atlas(MAKE, 0, codes[:1_000], judge).query("a")


def test_an_index_is_built_once_and_kept(codes, folder, monkeypatch):
    wanted = decode(codes)[3]
    first = Index(codes).candidates(wanted, 20)
    assert 3 in first.tolist()
    monkeypatch.setattr(indexing, "_built", lambda _: pytest.fail("built again"))
    assert torch.equal(Index(codes.clone()).candidates(wanted, 20), first)
    [file] = folder.iterdir()
    with pytest.raises(pytest.fail.Exception, match="built again"):
        Index(some_codes(1))
    file.write_bytes(file.read_bytes()[:5_000])
    with pytest.raises(pytest.fail.Exception, match="built again"):
        Index(codes)


@pytest.mark.parametrize("content", [b"", b"damaged", b"\0" * 100_000])
def test_a_damaged_index_is_built_anew(codes, folder, content):
    Index(codes)
    [file] = folder.iterdir()
    whole = file.stat().st_size
    file.write_bytes(content)
    assert 3 in Index(codes).candidates(decode(codes)[3], 20).tolist()
    assert file.stat().st_size == whole


def test_the_indexes_used_least_recently_make_room(folder, monkeypatch):
    monkeypatch.setattr(indexing, "MAX_FILES", 2)
    files = []
    for seed in range(3):
        Index(some_codes(seed))
        files += set(folder.iterdir()) - set(files)
        os.utime(files[-1], (1e9 + seed, 1e9 + seed))
        if seed == 1:
            Index(some_codes(0))  # used again
    assert [file.exists() for file in files] == [True, False, True]


def test_an_index_that_cannot_be_kept_is_used_all_the_same(codes, tmp_path):
    (tmp_path / "spaceseed").write_text("a file where the folder should be")
    assert 3 in Index(codes).candidates(decode(codes)[3], 20).tolist()


def test_a_missing_package_is_said(codes, judge, monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(AtlasError, match=r"pip install 'spaceseed\[atlas\]'"):
        Atlas(MAKE, 0, codes, judge).query("a")

import json
import shutil

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from spaceseed.atlas import shards
from spaceseed.atlas.atlas import Atlas
from spaceseed.atlas.codes import encode
from spaceseed.atlas.shards import Make, Shard, files_of, read_shards
from spaceseed.errors import AtlasError
from spaceseed.models.generators.generator import MAX_SEED

SHARD, DIMS = 4, 5
MAKE = Make(model="m", sha256="a" * 64, judge="j", truncation=0.7)


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch):
    monkeypatch.setattr(shards, "SHARD", SHARD)


def some_codes(count, seed=0):
    return encode(torch.randn(count, DIMS, generator=torch.Generator().manual_seed(seed)))


@pytest.fixture
def folder(tmp_path):
    for first, count in ((10, 4), (14, 4), (18, 3)):
        Shard(MAKE, first, some_codes(count, first)).write(tmp_path)
    return tmp_path


def test_what_is_written_is_read(folder):
    read = list(read_shards(files_of(folder)))
    assert [(shard.make, shard.first) for shard in read] == [(MAKE, 10), (MAKE, 14), (MAKE, 18)]
    assert all(torch.equal(shard.codes, some_codes(len(shard.codes), shard.first)) for shard in read)
    assert Atlas.open(folder).seeds == range(10, 21)


def forge(path, **changes):
    """Writes a shard whose header or codes differ."""
    with safe_open(path, "pt") as file:
        header, codes = json.loads(file.metadata()["atlas"]), file.get_tensor("codes")
    codes = changes.pop("codes", codes)
    for name, value in changes.items():
        (header if name in header else header["make"])[name] = value
    save_file({"codes": codes}, path, metadata={"atlas": json.dumps(header)})


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize(
    "change",
    [
        {"first": -1},
        {"first": 11},
        {"first": MAX_SEED + 1},
        {"version": 2},
        {"sha256": "A" * 64},
        {"truncation": "much"},
        {"labels": [1e400]},
        {"labels": "abc"},
        {"extra": 1},
        {"codes": some_codes(5)},
        {"codes": some_codes(1)[:0]},
        {"codes": torch.empty(3, 0, dtype=torch.int8)},
        {"codes": some_codes(3)[0].clone()},
        {"codes": some_codes(3).float()},
    ],
    ids=str,
)
def test_a_tampered_shard_is_refused_in_a_sentence(folder, number, change):
    path = files_of(folder)[number]
    forge(path, **dict(change))
    with pytest.raises(AtlasError, match=rf"^{path.name}: This file holds no atlas, or is damaged\.$"):
        Atlas.open(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"},
        {"judge": "k"},
        {"truncation": 0.5},
        {"labels": [1.0]},
        {"codes": torch.ones(4, 6, dtype=torch.int8)},
    ],
    ids=str,
)
def test_shards_of_two_atlases_are_no_atlas(folder, change):
    forge(files_of(folder)[1], **dict(change))
    with pytest.raises(AtlasError, match=r"^0000000014.* belongs to another atlas than the files before it\.$"):
        Atlas.open(folder)


def test_missing_seeds_are_said(folder):
    shutil.copytree(folder, folder / "short")
    files_of(folder)[1].unlink()
    with pytest.raises(AtlasError, match=r"^Seeds are missing before 0000000018.safetensors\.$"):
        Atlas.open(folder)
    forge(files_of(folder / "short")[1], codes=some_codes(3))
    with pytest.raises(AtlasError, match="Seeds are missing"):
        Atlas.open(folder / "short")


def test_a_misnamed_shard_is_refused(folder):
    last = files_of(folder)[-1]
    last.rename(last.with_name("0000000019.safetensors"))
    with pytest.raises(AtlasError, match="0000000019"):
        Atlas.open(folder)


def test_too_many_seeds_are_not_read(folder, monkeypatch):
    monkeypatch.setattr(shards, "MAX_SEEDS", 10)
    with pytest.raises(AtlasError, match="more than 10 seeds"):
        Atlas.open(folder)


@given(cut=st.integers(0, 700), number=st.integers(0, 2))
def test_a_truncated_shard_is_refused(tmp_path_factory, cut, number):
    folder = tmp_path_factory.mktemp("atlas")
    for first, count in ((10, 4), (14, 4), (18, 3)):
        Shard(MAKE, first, some_codes(count, first)).write(folder)
    path = files_of(folder)[number]
    content = path.read_bytes()
    path.write_bytes(content[: min(cut, len(content) - 1)])
    with pytest.raises(AtlasError, match=path.name):
        Atlas.open(folder)


@pytest.mark.parametrize("name", ["none", "", "avatar", "../avatars"])
def test_what_does_not_exist_is_said(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AtlasError, match="There is no atlas"):
        Atlas.open(name)

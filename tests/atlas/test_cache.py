import hashlib
import os
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from spaceseed.atlas import cache
from spaceseed.atlas.atlas import Atlas
from spaceseed.atlas.cache import atlas_folder, atlas_of
from spaceseed.atlas.shards import files_of
from spaceseed.errors import ArgumentError, AtlasError, DownloadError
from spaceseed.models.zoo import catalogue
from spaceseed.models.zoo.catalogue import AtlasFiles
from tests.atlas.conftest import tiny_generator
from tests.hub import stand_in_hub

REVISION = "c" * 40


@pytest.fixture(autouse=True)
def hub(tmp_path):
    with stand_in_hub(tmp_path / "cache") as hub:
        yield hub


@pytest.fixture
def build(generator, judge):
    def build(count=20, **options):
        folder = atlas_folder(generator, judge.name, **options)
        return Atlas.build(generator, judge, seeds=range(count), folder=folder, **options)

    return build


def test_an_atlas_that_was_built_is_found(generator, judge, build):
    assert atlas_of(generator, "tiny") is None
    build()
    assert len(atlas_of(generator, "tiny")) == 20
    for other in ({"judge": "other"}, {"truncation": 0.5}):
        assert atlas_of(**{"generator": generator, "judge": "tiny"} | other) is None
    stranger = tiny_generator()
    stranger.card = replace(stranger.card, sha256="cd" * 32)
    assert atlas_of(stranger, "tiny") is None
    stranger.card = None
    with pytest.raises(ArgumentError, match="card"):
        atlas_of(stranger, "tiny")


def test_each_label_mix_has_an_atlas_of_its_own(judge):
    generator = tiny_generator(num_classes=2)
    one, two = torch.eye(2)
    folder = atlas_folder(generator, "tiny", labels=one)
    Atlas.build(generator, judge, seeds=range(5), folder=folder, labels=one)
    assert atlas_of(generator, "tiny", labels=one).make.labels == (1.0, 0.0)
    assert atlas_of(generator, "tiny", labels=one.double()) is not None
    assert atlas_of(generator, "tiny", labels=two) is None
    with pytest.raises(ArgumentError, match="labels"):
        atlas_of(generator, "tiny", labels=torch.ones(3))
    with pytest.raises(ArgumentError, match="truncation"):
        atlas_of(generator, "tiny", truncation=3)


def test_an_incomplete_atlas_is_used_and_continued(generator, build):
    build(20)
    assert len(build(50)) == len(atlas_of(generator, "tiny")) == 50


def test_a_damaged_atlas_is_built_anew(generator, judge, build):
    build()
    folder = atlas_folder(generator, "tiny")
    files_of(folder)[0].write_bytes(b"damaged")
    assert atlas_of(generator, "tiny") is None
    assert len(build()) == 20


def test_the_atlases_used_least_recently_make_room(generator, build, monkeypatch):
    monkeypatch.setattr(cache, "MAX_FOLDERS", 3)
    psis = (0.1, 0.2, 0.3)
    for age, psi in zip((300, 200, 100), psis, strict=True):
        build(truncation=psi)
        folder = atlas_folder(generator, "tiny", psi)
        os.utime(folder, (1e9 - age, 1e9 - age))
    assert atlas_of(generator, "tiny", 0.1) is not None  # used again
    build(truncation=0.4)
    assert [atlas_of(generator, "tiny", psi) is not None for psi in (*psis, 0.4)] == [True, False, True, True]
    monkeypatch.setattr(cache, "MAX_BYTES", 1)
    build(truncation=0.4)
    assert [atlas_of(generator, "tiny", psi) is not None for psi in (*psis, 0.4)] == [False, False, False, True]


@pytest.fixture
def published(generator, judge, hub, tmp_path, monkeypatch):
    """Puts an atlas of 30 seeds of this generator on the Hub, and its entry into the catalogue."""
    Atlas.build(generator, judge, seeds=range(30), folder=tmp_path / "published")
    contents = {f"atlas/{path.name}": path.read_bytes() for path in files_of(tmp_path / "published")}
    hub.files |= {f"owner/atlas/{name}": content for name, content in contents.items()}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    files = AtlasFiles(judge="tiny", repo="owner/atlas", revision=REVISION, files=sums)
    card, entry = catalogue.entries()["stylegan2-cat"]
    entries = {generator.card.id: (card, entry.model_copy(update={"atlas": files}))}
    monkeypatch.setattr(catalogue, "entries", lambda: entries)
    return files


def test_a_published_atlas_is_downloaded_once(generator, hub, published):
    steps = []
    assert len(atlas_of(generator, "tiny", progress=lambda *step: steps.append(step))) == 30
    assert steps
    assert all(REVISION in path for _, path in hub.asked)
    hub.stop()
    assert len(atlas_of(generator, "tiny")) == 30


def test_an_atlas_for_another_judge_is_not_downloaded(generator, hub, published):
    assert atlas_of(generator, "other") is None
    assert not hub.asked
    assert atlas_of(generator, "tiny", truncation=0.5) is None


def test_a_published_atlas_with_another_hash_is_refused(generator, hub, published):
    hub.files = {name: content + b" " for name, content in hub.files.items()}
    with pytest.raises(DownloadError, match="sha256"):
        atlas_of(generator, "tiny")


def test_without_the_hub_the_atlas_that_was_built_here_is_used(generator, hub, published, build):
    hub.stop()
    with pytest.raises(DownloadError):
        atlas_of(generator, "tiny")
    build(20)
    assert len(atlas_of(generator, "tiny")) == 20


def test_the_entry_that_the_documentation_shows_is_one():
    page = (Path(__file__).parents[2] / "docs" / "space.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    filled = example.replace('revision = "..."', f'revision = "{REVISION}"').replace('"..."', f'"{"a" * 64}"')
    [model] = tomllib.loads(f'[[hub]]\nid = "tiny"\n{filled}')["hub"]
    assert AtlasFiles.model_validate(model["atlas"]).files == {"0000000000.safetensors": "a" * 64}


def test_a_published_atlas_that_is_damaged_is_said(generator, hub, published, monkeypatch):
    content = b"no atlas"
    hub.files = dict.fromkeys(hub.files, content)
    published.files.update(dict.fromkeys(published.files, hashlib.sha256(content).hexdigest()))
    with pytest.raises(AtlasError, match="damaged"):
        atlas_of(generator, "tiny")
